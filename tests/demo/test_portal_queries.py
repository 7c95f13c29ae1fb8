"""What the Portal answers to which parameters."""

from typing import Any

import pytest

from sentinel.demo.accounts import Account
from sentinel.demo.asking import split_path
from sentinel.demo.discovery import DATA
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.scripts import ABSENT
from sentinel.demo.switches import Switches
from sentinel.demo.tiers import EXCHANGE_UID, awkward, tier, uid_of
from tests.demo.portal_client import MONDAY, client, get, names, rows

LEVELS = ("Continent", "Country", "Site")


async def test_the_default_format_is_an_html_table() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        answer = await get(portal, format=None)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert "<table>" in answer.text
        assert "Exchange Online" in answer.text


async def test_without_level_and_path_it_answers_for_the_top_of_the_first_hierarchy() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        assert names(await rows(portal), "Continent") == [("all",), ("Europe",), ("North America",)]


async def test_a_level_query_has_every_node_of_the_level_and_one_all_per_parent() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        found = names(await rows(portal, level="Site"), *LEVELS)
        assert len(found) == 12 + 4
        assert ("Europe", "Switzerland", "all") in found
        assert ("Europe", "Switzerland", "Zurich") in found
        assert ("all", "all", "all") not in found
        assert ("Europe", "all", "all") not in found


async def test_the_topmost_level_has_one_all_for_everything() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        assert names(await rows(portal, level="Continent"), "Continent") == [("all",), ("Europe",), ("North America",)]


async def test_a_global_row_can_be_switched_on_for_deeper_levels() -> None:
    async with Portal(tier(), now=lambda: MONDAY, switches=Switches(global_row=True)) as portal:
        assert names(await rows(portal, level="Site"), *LEVELS)[0] == ("all", "all", "all")


async def test_a_path_query_has_the_node_as_all_and_its_children() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        found = await rows(portal, path=["Europe", "Switzerland"])
        assert names(found, *LEVELS) == [
            ("Europe", "Switzerland", "all"),
            ("Europe", "Switzerland", "Zurich"),
            ("Europe", "Switzerland", "Geneva"),
            ("Europe", "Switzerland", "Basel"),
        ]
        assert "Site" not in (await rows(portal, path=["Europe"]))[0]


async def test_a_path_query_for_an_entity_has_only_all() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        by_level = next(row for row in await rows(portal, level="Site") if row["Site"] == "Zurich")
        lone = await rows(portal, path=["Europe", "Switzerland", "Zurich"])
        assert names(lone, *LEVELS) == [("Europe", "Switzerland", "all")]
        assert lone[0]["devices"] == by_level["devices"]
        portal.switches.entity_row = "named"
        named = await rows(portal, path=["Europe", "Switzerland", "Zurich"])
        assert names(named, *LEVELS) == [("Europe", "Switzerland", "Zurich")]


async def test_an_all_row_carries_the_figures_of_the_node_above() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        sites = await rows(portal, level="Site")
        country = next(r for r in sites if (r["Country"], r["Site"]) == ("Switzerland", "all"))
        same = next(r for r in await rows(portal, level="Country") if r["Country"] == "Switzerland")
        assert {k: v for k, v in country.items() if k != "Site"} == same
        assert country["devices"] == sum(
            r["devices"] for r in sites if r["Country"] == "Switzerland" and r["Site"] != "all"
        )


async def test_slash_joined_paths_are_understood_when_the_portal_is_set_so() -> None:
    async with Portal(awkward(), now=lambda: MONDAY, switches=Switches(path_style="slash")) as portal:
        assert len(await rows(portal, path="Germany")) == 5
        assert names(await rows(portal, path=r"Germany/Berlin\/Mitte"), "Country", "Site") == [("Germany", "all")]
        assert (await get(portal, path=["Germany", "Sales"])).status_code == 400


def test_a_backslash_keeps_a_slash_inside_a_name() -> None:
    assert split_path(r"a/b\/c/d\\") == ("a", "b/c", "d\\")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"level": "Site", "path": "Europe"}, 400),
        ({"metric": None}, 400),
        ({"scope": "week"}, 400),
        ({"format": "xml"}, 400),
        ({"metric": [EXCHANGE_UID, EXCHANGE_UID]}, 400),
        ({"metric": "00000000-0000-4000-8000-000000000000"}, 404),
        ({"metric": "Exchange Online"}, 404),
        ({"hierarchy": "Nowhere"}, 404),
        ({"level": "Galaxy"}, 404),
        ({"path": ["Europe", "Atlantis"]}, 404),
        ({"path": ["Switzerland"]}, 404),
        ({"path": ["Europe", "Switzerland", "Zurich", "Desk"]}, 404),
    ],
)
async def test_wrong_questions_are_refused(query: dict[str, Any], status: int) -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        assert (await get(portal, **query)).status_code == status
        portal.switches.unknown_status = 400
        assert (await get(portal, **query)).status_code == 400


async def test_a_view_domain_prunes_the_answer_and_moves_the_default_path() -> None:
    accounts = {"swiss": Account("pw", domain=("Europe", "Switzerland"))}
    async with Portal(tier(), now=lambda: MONDAY, accounts=accounts) as portal:
        auth = ("swiss", "pw")
        assert names(await rows(portal, auth=auth), *LEVELS)[0] == ("Europe", "Switzerland", "all")
        sites = names(await rows(portal, auth=auth, level="Site"), *LEVELS)
        assert sites == [("Europe", "Switzerland", site) for site in ("all", "Zurich", "Geneva", "Basel")]
        assert names(await rows(portal, auth=auth, level="Country"), "Continent", "Country") == [
            ("Europe", "Switzerland")
        ]
        assert await rows(portal, auth=auth, level="Continent") == []
        assert (await get(portal, auth=auth, path=["Europe"])).status_code == 404
        assert (await get(portal, auth=auth, path=["Europe", "Germany"])).status_code == 404


