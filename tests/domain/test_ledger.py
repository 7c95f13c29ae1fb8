"""The ledger: a verdict holds until the next sample is due, and what nobody saw is unknown."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.attained import Seconds
from sentinel.domain.calendars import ALWAYS, Calendar, Maintenance, Weekly
from sentinel.domain.dossier import Outage
from sentinel.domain.expressions import parse
from sentinel.domain.hierarchy import NodeList, NodePattern
from sentinel.domain.matchers import Matchers
from sentinel.domain.periods import Kind, Period
from sentinel.domain.reading import Figures
from sentinel.domain.sla import Counts
from tests.domain.ledgers import BAD, BASEL, BERN, GONE, GOOD, PARIS, SITES, STEP, Keeping, an_sla, second_by_second
from tests.domain.polls import START, UNITS
from tests.effort import effort

MONTH = Period(Kind.MONTH)
NAN = math.nan


def seconds_at(keeping: Keeping, node: tuple[str, ...], at: float, **around: object) -> Seconds:
    """What the month's row says of a node."""
    term = MONTH.around(START, "Europe/Zurich")
    rows = {row.node: row for row in keeping.dossier(**around).rows(term, int(at))}  # type: ignore[arg-type]
    row = rows[node]
    return Seconds(row.good_seconds, row.bad_seconds, row.unknown_seconds, row.excluded_seconds)


def before_the_first() -> int:
    """Seconds of the month before the first sample: nobody knows."""
    return int(START) - MONTH.around(START, "Europe/Zurich").start


def test_a_verdict_holds_until_the_next_sample_is_due() -> None:
    """Three good samples and two bad ones: time after the last counts up to one interval, then nobody knows."""
    it = Keeping()
    for value in (GOOD, GOOD, BAD, BAD, GOOD):
        it.all(value, GOOD, GOOD)
    found = seconds_at(it, BERN, it.at + 300)
    assert found == Seconds(3 * STEP, 2 * STEP, before_the_first() + 300, 0)
    assert seconds_at(it, PARIS, it.at) == Seconds(5 * STEP, 0, before_the_first(), 0)


def test_overlapping_windows_are_states_and_never_added_up() -> None:
    """SLO-26: six failures in one ten-minute bucket stand in six rolling hours, and make sixty bad minutes, not 36 failures."""
    it = Keeping()
    for value in [GOOD] * 3 + [BAD] * 6 + [GOOD] * 3:
        it.all(value, GOOD, GOOD)
    found = seconds_at(it, BERN, it.at)
    assert (found.bad, found.good + found.bad) == (3600, 12 * STEP)


@pytest.mark.promise("P4")
def test_an_answer_that_failed_is_unknown_time_for_everybody() -> None:
    """From the slot that was missed to the next good one."""
    it = Keeping()
    it.all(GOOD, BAD, GOOD)
    it.fail()
    it.fail()
    it.all(GOOD, GOOD, GOOD)
    assert seconds_at(it, BERN, it.at) == Seconds(2 * STEP, 0, before_the_first() + 2 * STEP, 0)
    assert seconds_at(it, BASEL, it.at) == Seconds(STEP, STEP, before_the_first() + 2 * STEP, 0)


@pytest.mark.fault(16)
@pytest.mark.promise("P4")
def test_while_sentinel_was_down_is_unknown_not_up() -> None:
    """A gap of Sentinel itself."""
    it = Keeping()
    it.all(GOOD, GOOD, GOOD)
    it.wait(3 * STEP)
    it.all(GOOD, GOOD, GOOD)
    assert seconds_at(it, BERN, it.at) == Seconds(2 * STEP, 0, before_the_first() + 3 * STEP, 0)
    assert len(it.account.number) == len(SITES), "a gap costs no row of any node"


def test_a_row_that_is_missing_is_unknown_for_that_node_alone() -> None:
    """And so is a figure that is missing."""
    it = Keeping()
    it.all(GOOD, GOOD, GOOD)
    it.all(GONE, NAN, GOOD)
    it.all(GOOD, GOOD, GOOD)
    for node in (BERN, BASEL):
        assert seconds_at(it, node, it.at) == Seconds(2 * STEP, 0, before_the_first() + STEP, 0)
    assert seconds_at(it, PARIS, it.at) == Seconds(3 * STEP, 0, before_the_first(), 0)


