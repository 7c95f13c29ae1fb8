"""Several severities, rules and levels; trees that grow, shrink, merge and come back.

Each is told twice, the second time with a restart after every tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sentinel.domain.expressions import parse
from sentinel.domain.incidents import CloseReason
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Rule
from tests.domain.polls import MINUTE, UNITS, Run, a_rule, an_override, threshold

BOTH = ("Country", "Site")


@pytest.fixture(params=[False, True], ids=["one run", "restarted after every tick"])
def forgetful(request: pytest.FixtureRequest) -> bool:
    """Whether Sentinel starts anew between any two ticks."""
    return bool(request.param)


def desks(run: Run, **sites: str) -> None:
    """One answer: per site a mark per desk, B bad, O ok, _ no row; sites without marks are ok. Sites are z1 z2 n1 n2."""
    marks = {name: sites.get(name, "OOOO") for name in ("z1", "z2", "n1", "n2")}
    regions = {"z": "emea", "n": "us"}
    run.good(
        {
            f"{regions[name[0]]}/{name}/{name}-{n}": 50.0 if mark == "B" else 0.0
            for name, row in marks.items()
            for n, mark in enumerate(row, start=1)
            if mark != "_"
        }
    )


def by_reason(run: Run) -> list[str]:
    """Why the incidents ended, sorted."""
    return sorted(one.close_reason.value for one in run.incidents.values() if one.close_reason)


def test_each_severity_waits_its_own_time(forgetful: bool) -> None:
    """A warning after twenty minutes, critical at once, and back."""
    rule = a_rule(
        threshold("value > 20", recover_for=10 * MINUTE),
        warning=threshold("value > 10", hold=20 * MINUTE, recover_for=20 * MINUTE),
    )
    run = Run((rule,), forgetful=forgetful)
    shown = []
    for value in (15, 15, 25, 15, 15, 5, 5, 5):
        run.good({"Paris": value, "Rome": 0})
        shown.append(run.state("Paris").value)
    assert shown == ["pending", "pending", "critical", "critical", "warning", "warning", "warning", "ok"]
    assert run.told == ["degraded", "deescalated", "recovered"]


def test_an_override_may_wait_longer_or_switch_a_severity_off(forgetful: bool) -> None:
    rule = a_rule("value > 10", warning=threshold("value > 5"))
    rule = replace(
        rule,
        overrides=(
            an_override("CH/**", rule, critical=threshold("value > 10", hold=20 * MINUTE), warning=None),
            an_override("FR/**", rule, critical=None),
        ),
        rollup=None,
    )
    run = Run((rule,), forgetful=forgetful)
    shown = []
    for _ in range(3):
        run.good({"CH/Zug": 50.0, "FR/Lyon": 50.0, "IT/Rome": 50.0, "IT/Bari": 7.0})
        shown.append([run.state(node).value for node in ("CH/Zug", "FR/Lyon", "IT/Rome", "IT/Bari")])
    assert shown == [
        ["pending", "warning", "critical", "warning"],
        ["pending", "warning", "critical", "warning"],
        ["critical", "warning", "critical", "warning"],
    ]


def test_the_more_special_limit_stands_first_and_wins(forgetful: bool) -> None:
    def limit(text: str) -> object:
        return threshold(f"value > {text}")

    rule = a_rule("value > 5")
    rule = replace(
        rule,
        overrides=(an_override("*/zrh1", rule, critical=limit("10")), an_override("site/*", rule, critical=limit("8"))),
    )
    run = Run((rule,), forgetful=forgetful)
    run.good({"site/zrh1": 9.0, "site/ber1": 9.0, "other/x": 6.0, "other/y": 4.0, "other/z": 0.0})
    assert run.open_places == ["other/x", "site/ber1"]


def test_two_rules_on_one_service_tell_two_stories(forgetful: bool) -> None:
    errors, slow = a_rule("value > 10"), replace(a_rule("value > 30"), id="slow")
    run = Run((errors, slow), forgetful=forgetful)
    for value in (20.0, 40.0, 20.0, 0.0):
        run.good({"Paris": value, "Rome": 0.0})
    assert [(run.incidents[n.incident].rule, n.kind.value) for n in run.notices] == [
        ("errors", "degraded"),
        ("slow", "degraded"),
        ("slow", "recovered"),
        ("errors", "recovered"),
    ]


def test_one_leaf_grows_to_five_hundred_and_shrinks_to_one_in_one_story(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    for count in (1, 500, 1, 0):
        run.good({f"site{n // 20}/leaf{n}": 50.0 if n < count else 0.0 for n in range(500)})
    assert run.told == ["degraded", "widened", "narrowed", "recovered"]
    (incident,) = run.incidents.values()
    assert (incident.peak_members, incident.node) == (500, ("site0", "leaf0"))


@pytest.mark.promise("P3")
def test_three_incidents_merge_into_the_oldest_and_end_once_each(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    desks(run, z1="BOOO")
    desks(run, z1="BOOO", n1="BOOO")
    desks(run, z1="BOOO", n1="BOOO", z2="OOOB")
    assert len(run.open_places) == 3
    desks(run, z1="BBBB", z2="BBBB", n1="BBBB", n2="BBBB")
    assert run.open_places == [""]
    oldest = min(run.incidents.values(), key=lambda one: one.opened_at)
    assert oldest.is_open
    assert {one.merged_into for one in run.incidents.values() if not one.is_open} == {oldest.id}
    desks(run)
    assert by_reason(run) == ["merged", "merged", "recovered"]
    assert run.told.count("recovered") == 1
    assert run.told.count("closed") == 2


def test_a_part_that_recovers_leaves_and_the_rest_goes_on(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    desks(run, z1="BBBB", n1="BBBB", z2="BBBB")
    desks(run, z1="BBBB", n1="BBBB")
    desks(run, n1="BBBB")
    assert run.open_places == ["us/n1"]
    desks(run)
    assert run.told[0] == "degraded"
    assert run.told.count("degraded") == 1
    assert run.told[-1] == "recovered"


def test_merged_and_bad_elsewhere_in_the_same_poll(forgetful: bool) -> None:
    """Two incidents merge while a third, ended a poll ago, comes back."""
    run = Run((a_rule(),), forgetful=forgetful)
    desks(run, z1="BOOO", z2="BOOO", n1="BOOO")
    assert run.open_places == ["emea/z1/z1-1", "emea/z2/z2-1", "us/n1/n1-1"]
    desks(run, z1="BOOO", z2="BOOO")
    run.notices.clear()
    desks(run, z1="BBBB", z2="BOOO", n1="BOOO")
    assert sorted(run.told) == ["closed", "reopened", "widened"]


def test_what_was_merged_comes_back_as_the_incident_it_became(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    desks(run, z1="BOOO")
    desks(run, z1="BOOO", z2="BOOO")
    desks(run, z1="BBBB", z2="BBBB")
    desks(run)
    run.notices.clear()
    desks(run, z2="BOOO")
    assert run.told == ["reopened"]
    (again,) = [one for one in run.incidents.values() if one.is_open]
    assert again.opened_at == min(one.opened_at for one in run.incidents.values())


def test_leaves_of_one_ended_incident_come_back_as_one(forgetful: bool) -> None:
    """Too few for the site to explain them now; they were one story a moment ago and are one still."""
    run = Run((a_rule(),), forgetful=forgetful)
    desks(run, z1="BBBB", z2="BBBB", n1="BBBB")
    desks(run)
    desks(run, z1="BOOO", n1="OOOB")
    assert run.told == ["degraded", "recovered", "reopened"]
    assert [one.reopened for one in run.incidents.values()] == [1]


def test_escalation_is_told_above_widening(forgetful: bool) -> None:
    run = Run((a_rule("value > 20", warning=threshold("value > 10")),), forgetful=forgetful)
    run.good({"CH/a": 15.0, "CH/b": 0.0, "FR/c": 0.0})
    run.good({"CH/a": 25.0, "CH/b": 15.0, "FR/c": 0.0})
    assert run.told == ["degraded", "escalated"]
    assert "CH" in run.notices[-1].line
    assert "Critical now, was warning" in run.notices[-1].line


def level_figures(run: Run, level: str, **values: float) -> None:
    """One level's answer a second after the other's; `CH_Zug` is the node CH/Zug."""
    run.good({name.replace("_", "/"): value for name, value in values.items()}, level=level, wait=1.0)


@pytest.mark.parametrize("country_first", [True, False])
def test_the_country_and_its_site_are_one_story_whichever_is_bad_first(country_first: bool, forgetful: bool) -> None:
    run = Run((a_rule(levels=BOTH),), forgetful=forgetful)
    bad_country = {"CH": 50.0, "FR": 0.0}
    bad_site = {"CH_Zug": 50.0, "CH_Bern": 0.0, "FR_Lyon": 0.0}
    order = ("Country", "Site") if country_first else ("Site", "Country")
    for level in order:
        level_figures(run, level, **(bad_country if level == "Country" else bad_site))
    assert run.open_places == ["CH"]
    run.now += 600
    for level in order:
        level_figures(run, level, **dict.fromkeys(bad_country if level == "Country" else bad_site, 0.0))
    assert run.open_places == []
    assert len(run.incidents) == 1
    assert run.told[0] == "degraded"
    assert run.told[-1] == "recovered"
    assert run.told.count("recovered") == 1


def test_when_the_country_recovers_its_sites_are_told_where_they_are(forgetful: bool) -> None:
    run = Run((a_rule(levels=BOTH),), forgetful=forgetful)
    level_figures(run, "Country", CH=50.0, FR=0.0)
    level_figures(run, "Site", CH_Zug=50.0, CH_Bern=0.0, CH_Chur=0.0, FR_Lyon=0.0)
    run.now += 600
    level_figures(run, "Country", CH=0.0, FR=0.0)
    assert run.open_places == ["CH/Zug"]
    assert run.told == ["degraded", "narrowed"]
    level_figures(run, "Site", CH_Zug=0.0, CH_Bern=0.0, CH_Chur=0.0, FR_Lyon=0.0)
    assert run.told == ["degraded", "narrowed", "recovered"]


@pytest.mark.fault(63)
@pytest.mark.promise("P4")
@pytest.mark.parametrize(("failing", "answered"), [BOTH, BOTH[::-1]])
def test_what_one_failing_answer_is_about_is_neither_gone_nor_well(
    failing: str, answered: str, forgetful: bool
) -> None:
    """The other level is answered and shows no fault: that says nothing about this one."""
    figures = {"Country": {"CH": 50.0, "FR": 0.0}, "Site": {"IT_Rome": 50.0, "IT_Bari": 0.0, "IT_Como": 0.0}}
    run = Run((a_rule(levels=BOTH, retire_after=3600.0),), forgetful=forgetful)
    for level in BOTH:
        level_figures(run, level, **figures[level])
    stays = {"Country": "CH", "Site": "IT/Rome"}[failing]
    for _ in range(12):
        run.bad(level=failing, wait=1.0)
        level_figures(run, answered, **dict.fromkeys(figures[answered], 0.0))
        run.now += 598
    assert run.open_places == [stays]
    assert run.told == ["degraded", "degraded", "recovered"]


def test_a_country_with_its_sites_is_never_more_affected_than_judged(forgetful: bool) -> None:
    run = Run((a_rule(levels=BOTH),), forgetful=forgetful)
    for _ in range(2):
        for level in ("Site", "Country"):
            if level == "Site":
                level_figures(run, level, CH_Zug=50.0, CH_Bern=50.0, CH_Chur=0.0)
            else:
                level_figures(run, level, CH=50.0, FR=0.0)
            assert all(one.facts.affected <= one.facts.judged for one in run.incidents.values())
        run.now += 600


def test_a_site_too_small_to_judge_does_not_hide_its_bad_country(forgetful: bool) -> None:
    rule = a_rule("devices_with_errors / devices > 5%", levels=BOTH)
    rule = replace(rule, criteria=replace(rule.criteria, only_if=parse("devices >= 20", UNITS)))
    run = Run((rule,), forgetful=forgetful)
    site = {"devices": 15.0, "devices_with_errors": 1.0}
    run.good({"CH/a": site, "CH/b": site, "CH/c": site}, level="Site", wait=1.0)
    run.good({"CH": {"devices": 45.0, "devices_with_errors": 3.0}}, level="Country")
    assert run.open_places == ["CH"]


def test_a_country_whose_average_is_fine_does_not_hide_its_bad_site(forgetful: bool) -> None:
    rule = a_rule("devices_with_errors / devices > 5%", levels=BOTH)
    run = Run((rule,), forgetful=forgetful)
    run.good(
        {
            "CH/a": {"devices": 10.0, "devices_with_errors": 6.0},
            "CH/b": {"devices": 140.0, "devices_with_errors": 0.0},
        },
        level="Site",
        wait=1.0,
    )
    run.good({"CH": {"devices": 150.0, "devices_with_errors": 6.0}}, level="Country")
    assert run.open_places == ["CH/a"]


def a_path_rule() -> Rule:
    return a_rule(levels=(), path=("CH",))


def test_a_path_rule_judges_the_children_and_not_their_parent(forgetful: bool) -> None:
    run = Run((a_path_rule(),), forgetful=forgetful)
    run.good({"CH*": 99.0, "CH/a": 0.0, "CH/b": 50.0, "CH/c": 0.0})
    assert run.open_places == ["CH/b"]


def test_a_path_rule_judges_a_node_without_children_itself(forgetful: bool) -> None:
    run = Run((a_path_rule(),), forgetful=forgetful)
    run.good({"CH*": 50.0})
    assert run.open_places == ["CH"]
    run.good({"CH*": 0.0})
    assert run.told == ["degraded", "recovered"]


def test_a_single_entity_is_its_own_place(forgetful: bool) -> None:
    run = Run((a_rule(levels=("Entity",)),), forgetful=forgetful)
    for value in (50.0, 0.0):
        run.good({"Main Office": value})
    assert [one.node for one in run.incidents.values()] == [("Main Office",)]
    assert run.told == ["degraded", "recovered"]


@pytest.mark.parametrize("polls_away", [1, 3, 100])
def test_a_node_that_returns_fine_ends_its_story_and_one_that_returns_bad_goes_on(
    polls_away: int, forgetful: bool
) -> None:
    run = Run((a_rule(rollup=None),), forgetful=forgetful)
    run.good({"a": 50.0, "b": 50.0, "c": 0.0, "d": 0.0, "e": 0.0})
    for _ in range(polls_away):
        run.good({"c": 0.0, "d": 0.0, "e": 0.0})
    assert run.open_places == ["a", "b"]
    run.good({"a": 50.0, "b": 0.0, "c": 0.0, "d": 0.0, "e": 0.0})
    assert run.open_places == ["a"]
    assert run.told.count("degraded") == 2
    assert run.told.count("recovered") == 1


@pytest.mark.promise("P4")
def test_rows_that_come_one_at_a_time_recover_nothing_that_is_away(forgetful: bool) -> None:
    run = Run((a_rule(),), forgetful=forgetful)
    for name in ("foo", "foo1", "foo2"):
        run.good({name: 50.0})
    assert "recovered" not in run.told
    assert {name for one in run.books[("errors", "Mail", "portal")].alerts.values() for name in one.nodes} == {
        ("foo",),
        ("foo1",),
        ("foo2",),
    }


@pytest.mark.fault(74, 75)
def test_a_renamed_node_is_a_new_story_and_the_old_one_ends_as_not_reported(forgetful: bool) -> None:
    run = Run((a_rule(retire_after=86400.0),), forgetful=forgetful)
    others: Mapping[str, float] = {"x": 0.0, "y": 0.0, "z": 0.0}
    run.good({"Zuerich": 50.0, **others})
    for _ in range(146):
        run.good({"Zürich": 50.0, **others})
    reasons = {one.node: one.close_reason for one in run.incidents.values()}
    assert reasons == {("Zuerich",): CloseReason.NOT_REPORTED, ("Zürich",): None}
    assert "recovered" not in run.told


def test_one_member_gone_for_good_and_one_recovered_is_a_recovery_when_that_comes_last(forgetful: bool) -> None:
    run = Run((a_rule(retire_after=3600.0),), forgetful=forgetful)
    run.good({"a": 50.0, "b": 50.0, "c": 0.0})
    for _ in range(7):
        run.good({"b": 50.0, "c": 0.0})
    run.good({"b": 0.0, "c": 0.0})
    assert by_reason(run) == ["recovered"]


def test_a_merge_that_moves_nothing_says_how_many_are_affected_now(forgetful: bool) -> None:
    """An incident that stays at the top with too few leaves for it, a new one below, then both are one."""
    run = Run((a_rule(),), forgetful=forgetful)
    desks(run, z1="BBBB", z2="BBBB", n1="BOOO")
    desks(run, z1="BOOO", n1="BOOO")
    desks(run, z1="BOOO", n1="BOOO", z2="BOOO")
    assert run.open_places == ["", "emea/z2/z2-1"]
    desks(run, z1="BBBB", z2="BBBB", n1="BOOO")
    widened = [notice.line for notice in run.notices if notice.kind is NoticeKind.WIDENED]
    assert widened == ["Now 9 nodes affected"]