async def test_a_view_domain_holds_in_the_other_hierarchies_too() -> None:
    tenant = tier("M")
    accounts = {USER: Account(PASSWORD), "swiss": Account("pw", domain=("Europe", "Switzerland"))}
    async with Portal(tenant, now=lambda: MONDAY, accounts=accounts) as portal:
        query = {"hierarchy": "Organisation", "level": "Site"}
        everything = await rows(portal, **query)
        own = await rows(portal, auth=("swiss", "pw"), **query)
        visible = sum(leaf[1] == "Switzerland" for leaf in tenant.hierarchies[0].leaves)
        assert sum(row["Site"] != "all" for row in own) == visible < sum(row["Site"] != "all" for row in everything)
        whole = (await rows(portal, auth=("swiss", "pw"), hierarchy="Organisation"))[0]
        assert whole["devices"] == sum(row["devices"] for row in own if row["Site"] != "all")


async def test_awkward_names_travel_in_both_directions() -> None:
    async with Portal(awkward(), now=lambda: MONDAY) as portal:
        found = names(await rows(portal, level="Site"), "Country", "Site")
        assert ("Switzerland", "Sales") in found
        assert ("Germany", "Sales") in found
        assert found.count(("Switzerland", "all")) == 2  # the aggregate, and a site of that name
        for leaf in portal.tenant.hierarchies[0].leaves[:-1]:
            answer = await rows(portal, path=list(leaf))
            assert len(answer) == 1, leaf
        assert ("Côte d'Ivoire", "x" * 10_000) in found
        assert ("Switzerland", "Zürich Örlikon") in names(await rows(portal, path=["Switzerland"]), "Country", "Site")


async def test_a_disabled_service_is_unknown_or_empty() -> None:
    async with Portal(awkward(), now=lambda: MONDAY) as portal:
        assert (await get(portal, metric=uid_of("Retired"))).status_code == 404
        portal.switches.disabled = "empty"
        assert (await rows(portal, metric=uid_of("Retired")))[0]["devices"] is None


async def test_a_renamed_node_keeps_its_figures_and_is_unknown_by_its_old_name() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        before = await rows(portal, path=["Europe", "Switzerland"])
        portal.rename(("Europe", "Switzerland"), "Schweiz")
        after = await rows(portal, path=["Europe", "Schweiz"])
        assert [row["devices"] for row in before] == [row["devices"] for row in after]
        assert (await get(portal, path=["Europe", "Switzerland"])).status_code == 404
        with pytest.raises(ValueError, match="taken"):
            portal.rename(("Europe", "Schweiz"), "Germany")
        with pytest.raises(ValueError, match="no node"):
            portal.rename(("Europe", "Switzerland"), "Suisse")


async def test_a_removed_node_is_no_longer_reported() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.tenant = portal.tenant.without(("Europe", "Switzerland", "Basel"))
        found = names(await rows(portal, level="Site"), "Site")
        assert ("Basel",) not in found
        assert len(found) == 11 + 4


async def test_exact_figures_can_be_scripted_node_by_node() -> None:
    """Values advance every ten minutes, the last one stays, and the neighbours keep the model's figures."""
    now = [MONDAY]
    async with Portal(tier(), now=lambda: now[0]) as portal:
        portal.script("Exchange Online", ["Europe", "Switzerland", "Zurich"], "devices_with_errors", [0, "95,5", None])
        seen = []
        for minutes in (0, 9, 10, 20, 500):
            now[0] = MONDAY + minutes * 60
            answer = await rows(portal, level="Site")
            seen.append(next(r for r in answer if r["Site"] == "Zurich")["devices_with_errors"])
        assert seen == [0, 0, "95,5", None, None]
        portal.script("Exchange Online", ["Europe"], "devices_with_errors", 10**6)
        assert [r["status"] for r in await rows(portal, level="Continent")] == ["good", "error", "good"]
        portal.script("Exchange Online", ["Europe"], "status", "odd")
        assert [r["status"] for r in await rows(portal, level="Continent")] == ["good", "odd", "good"]
        portal.clear_scripts()
        assert next(r for r in await rows(portal, level="Site") if r["Site"] == "Zurich")["devices_with_errors"] > 0


async def test_a_hook_may_answer_for_any_cell() -> None:
    def figures(service: object, node: tuple[str, ...], metric: str, at: float) -> float | None:
        if node == ("Europe",) and metric == "devices":
            return 77.0
        return float("nan") if node == ("North America",) else None

    async with Portal(tier(), now=lambda: MONDAY, figures=figures) as portal:
        total, europe, america = await rows(portal, level="Continent")
        assert europe["devices"] == 77
        assert america["devices"] is None
        assert total["devices"] > 77


async def test_a_scripted_row_can_be_left_out() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.script(EXCHANGE_UID, ["Europe", "Switzerland", "Zurich"], "devices", ABSENT)
        assert ("Zurich",) not in names(await rows(portal, level="Site"), "Site")


async def test_only_get_is_answered() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal, client(portal) as asker:
        assert (await asker.post(DATA)).status_code == 405
        assert (await asker.get("/elsewhere")).status_code == 404
        assert [(entry.method, entry.status) for entry in portal.log] == [("POST", 405), ("GET", 404)]