def test_a_node_that_the_source_no_longer_has_leaves_the_agreement() -> None:
    """For `retire_after` it is unknown, then it is no part of any figure; it is one again when it comes back."""
    it = Keeping(an_sla(retire_after=2.0 * STEP))
    it.all(GOOD, GOOD, GOOD)
    for _ in range(5):
        it.all(GONE, GOOD, GOOD)
    it.all(GOOD, GOOD, GOOD)
    assert seconds_at(it, BERN, it.at) == Seconds(2 * STEP, 0, before_the_first() + 2 * STEP, 0)


def test_the_same_slot_asked_again_takes_the_later_word_and_forgets_none() -> None:
    """Slots of ten minutes, asked every five: the second answer of a slot replaces the first; silence does not."""
    it = Keeping(an_sla(every=300.0))
    it.answer(dict.fromkeys(SITES, GOOD), at=START)
    it.answer({BERN: BAD, BASEL: NAN, PARIS: GOOD}, at=START + 300)
    it.answer(dict.fromkeys(SITES, GOOD), at=START + 600)
    assert seconds_at(it, BERN, START + 1200).bad == STEP
    assert seconds_at(it, BASEL, START + 1200) == Seconds(2 * STEP, 0, before_the_first(), 0)


def test_the_same_reading_twice_adds_nothing() -> None:
    """A repeated tick."""
    it = Keeping()
    it.all(BAD, GOOD, GOOD)
    figures = it.plans[-1][1].figures
    assert it.heard(figures, at=START).entries == ()


def test_a_clock_that_was_set_back_counts_no_second_twice() -> None:
    """What is covered already stands; what is new counts once the clock has caught up."""
    it = Keeping()
    for _ in range(6):
        it.all(GOOD, GOOD, GOOD)
    end = it.at
    it.answer(dict.fromkeys(SITES, BAD), at=START + STEP)
    it.answer(dict.fromkeys(SITES, BAD), at=end)
    assert seconds_at(it, BERN, end + STEP) == Seconds(6 * STEP, STEP, before_the_first(), 0)


@pytest.mark.parametrize(("late", "unknown"), [(299, 0), (301, 301)])
def test_a_late_poll_is_no_gap_a_missed_one_is(late: int, unknown: int) -> None:
    """Of a source without steps every answer is a sample, and polls come a little early or late."""
    it = Keeping(step=0.0)
    it.all(GOOD, GOOD, GOOD)
    it.at += late
    it.all(GOOD, GOOD, GOOD)
    assert seconds_at(it, BERN, it.at).unknown == before_the_first() + unknown


@pytest.mark.parametrize("every", [600, 660, 720, 780, 900])
def test_polls_that_are_no_whole_slots_apart_leave_no_time_out(every: int) -> None:
    """Asked every twelve minutes of figures that move every ten, now and then a slot holds no poll: none was missed."""
    it = Keeping(an_sla(every=float(every)))
    for number in range(60):
        it.answer(dict.fromkeys(SITES, GOOD), at=START + number * every)
    assert seconds_at(it, BERN, int(START) + 59 * every).unknown == before_the_first()
    it.heard(None, at=START + 60 * every)
    it.answer(dict.fromkeys(SITES, GOOD), at=START + 61 * every)
    assert seconds_at(it, BERN, int(START) + 61 * every).unknown > before_the_first(), "an answer that failed is a gap"


def test_maintenance_is_taken_out_where_the_agreement_says_so() -> None:
    """An outage that turns out to have been planned: the figures of the past change, the ledger does not."""
    it = Keeping()
    for value in (GOOD, BAD, BAD, GOOD):
        it.all(value, value, GOOD)
    work = Maintenance(
        name="move",
        matchers=Matchers(node=(NodePattern("CH/Bern"),)),
        timezone="UTC",
        start=int(START) + STEP,
        end=int(START) + 2 * STEP,
    )
    assert seconds_at(it, BERN, it.at, planned=[work]) == Seconds(2 * STEP, STEP, before_the_first(), STEP)
    assert seconds_at(it, BASEL, it.at, planned=[work]) == Seconds(2 * STEP, 2 * STEP, before_the_first(), 0)
    it.sla = an_sla(exclude=())
    assert seconds_at(it, BERN, it.at, planned=[work]) == seconds_at(it, BASEL, it.at)


