"""A budget that burns is an incident like any other: opened while there is still something left, closed when it stops."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.alarm import Watch, column
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.notices import NoticeKind
from sentinel.domain.reading import Figures, Reading
from sentinel.domain.upkeep import calendar_of
from tests.domain.budgets import BAD, BERN, GOOD, QUERY, RULES, Watched


def test_a_total_outage_is_critical_with_the_first_sample_that_burns_two_percent() -> None:
    """Ten bad minutes of an hour burn at 33 times the pace: 14.4 is enough. When it is over for ten minutes, so is the alarm."""
    it = Watched()
    it.sites(GOOD, GOOD, times=12)
    it.sites(BAD, GOOD)
    assert it.told == [("degraded", "critical", BERN)]
    it.sites(GOOD, GOOD, times=4)
    assert [kind for kind, *_ in it.told] == ["degraded", "recovered"]


def test_the_message_says_when_the_budget_will_be_used_up() -> None:
    """Half a percent of March, which is an hour short, is 13 374 seconds; twenty minutes of them are gone."""
    it = Watched()
    it.sites(GOOD, GOOD, times=12)
    it.sites(BAD, GOOD, times=2)
    assert it.detail == (
        "At this pace it uses up the error budget of March 2026 on 2 March; 202 of 222 min (91.0 %) are left."
    )


def test_the_last_slot_of_a_month_is_about_that_month() -> None:
    """What lasts until midnight says nothing about April, of which not a second has passed."""
    it = Watched(at=datetime(2026, 3, 31, 20, 0, tzinfo=UTC).timestamp())
    it.sites(GOOD, GOOD, times=6)
    it.sites(BAD, GOOD, times=6)
    assert it.at == datetime(2026, 3, 31, 22, 0, tzinfo=UTC).timestamp()
    assert it.detail == "Of the error budget of March 2026, 162 of 222 min (73.0 %) are left."


def test_a_budget_that_is_gone_is_said_to_be() -> None:
    """Four hours are more than all of it."""
    it = Watched()
    it.sites(GOOD, GOOD, times=12)
    it.sites(BAD, GOOD, times=24)
    row = Watch(it.loaded.rulebook.slas[0], "Mail", calendar_of(it.loaded.rulebook, it.loaded.rulebook.slas[0]), ())
    ledger = it.replay.memory.ledgers["mail", "Mail", QUERY.key]
    assert row.remark(ledger, BERN, int(it.at)) == "The error budget of March 2026 is used up."


def test_a_slow_fire_is_a_warning_once_it_has_spent_a_tenth() -> None:
    """One bad sample of ten where one of twenty is allowed: a burn rate of two, told when three days' worth was bad."""
    it = Watched(RULES.replace("99.5%", "95%"))
    it.sites(GOOD, GOOD, times=6)
    for number in range(30):
        it.sites(BAD, GOOD)
        it.sites(GOOD, GOOD, times=9)
        assert (it.told == []) == (number < 21), number
    assert it.told == [("degraded", "warning", BERN)]


def test_nothing_is_said_before_anything_was_seen() -> None:
    """A fresh start with good figures: no alarm, and nothing unknown either."""
    it = Watched()
    it.sites(GOOD, GOOD, times=3)
    assert it.told == []
    assert all(not alerts.nodes for book in it.replay.memory.books.values() for alerts in book.alerts.values())


COUNTED = RULES.replace(
    'good = "devices_with_errors <= 10"', 'good = "devices - devices_with_errors"\ntotal = "devices"'
).replace("99.5%", "99.9%")


def test_too_few_events_are_no_fire() -> None:
    """SLO-16: one failure of ten in an hour burns at a hundred times the pace, and wakes nobody."""
    few, many = Watched(COUNTED), Watched(COUNTED)
    for it, total, bad in ((few, 10.0, 1.0), (many, 1000.0, 100.0)):
        it.sites(0.0, 0.0, times=12, total=total)
        it.sites(bad, 0.0, times=6, total=total)
    assert few.told == []
    assert many.told[:1] == [("degraded", "critical", BERN)]


def test_few_events_make_a_warning_once_they_are_enough() -> None:
    """The rest of SLO-16: after three days of ten an hour, one failure is a share of 720 events, twice what may be bad."""
    it = Watched(COUNTED)
    it.sites(0.0, 0.0, times=6 * 72, total=10.0)
    it.sites(1.0, 0.0, times=6, total=10.0)
    assert it.told == [("degraded", "warning", BERN)]
    it.sites(0.0, 0.0, times=6 * 7, total=10.0)
    assert it.told == [("degraded", "warning", BERN), ("recovered", "warning", BERN)], "the last six hours are clean"


def test_counted_events_are_known_between_two_counts() -> None:
    """They are counted once an hour, so the short window is an hour: the alarm neither flickers nor goes blind."""
    it = Watched(COUNTED)
    it.sites(100.0, 0.0, times=18, total=1000.0)
    assert it.told == [("degraded", "critical", BERN)]
    facts = [incident.facts for done in it.plans for incident in done.incidents]
    assert "At this pace it uses up the error budget" in facts[-1].detail


def test_what_burns_is_called_what_it_is() -> None:
    """Not by the name of a column that nobody wrote."""
    it = Watched()
    it.sites(GOOD, GOOD, times=12)
    it.sites(BAD, GOOD, times=3)
    facts = [incident.facts for done in it.plans for incident in done.incidents]
    assert (facts[0].subject, facts[0].limit) == ("burn rate over 1 h", ">= 14.4")


