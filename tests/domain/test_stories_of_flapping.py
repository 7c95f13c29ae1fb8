"""Incidents that change too often: said once, quiet until steady, and how it ended is always told.

Each is told twice, the second time with a restart after every tick. One figure stands for five minutes, nothing waits
for timers, and with the defaults (6 changes within an hour, quiet for 15 minutes) it flaps from the sixth figure on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sentinel.domain.incidents import CloseReason, Incident
from sentinel.domain.notices import Notice
from sentinel.domain.rules import Address, Flapping, NoData, Rule
from tests.domain.polls import TEAM, Run, a_route, a_rule, edited, threshold

FIVE = 300.0
PAGER = Address("pager", "slack", "#pager")
BAD, GOOD = 50.0, 0.0
RESTLESS = (BAD, GOOD, BAD, GOOD, BAD, GOOD)
"""Six changes: the last is the one that makes it flap, people have it for open, and it is good."""

LOUD_AND_CLEAR = ["degraded", "recovered", "reopened", "recovered", "reopened", "flapping"]


@pytest.fixture(params=[False, True], ids=["one run", "restarted after every tick"])
def forgetful(request: pytest.FixtureRequest) -> bool:
    """Whether Sentinel starts anew between any two ticks."""
    return bool(request.param)


def a_run(rule: Rule | None = None, *, forgetful: bool, **changes: object) -> Run:
    """A run with a poll every five minutes; `changes` are of the rule."""
    rule = replace(rule or a_rule(), every=FIVE, **changes)  # type: ignore[arg-type]
    return Run((rule,), step=FIVE, interval=FIVE, forgetful=forgetful)


def fed(run: Run, figures: Sequence[float | None]) -> Run:
    """One poll of Paris per figure; None fails."""
    for figure in figures:
        if figure is None:
            run.bad()
        else:
            run.good({"Paris": figure})
    return run


def the_one(run: Run) -> Incident:
    """The only incident of the rule."""
    (found,) = [one for one in run.incidents.values() if one.rule == "errors"]
    return found


def last(run: Run, kind: str) -> Notice:
    """The last notice of that kind that somebody gets."""
    return [notice for notice in run.notices if notice.told and notice.kind.value == kind][-1]


@pytest.mark.fault(118)
def test_forty_flips_are_told_once_and_the_close_says_how_many_there_were(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful), (BAD, GOOD) * 20)
    assert run.told == LOUD_AND_CLEAR
    assert last(run, "flapping").line == "Flapping, 6 changes in 25 min; next word when steady for 15 min"
    fed(run, [GOOD] * 3)
    assert run.told == [*LOUD_AND_CLEAR, "recovered"]
    assert last(run, "recovered").line == (
        "Recovered after 3 h 30 min, worst 50; flapped, 40 changes in 3 h 15 min, bad for 51 % of it"
    )
    assert (the_one(run).close_reason, len(run.incidents)) == (CloseReason.RECOVERED, 1)


THREE = Flapping(changes=3)
"""The third change is a reopening: people have it for over when it begins to flap."""


@pytest.mark.fault(118)
@pytest.mark.parametrize(
    ("policy", "figures", "told", "line"),
    [
        (THREE, (BAD, GOOD, BAD, GOOD, BAD), ["reopened"], "No longer flapping, steady for 15 min: Critical at Paris"),
        (Flapping(), RESTLESS, ["recovered"], "Recovered after"),
        (Flapping(), (*RESTLESS, BAD), ["flapping"], "No longer flapping, steady for 15 min: Critical at Paris"),
        (THREE, (BAD, GOOD, BAD, GOOD), ["flapping"], "No longer flapping: recovered after"),
    ],
    ids=["known for over, is bad", "known for bad, is over", "known for bad, is bad", "known for over, is over"],
)
def test_the_end_of_flapping_is_reconciled_with_what_people_know(
    policy: Flapping, figures: Sequence[float], told: list[str], line: str, forgetful: bool
) -> None:
    run = fed(a_run(forgetful=forgetful, flapping=policy), figures)
    before = len(run.told)
    fed(run, [figures[-1]] * 4)
    assert run.told[before:] == told
    assert last(run, told[0]).line.startswith(line)
    assert last(run, told[0]).quiet == (told == ["flapping"]), "nobody is called who knows already"
    assert the_one(run).is_open == (figures[-1] == BAD)
    assert not the_one(run).is_flapping


def test_who_has_it_for_over_is_called_when_it_begins_to_flap(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful, flapping=THREE), (BAD, GOOD, BAD))
    assert run.told == ["degraded", "recovered", "flapping"]
    assert not last(run, "flapping").quiet
    assert last(run, "flapping").line.startswith("Bad again: Critical at Paris: 50 > 10. Flapping, 3 changes in 10 min")


def test_what_is_not_told_is_recorded_with_its_reason(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful), (*RESTLESS, BAD, GOOD))
    withheld = [(notice.kind.value, notice.address, notice.reason) for notice in run.notices if not notice.told]
    assert withheld == [
        ("recovered", TEAM, "flapping"),
        ("reopened", TEAM, "flapping"),
        ("recovered", TEAM, "flapping"),
    ]
    assert [event.kind for event in run.events][-4:] == ["recovered", "flapping", "reopened", "recovered"]
    assert len([one for done in run.plans for one in done.transitions]) == 8


def test_every_change_begins_the_quiet_time_anew(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful), (*RESTLESS, GOOD, GOOD, BAD, GOOD, GOOD, GOOD))
    assert run.told == LOUD_AND_CLEAR
    fed(run, [GOOD])
    assert run.told == [*LOUD_AND_CLEAR, "recovered"]


def test_changes_that_are_too_far_apart_do_not_flap(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful, flapping=Flapping(within=1200.0)), (BAD, GOOD) * 6)
    assert run.told == ["degraded", "recovered", *["reopened", "recovered"] * 5]


def test_a_rule_without_flapping_tells_every_change(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful, flapping=None), (BAD, GOOD) * 6)
    assert run.told == ["degraded", "recovered", *["reopened", "recovered"] * 5]


def test_severities_that_go_up_and_down_are_changes_too(forgetful: bool) -> None:
    rule = a_rule("value > 20", warning=threshold("value > 10"))
    run = fed(a_run(rule, forgetful=forgetful), (15.0, 25.0) * 4)
    assert run.told == ["degraded", "escalated", "deescalated", "escalated", "deescalated", "flapping"]
    fed(run, [25.0] * 3)
    assert run.told[6:] == ["escalated"], "people were last told a warning"
    fed(run, [GOOD])
    assert run.told[7:] == ["flapping"], "seven changes within the hour"


def test_worse_than_was_ever_told_is_told_at_once(forgetful: bool) -> None:
    rule = a_rule("value > 20", warning=threshold("value > 10"))
    run = fed(a_run(rule, forgetful=forgetful), (15.0, GOOD) * 3)
    assert run.told == LOUD_AND_CLEAR
    fed(run, (15.0, 25.0))
    assert run.told[6:] == ["escalated"]
    assert not last(run, "escalated").quiet
    fed(run, (15.0, 25.0, 15.0, 25.0))
    assert run.told[7:] == [], "once is enough"
    fed(run, [25.0] * 3)
    assert run.told[7:] == ["flapping"]


def test_the_change_that_is_worse_and_makes_it_flap_is_told_with_it(forgetful: bool) -> None:
    rule = a_rule("value > 20", warning=threshold("value > 10"))
    run = fed(a_run(rule, forgetful=forgetful), (15.0, GOOD, 15.0, GOOD, 15.0, 25.0))
    assert run.told == [*LOUD_AND_CLEAR[:5], "escalated", "flapping"]


def test_worse_than_ever_while_people_have_it_for_over_opens_it_again(forgetful: bool) -> None:
    rule = a_rule("value > 20", warning=threshold("value > 10"))
    run = fed(a_run(rule, forgetful=forgetful, flapping=THREE), (15.0, GOOD, 15.0, 25.0))
    assert run.told == ["degraded", "recovered", "flapping", "reopened"]
    fed(run, [GOOD] * 5)
    assert run.told[4:] == ["recovered"]


@pytest.mark.promise("P4")
def test_neither_a_failed_poll_nor_a_gap_is_quiet_time(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful), (*RESTLESS, None, None, None, None, GOOD))
    run.skip(12)
    fed(run, [GOOD])
    assert run.told == LOUD_AND_CLEAR, "only five of the minutes since were seen"
    fed(run, [GOOD, GOOD])
    assert run.told == [*LOUD_AND_CLEAR, "recovered"]


@pytest.mark.promise("P4")
def test_an_answer_without_a_figure_ends_nothing_even_when_it_is_switched_off(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful), RESTLESS)
    edited(run, replace(run.rules[0], flapping=None))
    run.good({"Bern": GOOD})
    assert run.told == LOUD_AND_CLEAR
    fed(run, [GOOD])
    assert run.told == [*LOUD_AND_CLEAR, "recovered"]


@pytest.mark.promise("P4")
def test_a_node_that_is_gone_from_the_answer_is_not_quiet(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful), RESTLESS)
    for _ in range(5):
        run.good({"Bern": GOOD})
    assert run.told == LOUD_AND_CLEAR
    fed(run, [GOOD] * 3)
    assert run.told == [*LOUD_AND_CLEAR, "recovered"]


def test_missing_data_that_counts_as_ok_is_quiet_time_once_it_counts(forgetful: bool) -> None:
    run = fed(a_run(a_rule(no_data=NoData.OK, no_data_after=600.0), forgetful=forgetful), RESTLESS)
    for _ in range(3):
        run.good({"Bern": GOOD})
    assert run.told == LOUD_AND_CLEAR
    for _ in range(3):
        run.good({"Bern": GOOD})
    assert run.told == [*LOUD_AND_CLEAR, "recovered"]


def test_what_flaps_while_its_data_is_gone_says_so_and_stays_open(forgetful: bool) -> None:
    run = fed(a_run(a_rule(no_data_after=600.0), forgetful=forgetful), (*RESTLESS, BAD))
    for _ in range(9):
        run.good({"Bern": GOOD})
    assert run.told == [*LOUD_AND_CLEAR, "unknown"]
    assert the_one(run).is_flapping


def test_that_the_data_of_what_flaps_is_gone_is_no_news_for_who_has_it_for_over(forgetful: bool) -> None:
    run = fed(a_run(a_rule(no_data_after=600.0), forgetful=forgetful, flapping=THREE), (BAD, GOOD, BAD))
    for _ in range(5):
        run.good({"Bern": GOOD})
    assert run.told == ["degraded", "recovered", "flapping"]


def test_nothing_is_reminded_of_while_it_flaps(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    run.routes = (a_route(TEAM, remind_every=600.0),)
    fed(run, (BAD, GOOD, BAD, BAD, GOOD) * 4)
    assert "reminder" not in run.told[run.told.index("flapping") :]
    fed(run, [BAD] * 6)
    assert run.told[-2:] == ["flapping", "reminder"]


def test_bad_again_soon_after_it_was_steady_is_the_same_incident_and_its_changes_count(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful), (*RESTLESS, *[GOOD] * 3, BAD))
    assert run.told == [*LOUD_AND_CLEAR, "recovered", "flapping"], "seven changes within the hour"
    assert len(run.incidents) == 1
    run = fed(a_run(forgetful=forgetful, reopen_within=1e6), (*RESTLESS, *[GOOD] * 15, BAD))
    assert run.told == [*LOUD_AND_CLEAR, "recovered", "reopened"], "those before are more than an hour ago"
    assert not the_one(run).is_flapping
    fed(run, [GOOD])
    assert run.told[8:] == ["recovered"]
    assert "flapped" not in last(run, "recovered").line


def test_it_goes_on_however_long_it_is_good_in_between(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful, flapping=Flapping(quiet=3600.0)), (*RESTLESS, *[GOOD] * 10, BAD, *[BAD] * 12))
    assert run.told == [*LOUD_AND_CLEAR, "flapping"], "longer than reopen_within"
    assert (len(run.incidents), the_one(run).reopened) == (1, 3)


@pytest.mark.parametrize("at_present", [GOOD, BAD])
def test_a_rule_that_is_taken_away_while_it_flaps_closes_it_once(at_present: float, forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful), (*RESTLESS, at_present))
    edited(run)
    assert run.told == [*LOUD_AND_CLEAR, "closed"]
    assert the_one(run).close_reason is CloseReason.RULE_REMOVED


def test_a_reload_or_a_start_in_a_good_moment_does_not_end_it(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful), RESTLESS)
    edited(run, *run.rules)
    assert run.told == LOUD_AND_CLEAR
    fed(run, [GOOD] * 3)
    assert run.told == [*LOUD_AND_CLEAR, "recovered"]


@pytest.mark.parametrize(("at_present", "told"), [(GOOD, "recovered"), (BAD, "flapping")])
def test_switching_it_off_tells_how_it_is_at_the_next_look(at_present: float, told: str, forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful), (*RESTLESS, at_present))
    edited(run, replace(run.rules[0], flapping=None))
    assert run.told == LOUD_AND_CLEAR
    fed(run, [at_present])
    assert run.told == [*LOUD_AND_CLEAR, told]
    fed(run, (BAD, GOOD, BAD))
    assert "flapping" not in run.told[7:]


def test_a_node_that_is_retired_while_it_flaps_closes_it_once(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful, retire_after=3600.0), (*RESTLESS, BAD))
    for _ in range(14):
        run.good({"Bern": GOOD})
    assert run.told[-1] == "closed"
    assert the_one(run).close_reason is CloseReason.NOT_REPORTED


def test_trouble_that_grows_wider_than_was_told_is_told_while_it_flaps(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    for figure in RESTLESS:
        run.good({"CH/Bern": figure, "CH/Zug": GOOD, "FR/Lyon": GOOD, "FR/Nice": GOOD})
    assert run.told == LOUD_AND_CLEAR
    run.good({"CH/Bern": BAD, "CH/Zug": BAD, "FR/Lyon": GOOD, "FR/Nice": GOOD})
    assert (run.told[6:], run.open_places) == (["widened"], ["CH"])
    run.good({"CH/Bern": BAD, "CH/Zug": GOOD, "FR/Lyon": GOOD, "FR/Nice": GOOD})
    run.good({"CH/Bern": BAD, "CH/Zug": BAD, "FR/Lyon": GOOD, "FR/Nice": GOOD})
    assert run.told[7:] == [], "they know of this width"


def swiss(run: Run, *bad: str) -> None:
    """One poll of five sites, of which these are bad."""
    run.good({f"CH/{town}": BAD if town in bad else GOOD for town in ("Bern", "Zug", "Chur", "Sion", "Genf")})


def test_who_hears_of_another_incident_that_it_takes_in_is_told_while_it_flaps(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful, flapping=Flapping(quiet=3600.0))
    for figure in RESTLESS:
        swiss(run, *(["Bern"] if figure == BAD else []))
    swiss(run, "Bern", "Zug", "Chur")
    swiss(run, "Bern")
    assert run.told[6:] == ["widened"]
    swiss(run, "Bern", "Zug")
    assert (run.told[7:], run.open_places) == (["degraded"], ["CH/Bern", "CH/Zug"])
    swiss(run, "Bern", "Zug", "Chur")
    assert (run.told[8:], run.open_places) == (["widened", "closed"], ["CH"])


def test_what_flapped_and_is_bad_again_as_part_of_another_one_belongs_to_that(forgetful: bool) -> None:
    run = a_run(forgetful=forgetful)
    for figure in RESTLESS:
        run.good({"CH/Bern": figure, "CH/Zug": GOOD, "CH/Chur": GOOD, "FR/Lyon": GOOD})
    run.good({"CH/Bern": GOOD, "CH/Zug": BAD, "CH/Chur": BAD, "FR/Lyon": GOOD})
    assert run.open_places == ["CH", "CH/Bern"]
    run.good({"CH/Bern": BAD, "CH/Zug": BAD, "CH/Chur": BAD, "FR/Lyon": GOOD})
    assert run.open_places == ["CH"]
    merged = [one for one in run.incidents.values() if one.close_reason is CloseReason.MERGED]
    assert [one.node for one in merged] == [("CH", "Bern")]
    assert [notice.kind.value for notice in run.notices if notice.told and notice.incident == merged[0].id] == [
        *LOUD_AND_CLEAR,
        "closed",
    ]


def test_the_same_tick_twice_adds_nothing_while_it_flaps(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful), (*RESTLESS, BAD, GOOD, GOOD, GOOD))
    run.now -= FIVE
    before = len(run.notices)
    run.good({"Paris": GOOD})
    assert len(run.notices) == before


def test_asking_more_often_than_figures_move_makes_neither_changes_nor_quiet(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful), RESTLESS)
    for _ in range(20):
        run.good({"Paris": GOOD}, wait=10.0)
    assert run.told == LOUD_AND_CLEAR, "three minutes of asking"


def test_a_source_that_answers_now_and_then_gets_to_the_end_all_the_same(forgetful: bool) -> None:
    run = fed(a_run(forgetful=forgetful), (*RESTLESS, *[None, GOOD] * 4))
    assert [kind for kind in run.told if kind != "flapping"][-1] == "recovered"


def test_two_levels_see_the_same_time_pass_and_it_counts_once(forgetful: bool) -> None:
    rule = a_rule("value > 20", warning=threshold("value > 10"), levels=("Country", "Site"))
    run = a_run(rule, forgetful=forgetful)

    def both(country: float) -> None:
        run.good({"CH": country}, level="Country", wait=0.0)
        run.good({"CH/Bern": 15.0}, level="Site")

    for figure in (15.0, 25.0) * 3:
        both(figure)
    assert run.told == ["degraded", "escalated", "deescalated", "escalated", "deescalated", "flapping"]
    both(25.0)
    both(25.0)
    assert run.told[6:] == [], "ten minutes"
    both(25.0)
    assert run.told[6:] == ["escalated"]


def test_only_the_level_at_which_it_was_bad_shows_that_it_stays_well(forgetful: bool) -> None:
    run = a_run(a_rule(levels=("Country", "Site")), forgetful=forgetful)
    for figure in RESTLESS:
        run.good({"CH": GOOD}, level="Country", wait=0.0)
        run.good({"CH/Bern": figure}, level="Site")
    for _ in range(6):
        run.good({"CH": GOOD}, level="Country")
    assert run.told == LOUD_AND_CLEAR
    run.good({"CH/Bern": GOOD}, level="Site", wait=FIVE)
    for _ in range(3):
        run.good({"CH/Bern": GOOD}, level="Site")
    assert run.told == [*LOUD_AND_CLEAR, "recovered"]


def test_other_incidents_of_the_rule_are_told_as_ever(forgetful: bool) -> None:
    run = a_run(replace(a_rule(), rollup=None), forgetful=forgetful)
    for number, figure in enumerate((*RESTLESS, BAD, GOOD, BAD)):
        run.good({"Paris": figure, "Bern": BAD if number > 6 else GOOD})
    of_bern = [one.id for one in run.incidents.values() if one.node == ("Bern",)]
    assert [notice.kind.value for notice in run.notices if notice.incident in of_bern] == ["degraded"]
