"""How the figures move: reproducible buckets, rolling windows, office hours, outages, and the vendor's rules."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from sentinel.demo.dice import keys_of, throw
from sentinel.demo.hours import presence
from sentinel.demo.load import World
from sentinel.demo.metrics import status_of
from sentinel.demo.outages import BUCKET, Outage, demo_story
from sentinel.demo.portal import Portal
from sentinel.demo.tenants import Entity, Hierarchy, Service, Tenant
from sentinel.demo.tiers import SIZES, TierName, awkward, services, tier, tiny, uid_of
from tests.demo.portal_client import MONDAY, row, rows

ZURICH = ("Europe", "Switzerland", "Zurich")
LEAVES = (("CH", "Big"), ("CH", "Small"), ("DE", "Other"))


def a_tiny_tenant(devices: int = 200) -> Tenant:
    return tiny(LEAVES, levels=("Country", "Site"), devices=devices)


def share(figures: dict[str, Any]) -> float:
    return float(figures["devices_with_errors"] / figures["devices"])


# ---- reproducible


async def test_the_same_seed_gives_the_same_answer_and_another_seed_another() -> None:
    async with (
        Portal(tier(seed=1), now=lambda: MONDAY) as one,
        Portal(tier(seed=1), now=lambda: MONDAY) as same,
        Portal(tier(seed=2), now=lambda: MONDAY) as other,
    ):
        assert await rows(one, level="Site") == await rows(same, level="Site") != await rows(other, level="Site")


async def test_any_instant_can_be_asked_in_any_order() -> None:
    now = [MONDAY]
    async with Portal(tier(), now=lambda: now[0]) as portal:
        first = await rows(portal, level="Site")
        now[0] = MONDAY + 30 * 86400
        assert await rows(portal, level="Site") != first
        now[0] = MONDAY
        assert await rows(portal, level="Site") == first


def test_the_dice_are_even_and_differ_by_key_and_salt() -> None:
    keys = keys_of([f"site {n}" for n in range(10_000)])
    throws = throw(keys, 1, 2)
    assert 0.0 <= throws.min() <= throws.max() < 1.0
    assert abs(throws.mean() - 0.5) < 0.02
    assert abs(np.corrcoef(throws, throw(keys, 1, 3))[0, 1]) < 0.05


# ---- windows


async def test_figures_move_every_ten_minutes_and_not_between() -> None:
    now = [MONDAY]
    async with Portal(tier(), now=lambda: now[0]) as portal:
        answers = []
        for seconds in (0, 1, 599, 600):
            now[0] = MONDAY + seconds
            answers.append(await rows(portal, level="Site"))
        assert answers[0] == answers[1] == answers[2] != answers[3]


def test_the_hour_sums_six_buckets_and_the_day_144() -> None:
    """Counts add up; devices are counted once, so the window shows its busiest bucket."""
    world = World(a_tiny_tenant())
    service = world.tenant.services[0]
    at = 1_780_300_800.0
    starts = [replace(service, since=at - BUCKET * n) for n in range(1, 7)]
    hours = [world.window(one, "hour", at) for one in starts]
    whole, day = world.window(service, "hour", at), world.window(service, "day", at)
    assert whole is not None
    assert day is not None
    assert all(hour is not None and hour["attempts"].sum() <= whole["attempts"].sum() for hour in hours)
    assert day["attempts"].sum() == pytest.approx(24 * whole["attempts"].sum(), rel=0.05)
    assert day["devices"].sum() < 1.1 * whole["devices"].sum()


async def test_a_new_service_is_empty_and_then_grows_ten_minutes_at_a_time() -> None:
    tenant = a_tiny_tenant()
    young = replace(tenant.services[0], since=MONDAY)
    now = [MONDAY]
    async with Portal(replace(tenant, services=(young,)), now=lambda: now[0]) as portal:
        seen: list[Any] = []
        for minutes in (0, 9, 10, 20, 60, 70):
            now[0] = MONDAY + minutes * 60
            seen.append((await rows(portal))[0]["connections"])
        assert seen[:2] == [None, None]
        first = seen[2]
        assert [round(count / first, 1) for count in seen[2:]] == pytest.approx([1.0, 2.0, 6.0, 6.0], rel=0.1)


async def test_a_frozen_portal_repeats_itself() -> None:
    now = [MONDAY]
    async with Portal(tier(), now=lambda: now[0]) as portal:
        portal.switches.frozen_at = MONDAY
        first = await rows(portal, level="Site")
        now[0] += 7200
        assert await rows(portal, level="Site") == first


# ---- load


def test_sites_work_by_the_hours_of_their_own_zone() -> None:
    zones = ("Europe/Zurich", "America/New_York", "Asia/Tokyo")

    def at(day: int, hour: int) -> list[float]:
        return list(presence(zones, datetime(2026, 6, day, hour, tzinfo=UTC).timestamp()))

    zurich, new_york, tokyo = at(2, 8)
    assert zurich > 0.9
    assert new_york < 0.2
    assert tokyo < zurich
    assert all(0.0 < share < 0.2 for share in at(6, 8))
    assert presence(zones, MONDAY, office_hours=False).tolist() == [0.8] * 3


async def test_mondays_are_busier_than_tuesdays() -> None:
    now = [MONDAY]
    async with Portal(tier(), now=lambda: now[0]) as portal:
        monday = (await rows(portal, path=["Europe"]))[0]
        now[0] += 86400
        tuesday = (await rows(portal, path=["Europe"]))[0]
        assert monday["connections"] > 1.08 * tuesday["connections"]
        assert monday["devices"] == pytest.approx(tuesday["devices"], rel=0.05)


@pytest.mark.parametrize("hour", range(0, 168, 5))
async def test_a_quiet_world_is_quiet_at_every_hour_of_the_week(hour: int) -> None:
    """No node of either kind of service comes near five per cent, and no entity-level rule fires."""
    async with Portal(tier(), now=lambda: MONDAY + hour * 3600) as portal:
        for service in ("Exchange Online", "Intranet"):
            for figures in await rows(portal, metric=uid_of(service), level="Site"):
                assert share(figures) < 0.03
                assert figures["devices_with_warnings"] == 0
                assert figures["status"] == "good"


# ---- outages


async def test_a_dark_site_fails_completely_and_alone() -> None:
    outage = Outage(kind="site_dark", start=MONDAY - 600, end=MONDAY, node=ZURICH)
    async with Portal(tier(), now=lambda: MONDAY, outages=[outage]) as portal:
        dark, bright = await row(portal, *ZURICH), await row(portal, "Europe", "Switzerland", "Basel")
        assert share(dark) > 0.95
        assert dark["status"] == "error"
        assert dark["failed_connections"] > 100 * bright["failed_connections"] > 0
        assert share(bright) < 0.02
        assert (await row(portal, *ZURICH, metric=uid_of("Intranet")))["http_5xx"] > 0


async def test_an_outage_shows_with_the_next_bucket_and_leaves_an_hour_after_its_end() -> None:
    outage = Outage(kind="site_dark", start=MONDAY, end=MONDAY + 1200, node=("CH", "Big"), strength=0.3)
    now = [MONDAY]
    async with Portal(a_tiny_tenant(), now=lambda: now[0], outages=[outage]) as portal:
        bad = []
        for minutes in range(0, 120, 10):
            now[0] = MONDAY + minutes * 60
            if share(await row(portal, "CH", "Big")) > 0.05:
                bad.append(minutes)
        assert bad == [10, 20, 30, 40, 50, 60, 70]


async def test_a_slow_region_puts_all_its_devices_in_warning_once_the_hour_exceeds_three_times_the_usual() -> None:
    outage = Outage(kind="region_slow", start=MONDAY, end=MONDAY + 7200, node=("CH",))
    now = [MONDAY]
    async with Portal(a_tiny_tenant(), now=lambda: now[0], outages=[outage]) as portal:
        usual = (await row(portal, "CH", "Big"))["network_response_time"]
        seen = []
        for minutes in (0, 10, 60):
            now[0] = MONDAY + minutes * 60
            figures = await row(portal, "CH", "Big")
            seen.append((figures["devices_with_warnings"] == figures["devices"], figures["devices_with_warnings"]))
        assert seen[0] == seen[1] == (False, 0)
        assert seen[2][0] is True
        assert (await row(portal, "CH", "Big"))["network_response_time"] == pytest.approx(4 * usual, rel=0.1)
        assert (await row(portal, "DE", "Other"))["devices_with_warnings"] == 0


@pytest.mark.parametrize(
    ("service", "factor", "warned"),
    [
        ("Exchange Online", 2.6, False),
        ("Exchange Online", 3.4, True),
        ("Intranet", 2.6, False),
        ("Intranet", 3.4, True),
    ],
)
async def test_the_entity_level_rules_compare_with_three_times_the_usual(
    service: str, factor: float, warned: bool
) -> None:
    """The response time of connections, the duration of web requests."""
    outage = Outage(kind="region_slow", start=MONDAY - 7200, end=MONDAY, strength=factor)
    async with Portal(a_tiny_tenant(), now=lambda: MONDAY, outages=[outage]) as portal:
        figures = await row(portal, "CH", "Big", metric=uid_of(service))
        assert figures["devices_with_warnings"] == (figures["devices"] if warned else 0)


async def test_a_bad_proxy_puts_web_services_in_warning_and_leaves_the_others_alone() -> None:
    outage = Outage(kind="bad_proxy", start=MONDAY - 3600, end=MONDAY, node=("CH",))
    async with Portal(a_tiny_tenant(), now=lambda: MONDAY, outages=[outage]) as portal:
        web = await row(portal, "CH", "Big", metric=uid_of("Intranet"))
        assert web["devices_with_warnings"] == web["devices"] > web["devices_with_errors"]
        assert web["http_4xx"] == pytest.approx(0.3 * web["web_requests"], rel=0.01)
        mail = await row(portal, "CH", "Big")
        assert (mail["status"], mail["devices_with_warnings"]) == ("good", 0)


@pytest.mark.parametrize(("devices", "outliers"), [(100, 0.09), (1000, 0.011)])
async def test_outliers_alone_raise_no_warning(devices: int, outliers: float) -> None:
    """Up to ten per cent of the devices of a small entity, ten of a large one, are left out of its average."""

    def slow(share_of_devices: float) -> Outage:
        return Outage(
            kind="region_slow",
            start=MONDAY - 7200,
            end=MONDAY,
            node=("CH", "Big"),
            strength=1000.0,
            share=share_of_devices,
        )

    async with Portal(a_tiny_tenant(devices), now=lambda: MONDAY, outages=[slow(outliers)]) as portal:
        assert (await row(portal, "CH", "Big"))["devices_with_warnings"] == 0
        portal.outages = [slow(outliers + 0.1)]
        assert (await row(portal, "CH", "Big"))["devices_with_warnings"] > 0


async def test_a_bad_client_crashes_a_few_devices_everywhere() -> None:
    outage = Outage(kind="bad_client", start=MONDAY - 600, end=MONDAY, services=("Exchange*",))
    async with Portal(tier(), now=lambda: MONDAY, outages=[outage]) as portal:
        sites = [r for r in await rows(portal, level="Site") if r["Site"] != "all"]
        big = [r for r in sites if r["devices"] > 50]
        assert all(0.02 < share(r) < 0.06 and r["application_crashes"] >= r["devices_with_errors"] for r in big)
        teams = [r for r in await rows(portal, metric=uid_of("Teams"), level="Site") if r["devices"] > 50]
        assert all(share(r) < 0.02 for r in teams)


async def test_a_saas_outage_answers_5xx_everywhere_and_puts_all_devices_in_error() -> None:
    outage = Outage(kind="saas_outage", start=MONDAY - 3600, end=MONDAY, services=(uid_of("ServiceNow"),))
    async with Portal(tier(), now=lambda: MONDAY, outages=[outage]) as portal:
        for figures in await rows(portal, metric=uid_of("ServiceNow"), level="Country"):
            assert figures["http_5xx"] == figures["web_requests"]
            assert figures["devices_with_errors"] == figures["devices"]
        assert share((await rows(portal))[0]) < 0.02


async def test_several_outages_act_together_and_can_be_replaced_while_running() -> None:
    first = Outage(kind="site_dark", start=MONDAY - 600, end=MONDAY, node=("CH", "Big"))
    second = Outage(kind="site_dark", start=MONDAY - 600, end=MONDAY, node=("DE",), strength=0.2)
    async with Portal(a_tiny_tenant(), now=lambda: MONDAY, outages=[first, second]) as portal:
        assert share(await row(portal, "CH", "Big")) > 0.95
        assert share(await row(portal, "DE", "Other")) == pytest.approx(0.2, abs=0.02)
        portal.outages = [second]
        assert share(await row(portal, "CH", "Big")) < 0.02


async def test_an_outage_may_name_a_node_of_another_hierarchy_and_follows_a_renaming() -> None:
    tenant = tier("M", office_hours=False)
    organisation = tenant.hierarchies[1]
    division = organisation.layers[1].paths[0]
    outage = Outage(kind="site_dark", start=MONDAY - 600, end=MONDAY, node=division, hierarchy="Organisation")
    async with Portal(tenant, now=lambda: MONDAY, outages=[outage]) as portal:
        assert share(await row(portal, *division, hierarchy="Organisation")) > 0.95
        portal.rename(division, "Renamed", hierarchy="Organisation")
        assert share(await row(portal, "Renamed", hierarchy="Organisation")) > 0.95
        portal.outages = [replace(outage, hierarchy="Nowhere")]
        assert share(await row(portal, "Renamed", hierarchy="Organisation")) < 0.02


async def test_the_story_degrades_worsens_spreads_and_recovers() -> None:
    """The site crosses 5 % and then 10 %, its siblings follow, other countries never; all is quiet at the end."""
    story = demo_story(MONDAY)
    now = [MONDAY]
    async with Portal(tier(), now=lambda: now[0], outages=story.outages) as portal:

        async def shares(at: float) -> dict[str, float]:
            now[0] = at
            return {r["Site"]: share(r) for r in await rows(portal, level="Site") if r["Site"] != "all"}

        quiet, warning, critical, wide, _ = [await shares(step.visible_at) for step in story.steps]
        assert max(quiet.values()) < 0.03
        assert 0.06 < warning["Zurich"] < 0.10
        assert critical["Zurich"] > 0.12
        assert critical["Basel"] < 0.03
        assert min(wide[site] for site in ("Zurich", "Geneva", "Basel")) > 0.12
        assert wide["Berlin"] < 0.03
        assert max((await shares(story.recovered_at)).values()) < 0.03
        assert max((await shares(story.recovered_at - 600)).values()) > 0.1
        assert [step.visible_at for step in story.steps] == sorted(step.visible_at for step in story.steps)


# ---- status, tenants


@pytest.mark.parametrize(
    ("devices", "errors", "warnings", "expected"),
    [
        (100, 5, 0, "good"),
        (100, 6, 0, "warning"),
        (100, 0, 6, "warning"),
        (100, 11, 0, "error"),
        (0, 0, 0, "none"),
        (None, None, None, "none"),
        (20, 2, 0, "good"),
    ],
)
def test_status_compares_the_devices_with_an_issue_to_the_thresholds(
    devices: object, errors: object, warnings: object, expected: str
) -> None:
    service = Service(uid="u", name="n", min_devices=3)
    assert status_of(service, devices, errors, warnings) == expected


def test_a_service_without_thresholds_has_no_status() -> None:
    assert status_of(Service(uid="u", name="n", yellow=None, red=None), 100, 50, 0) == "none"
    assert status_of(Service(uid="u", name="n", yellow=None), 100, 7, 0) == "good"


@pytest.mark.parametrize("name", SIZES)
def test_each_tier_has_the_size_it_promises(name: TierName) -> None:
    tenant, size = tier(name), SIZES[name]
    assert len(tenant.entities) == size.entities
    assert len(tenant.services) == size.services == len({service.uid for service in tenant.services})
    assert [len(hierarchy.levels) for hierarchy in tenant.hierarchies] == [size.levels + 1] * size.hierarchies
    assert sum(entity.devices for entity in tenant.entities) == pytest.approx(size.devices, rel=0.01)
    assert {service.kind for service in tenant.services} == {"connection", "web"}
    assert "Site" in tenant.hierarchies[0].levels


def test_the_demonstration_has_what_the_example_rules_name() -> None:
    tenant = tier()
    assert tenant.hierarchies[0].name == "Location"
    exchange = tenant.service("Exchange Online")
    assert exchange is not None
    assert exchange.uid == "1f6f3a52-5d4e-4c0a-9a55-0b7f3f6f2d11"
    assert sum(service.name.startswith("SAP") for service in tenant.services) == 2
    assert any(not service.enabled for service in awkward().services)


def test_a_tenant_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fill"):
        Hierarchy(name="H", levels=("A", "B"), leaves=(("x",),))
    with pytest.raises(ValueError, match="same path"):
        Hierarchy(name="H", levels=("A",), leaves=(("x",), ("x",)))
    hierarchy = Hierarchy(name="H", levels=("A",), leaves=(("x",),))
    with pytest.raises(ValueError, match="every entity"):
        Tenant(name="T", services=services(1), entities=(), hierarchies=(hierarchy,))
    with pytest.raises(ValueError, match="needs a hierarchy"):
        Tenant(name="T", services=(), entities=(Entity(key="x", devices=1),), hierarchies=())
    with pytest.raises(ValueError, match="to remove"):
        tier().without(("Atlantis",))