def test_events_outside_the_calendar_do_not_burn() -> None:
    """Nobody is promised anything before noon."""
    hours = '[[calendar]]\nname = "noon"\nhours = [{ days = ["mon-sun"], from = "12:00", to = "20:00" }]\n'
    it = Watched(COUNTED.replace("burn_alerts", 'calendar = "noon"\nburn_alerts') + hours)
    it.sites(100.0, 0.0, times=12, total=1000.0)
    assert it.told == []


def test_all_sites_that_burn_are_one_incident() -> None:
    """Rolled up as everything is."""
    it = Watched()
    it.sites(GOOD, GOOD, times=12)
    it.sites(BAD, BAD)
    assert it.told == [("degraded", "critical", ("CH",))]


@pytest.mark.parametrize("hours", [1, 5, 60])
def test_the_rates_are_those_of_a_count_by_hand(hours: int) -> None:
    """Over every window of the policy, whatever it holds."""
    it = Watched()
    it.sites(GOOD, GOOD, times=6 * hours)
    it.sites(BAD, GOOD, times=3)
    it.sites(GOOD, GOOD, times=2)
    judged = it.replay.judged[QUERY.key]
    assert judged.figures is not None
    for name, samples in {"burn_10m": 1, "burn_30m": 3, "burn_1h": 6, "burn_6h": 36, "burn_3d": 432}.items():
        values = [0] * 2 + [1] * 3 + [0] * (6 * hours)  # what was before the first sample counts as good
        expected = Fraction(sum(values[:samples]), samples) / Fraction("0.005")
        assert judged.figures.column(f"{name}_of_mail")[0] == pytest.approx(float(expected)), name


def test_a_fire_of_the_first_hours_is_told_and_ends() -> None:
    """Windows of days are not blind for days because the SLA is new."""
    it = Watched()
    it.sites(GOOD, GOOD)
    it.sites(BAD, GOOD, times=3)
    it.sites(GOOD, GOOD, times=40)
    assert [kind for kind, *_ in it.told] == ["degraded", "deescalated", "recovered"]


def test_a_window_that_was_hardly_seen_says_nothing() -> None:
    """Ten bad minutes, then nothing for five hours: whether it went on nobody knows, and the alarm neither ends nor grows."""
    it = Watched()
    it.sites(GOOD, GOOD, times=72)
    it.sites(BAD, GOOD)
    it.sites(math.nan, GOOD, times=30)
    judged = it.replay.judged[QUERY.key]
    assert judged.figures is not None
    assert np.isnan(judged.figures.column("burn_6h_of_mail")[0])
    assert "recovered" not in [kind for kind, *_ in it.told]


def test_agreements_on_the_same_figures_burn_each_for_itself() -> None:
    """The strict one of three is told, and its alarm alone: the others promise something else of the same sites."""
    strict = RULES[RULES.index("[[sla]]") :]
    lax = strict.replace("<= 10", "<= 1000")
    ids = ("mail.a-b", "mail.a_b")
    it = Watched(RULES + "".join(lax.replace('id = "mail"', f'id = "{name}"') for name in ids))
    it.sites(GOOD, GOOD, times=12)
    it.sites(BAD, GOOD, times=3)
    assert {one.rule for done in it.plans for one in done.incidents} == {"sla/mail"}


@given(st.lists(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True), min_size=2, max_size=2, unique=True))
def test_no_two_agreements_share_a_figure(ids: list[str]) -> None:
    assert column(ids[0], 3600) != column(ids[1], 3600)
    assert all(column(one, 3600).isidentifier() for one in ids)


def test_maintenance_does_not_burn() -> None:
    """What is taken out of the figure is taken out of its alarm."""
    text = (
        RULES
        + '\n[[maintenance]]\nname = "move"\nnode = "CH/Bern"\nstart = "2026-03-02T11:00"\nend = "2026-03-02T13:00"\n'
    )
    it = Watched(text)
    it.sites(GOOD, GOOD, times=12)
    it.sites(BAD, GOOD, times=12)
    it.sites(GOOD, GOOD, times=6)
    assert it.told == []


def test_a_restart_in_between_changes_no_figure() -> None:
    """What is remembered is looked up again: here, by handing on the stretch of the ledger."""
    one, two = Watched(), Watched()
    for it in (one, two):
        it.sites(GOOD, GOOD, times=12)
    ledger = two.replay.memory.ledgers["mail", "Mail", QUERY.key]
    two.replay.memory.ledgers["mail", "Mail", QUERY.key] = replace(ledger, rows=None, at_row=None)
    for it in (one, two):
        it.sites(BAD, GOOD, times=3)
    assert one.told == two.told
    assert NoticeKind.DEGRADED.value in {kind for kind, *_ in one.told}


def test_what_lies_above_burns_by_its_weight() -> None:
    """One site of two is out, with nine tenths of the devices: the country's budget lasts as its devices say."""
    text = RULES.replace("burn_alerts = true", 'burn_alerts = true\nweight = "devices"')
    it = Watched(text)
    nodes = NodeList.of([BERN, ("CH", "Basel")])
    for number in range(18):
        bad = BAD if number >= 12 else GOOD
        columns = {"devices_with_errors": np.array([bad, GOOD]), "devices": np.array([900.0, 100.0])}
        done = it.replay.feed(Reading(QUERY, it.at, it.at, Figures(nodes, columns)))
        assert done is not None
        it.at += 600
    [sla] = it.loaded.rulebook.slas
    watch = Watch(sla, "Mail", calendar_of(it.loaded.rulebook, sla), ())
    ledger = it.replay.memory.ledgers["mail", "Mail", QUERY.key]
    assert ledger.recent is not None
    share = watch._share(watch._dossier(ledger.recent), ("CH",), int(it.at), 3600)
    assert share == Fraction(9, 10)