@pytest.mark.parametrize(("weight", "expected"), [("devices", "0.972"), ("", "0.945")])
def test_what_lies_above_is_weighed_by_its_devices(weight: str, expected: str) -> None:
    """SLO-25 in time: 400 devices that were good for 99 % and 100 that were for 90 % make 97.2 %, plain 94.5 %."""
    it = Keeping(an_sla(weight=weight))
    for number in range(100):
        value = np.array([BAD if number < 1 else GOOD, BAD if number < 10 else GOOD])
        it.heard(Figures(NodeList.of([BERN, BASEL]), {"value": value, "devices": np.array([400.0, 100.0])}))
    term = MONTH.around(START, "Europe/Zurich")
    above = {row.node: row for row in it.dossier().rows(term, int(it.at)) if not row.leaf}
    assert set(above) == {("CH",), ()}
    assert {row.availability for row in above.values()} == {Fraction(expected)}
    assert above["CH",].bad_seconds == math.ceil((1 - Fraction(expected)) * 100 * STEP)


@pytest.mark.parametrize("scale", [0.001, 1.0, 1e12])
def test_a_weight_may_be_small_or_huge(scale: float) -> None:
    """A node of a fraction of a device counts a little, not at all it is never; terabytes run no sum over."""
    it = Keeping(an_sla(weight="devices"))
    value = np.array([GOOD, BAD])
    for _ in range(3):
        it.heard(Figures(NodeList.of([BERN, BASEL]), {"value": value, "devices": np.array([scale, scale])}))
    term = MONTH.around(START, "Europe/Zurich")
    dossier = it.dossier()
    assert dossier.whole(term, int(it.at)).measured == Fraction(1, 2)
    it = Keeping(an_sla(weight="devices"))
    for _ in range(3):
        it.heard(Figures(NodeList.of([BERN, BASEL]), {"value": value, "devices": np.array([400 * scale, 0.3])}))
    measured = it.dossier().whole(term, int(it.at)).measured
    assert measured is not None
    assert measured < 1
    assert it.dossier().curves(term.start, int(it.at)).between(np.array([term.start, it.at], np.int64))[0].bad > 0


def test_a_weight_that_is_never_still_costs_eight_rows_a_day_and_is_right_on_average() -> None:
    """Bern has one device, then three, then one; Basel has two throughout. Both weigh two."""
    it = Keeping(an_sla(weight="devices"))
    for number in range(3 * 144):
        value, devices = np.array([GOOD, BAD]), np.array([1.0 if number // 18 % 2 else 3.0, 2.0])
        it.heard(Figures(NodeList.of([BERN, BASEL]), {"value": value, "devices": devices}))
    rows = it.account.weighed
    assert np.count_nonzero(rows == 0) <= 3 * 8 + 1
    assert np.count_nonzero(rows == 1) == 1
    assert it.account.weights(int(START), int(it.at)).tolist() == [2, 2]


def test_the_levels_of_an_agreement_may_be_written_in_any_order() -> None:
    """The whole is made of the sites, whether the countries stand before or after them."""
    sites, countries = Keeping(), Keeping()
    sites.all(GOOD, BAD, BAD)
    countries.answer({("CH",): GOOD, ("FR",): GOOD})
    term = MONTH.around(START, "Europe/Zurich")
    found = [
        replace(sites.dossier(), accounts=accounts).rows(term, int(sites.at))
        for accounts in ((sites.account, countries.account), (countries.account, sites.account))
    ]
    assert found[0] == found[1]
    assert {row.node: row.measured for row in found[0]}[()] == Fraction(1, 3)


def test_events_are_counted_once_per_hour_however_often_one_asks() -> None:
    """SLO-26 for counts: every sixth sample of a rolling hour, so that six failures stay six."""
    counts = Counts(parse("value - value / 4 >= 0", UNITS), parse("value >= 0", UNITS))
    it = Keeping(an_sla(good=None, counts=counts))
    for _ in range(12):
        it.all(24.0, 24.0, 24.0)
    windows = it.account.counts
    assert [at for at, *_ in windows] == [int(START), int(START) + 3600]
    term = MONTH.around(START, "Europe/Zurich")
    row = next(row for row in it.dossier().rows(term, int(it.at)) if row.node == BERN)
    assert row.availability is not None
    assert float(row.availability) == 0.75
    assert "36 / 48 events" in row.formula


def test_bad_events_are_bad_time_in_the_course_of_time_too() -> None:
    """A quarter of the events fails: every day and every budget that is drawn says so, as the row does."""
    counts = Counts(parse("value - value / 4 >= 0", UNITS), parse("value >= 0", UNITS))
    it = Keeping(an_sla(good=None, counts=counts))
    for _ in range(12):
        it.all(24.0, 24.0, 24.5)
    dossier = it.dossier()
    [seconds] = dossier.curves(int(START), int(it.at)).between(np.array([START, it.at], np.int64))
    assert (seconds.good, seconds.bad) == (5400, 1800)
    whole = dossier.whole(MONTH.around(START, "Europe/Zurich"), int(it.at))
    assert (whole.good_seconds, whole.bad_seconds) == (5400, 1800)
    assert whole.formula.startswith("75.00 % = 108.75 / 145 events")


def test_incidents_are_counted_at_their_node_below_it_and_above_it() -> None:
    """One at Bern, one at the country, one in Paris, and one that was over before the period."""
    it = Keeping()
    it.all(GOOD, GOOD, GOOD)
    hits = [(BERN, START), (("CH",), START + 60), (PARIS, START), (BERN, START - 40 * 86400)]
    outages = [Outage(node, at, at + 120) for node, at in hits]
    rows = it.dossier(outages=outages).rows(MONTH.around(START, "Europe/Zurich"), int(it.at))
    expected = {(): 3, ("CH",): 2, ("FR",): 1, BERN: 2, BASEL: 1, PARIS: 1}
    assert {row.node: row.incidents for row in rows} == expected


ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(["ok", "ok", "ok", "ok", "failed"]),
        st.integers(1, 4),
        st.tuples(*(st.sampled_from([GOOD, GOOD, GOOD, BAD, NAN, GONE]) for _ in SITES)),
    ),
    min_size=1,
    max_size=60,
)
WINDOWS = st.lists(
    st.tuples(st.integers(-20 * 3600, 40 * 3600), st.integers(1, 20 * 3600), st.sampled_from([None, *SITES])),
    max_size=4,
)


ZONES = ("Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham", "UTC")
BEGINNINGS = tuple(
    datetime(*day, tzinfo=UTC).timestamp()
    for day in (
        (2026, 3, 2, 8),
        (2026, 3, 28, 20),
        (2026, 10, 24, 20),
        (2026, 4, 4, 10),
        (2028, 2, 28, 22),
        (2026, 12, 31, 20),
    )
)


@effort(60)
@given(
    answers=ANSWERS,
    windows=WINDOWS,
    begin=st.sampled_from(BEGINNINGS),
    zone=st.sampled_from(ZONES),
    office=st.booleans(),
    tail=st.integers(0, 7200),
)
def test_any_ledger_is_what_a_second_by_second_count_finds(
    answers: list[tuple[str, int, tuple[float | None, ...]]],
    windows: list[tuple[int, int, tuple[str, ...] | None]],
    begin: float,
    zone: str,
    office: bool,
    tail: int,
) -> None:
    """Random answers, gaps, maintenance and calendars in any zone, also over nights on which the clock is set."""
    it = Keeping(an_sla(timezone=zone), at=begin)
    for kind, steps, values in answers:
        if kind == "failed":
            it.fail()
        elif any(value is not None for value in values):
            it.all(*values)
        it.at += (steps - 1) * STEP
    hours = (Weekly(days=frozenset({0, 1, 2, 3, 4, 5}), start=5 * 3600, end=26 * 3600 - 86400),)
    calendar = Calendar(name="x", timezone=zone, hours=hours) if office else ALWAYS(zone)
    planned = [
        Maintenance(
            name=f"m{place}",
            matchers=Matchers(node=() if node is None else (NodePattern("/".join(node)),)),
            timezone="UTC",
            start=int(begin) + offset,
            end=int(begin) + offset + length,
        )
        for place, (offset, length, node) in enumerate(windows)
    ]
    term = Period(Kind.ROLLING, 3).around(it.at, zone)
    at = int(it.at) - STEP + tail
    dossier = it.dossier(calendar=calendar, planned=planned)
    rows = {row.node: row for row in dossier.rows(term, at)}
    end = min(term.end, max(at, term.start))
    open_ = np.ones(end - term.start, bool)
    if office:
        open_[:] = False
        for first, last in calendar.open(term.start, end).pairs():
            open_[first - term.start : last - term.start] = True
    for node in it.account.nodes:
        counted = open_.copy()
        for work, (offset, length, where) in zip(planned, windows, strict=True):
            del work
            if where in (None, node):
                first = int(begin) + offset - term.start
                counted[max(0, first) : max(0, first + length)] = False
        expected = second_by_second(it, node, term.start, end, counted, open_)
        row = rows[node]
        assert Seconds(row.good_seconds, row.bad_seconds, row.unknown_seconds, row.excluded_seconds) == expected
