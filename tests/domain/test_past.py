"""What functions over the past give: by hand, against a plain count over all samples, and from any start."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.expression_tree import Past, evaluate
from sentinel.domain.expressions import parse
from sentinel.domain.hierarchy import Node, NodeList
from sentinel.domain.metrics import Unit
from sentinel.domain.past import Needs, Recollection
from sentinel.domain.past_windows import BUCKETS, ENOUGH
from sentinel.domain.reading import Failure, Figures, Query, Reading, Reason, slot_of

QUERY = Query("portal", "Mail", "Location", "Site")
UNITS = {"a": Unit.COUNT, "b": Unit.COUNT}
STEP = 600.0
START = 1_772_438_400.0
NAN = math.nan


def looked_for(*calls: str, step: float = STEP, every: float = STEP) -> Needs:
    """What these functions need, written as in a condition."""
    found = [past for call in calls for past in parse(f"{call} > 1", UNITS).pasts]
    return Needs(tuple(dict.fromkeys(found)), step, max(step, every))


def answer(at: float, values: Mapping[str, float], *, step: float = STEP) -> Reading:
    """A good answer: node -> its figure of `a`, which `b` has ten times."""
    rows, column = NodeList.of([(name,) for name in values]), np.array(list(values.values()), float)
    return Reading(QUERY, at, slot_of(at, step), Figures(rows, {"a": column, "b": column * 10}))


def nothing(at: float, *, step: float = STEP) -> Reading:
    return Reading(QUERY, at, slot_of(at, step), None, Failure(Reason.TIMEOUT, "no answer"))


def series(values: Sequence[float | None], *, every: float = STEP, step: float = STEP) -> list[Reading]:
    """One node, one value per poll; None is a poll that failed."""
    polls = [START + n * every for n in range(len(values))]
    return [
        nothing(at, step=step) if value is None else answer(at, {"n": value}, step=step)
        for at, value in zip(polls, values, strict=True)
    ]


def told(needs: Needs, readings: Iterable[Reading]) -> list[list[float]]:
    """Per good reading what each function gives for its first node."""
    past, found = Recollection(needs=needs), []
    for reading in readings:
        past = past.after(reading)
        if reading.figures is not None:
            found.append([float(past.told()[one][0]) for one in needs.functions])
    return found


@pytest.mark.parametrize(
    ("call", "values", "wanted"),
    [
        ("avg(a, 30m)", [1, 2, 3, 7], [NAN, 1.5, 2, 4]),
        ("baseline(a, 30m)", [1, 2, 3, 7, 100], [NAN, NAN, 1.5, 2, 4]),
        ("min(a, 30m)", [5, 4, 6, 7, 8], [NAN, 4, 4, 4, 6]),
        ("max(a, 30m)", [5, 4, 3, 2, 1], [NAN, 5, 5, 4, 3]),
        ("change(a, 20m)", [1, 2, 4, 8], [NAN, NAN, 3, 6]),
        ("avg(a, 10m)", [1, 2, 3], [1, 2, 3]),
        ("baseline(a, 10m)", [1, 2, 3], [NAN, 1, 2]),
        ("change(a, 10m)", [1, NAN, 3, 5], [NAN, NAN, NAN, 2]),
        ("avg(a, 40m)", [4, NAN, NAN, 8, 0], [NAN, NAN, NAN, 6, 4]),
        ("avg(a, 25m)", [1, 2, 3], [1, 1.5, 2.5]),
        ("avg(b / a, 20m)", [1, 0, 2], [10, 10, 10]),
    ],
)
def test_a_short_series_by_hand(call: str, values: list[float], wanted: list[float]) -> None:
    assert [one for (one,) in told(looked_for(call), series(values))] == pytest.approx(wanted, nan_ok=True)


def test_a_failed_poll_is_a_missing_sample_and_nothing_else() -> None:
    functions = looked_for("avg(a, 40m)", "change(a, 20m)", "baseline(a, 20m)")
    found = told(functions, series([2, 4, None, None, 8, 10]))
    assert np.array(found) == pytest.approx(np.array([[NAN] * 3, [3, NAN, 2], [6, NAN, NAN], [9, NAN, 8]]), nan_ok=True)


def test_a_slot_asked_again_replaces_its_sample_also_after_it_was_looked_at() -> None:
    needs = looked_for("avg(a, 20m)", "max(a, 20m)", "change(a, 10m)")
    first, again, later = answer(START, {"n": 1}), answer(START + 300, {"n": 5}), answer(START + 600, {"n": 7})
    assert told(needs, [first, again, later])[2] == [6, 7, 2]
    assert told(needs, [first, first, again, again, later])[4] == [6, 7, 2]


def test_looking_at_a_reading_leaves_no_trace_before_it_is_kept() -> None:
    needs = looked_for("avg(a, 30m)", "max(a, 1d)", "change(a, 20m)")
    past = Recollection.of(needs, series([1, 2, 3]))
    before = past.told()
    past.after(answer(START + 1800, {"n": 50})).after(answer(START + 2400, {"other": 1})).told()
    assert all(np.array_equal(before[one], past.told()[one], equal_nan=True) for one in needs.functions)


def test_what_was_held_back_adds_nothing() -> None:
    needs = looked_for("max(a, 20m)")
    held = answer(START + 600, {"n": 99}).held("the answer lacks 45 of 100 nodes")
    assert told(needs, [answer(START, {"n": 1}), held, answer(START + 1200, {"n": 2})])[-1] == [2]


def test_each_node_has_its_own_past_whatever_the_order_of_the_answer() -> None:
    needs = looked_for("avg(a, 20m)", "avg(parent(a), 20m)")
    readings = [answer(START, {"x": 1, "y": 10}), answer(START + 600, {"y": 20, "new": 5, "x": 3})]
    past = Recollection.of(needs, readings)
    mine, parents = (past.told()[one] for one in needs.functions)
    assert mine.tolist() == [15, 5, 2]
    assert np.isnan(parents).all(), "there is no parent's row"


def test_a_node_that_comes_back_finds_its_past_and_one_that_stays_away_is_forgotten() -> None:
    needs = looked_for("avg(a, 30m)")
    past = Recollection.of(needs, [answer(START, {"x": 1, "y": 10}), answer(START + 600, {"x": 1})])
    assert list(past.others) == [("y",)]
    back = past.after(answer(START + 1200, {"x": 1, "y": 30}))
    assert back.told()[needs.functions[0]].tolist() == [1, 20]
    gone = past.after(answer(START + 6000, {"x": 1})).after(answer(START + 12000, {"x": 1, "z": 1}))
    assert not gone.others


def test_the_parents_figure_is_read_from_its_own_row_now_or_then() -> None:
    rows = NodeList.of([("Europe",), ("Europe", "Paris")], [True, False])
    needs = looked_for("avg(parent(a), 20m)", "avg(a, 20m)")
    past = Recollection(needs=needs)
    for n, values in enumerate([[4.0, 1.0], [6.0, 2.0]]):
        at = START + n * STEP
        past = past.after(Reading(QUERY, at, at, Figures(rows, {"a": np.array(values)})))
    figures = Figures(rows, {"a": np.array([6.0, 2.0])}, past.told())
    (then,) = parse("avg(parent(a), 20m) > 1", UNITS).pasts
    assert figures.past[then][1] == 5
    tree = parse("parent(avg(a, 20m)) > 1", UNITS).tree
    assert evaluate(tree.left, figures)[1] == 5  # type: ignore[union-attr, index]  # a comparison of columns


def test_a_source_without_steps_counts_every_answer() -> None:
    needs = looked_for("avg(a, 3m)", "max(a, 3m)", "change(a, 1m)", step=0, every=60)
    readings = series([1, 2, 6, 10], every=60, step=0)
    assert told(needs, readings)[-1] == [6, 10, 4]
    late = [*readings[:3], answer(START + 239, {"n": 10}, step=0)]
    assert told(needs, late)[-1][:2] == [6, 10]


def test_what_is_asked_more_seldom_than_the_figures_move_is_counted_by_what_is_asked() -> None:
    needs = looked_for("avg(a, 3h)", "change(a, 1h)", step=600, every=3600)
    polls = [0, 3600, 7190, 10800, 14400]  # one came a little early, in the slot before
    found = told(needs, [answer(START + at, {"n": n}) for n, at in enumerate(polls)])
    wanted = np.array([[NAN, NAN], [0.5, 1], [1, 2], [2, 1], [3, 1]])
    assert np.array(found) == pytest.approx(wanted, nan_ok=True)


# A plain count over all samples -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Count:
    """All samples, once each: slot -> node -> figure. Windows are counted afresh for every question."""

    samples: Mapping[int, Mapping[Node, float]]

    @classmethod
    def of(cls, readings: Iterable[Reading]) -> Count:
        samples: dict[int, Mapping[Node, float]] = {}
        for reading in readings:
            if reading.figures is not None:
                column = reading.figures.columns["a"].tolist()
                samples[round(reading.sample_at / STEP)] = dict(zip(reading.figures.rows.nodes, column, strict=True))
        return cls(samples)

    def tells(self, past: Past, now: int, node: Node) -> float:
        cells = int(past.window / STEP)
        width = -(-cells // BUCKETS)
        if past.function == "change":
            assert width == 1
            return self.at(now, node) - self.at(now - cells, node)
        begin = now - cells + (0 if past.function == "baseline" else 1)
        begin = -(-begin // width) * width
        end = now if past.function == "baseline" else now + 1
        found = [figure for slot in range(begin, end) if not math.isnan(figure := self.at(slot, node))]
        if len(found) < max(1, cells * ENOUGH):
            return NAN
        ways = {"min": min, "max": max}
        return ways[past.function](found) if past.function in ways else math.fsum(found) / len(found)

    def at(self, slot: int, node: Node) -> float:
        return self.samples.get(slot, {}).get(node, NAN)


FIGURES = st.one_of(st.just(NAN), st.floats(-1e6, 1e6), st.integers(0, 20).map(float))
TABLES = st.dictionaries(st.sampled_from("vwxyz"), FIGURES, min_size=1, max_size=4)
POLLS = st.lists(st.tuples(st.sampled_from([0, 1, 1, 1, 2, 7, 40]), st.none() | TABLES), min_size=1, max_size=40)
WINDOWS = st.sampled_from(["10m", "20m", "70m", "2h", "6h", "29h", "2d", "85h"])
"""From one sample to buckets of three."""


@st.composite
def stories(draw: st.DrawFn) -> list[Reading]:
    """Polls with gaps, failures, slots asked again and changing nodes."""
    at, found, slot = START, [], 0
    for ahead, table in draw(POLLS):
        slot += ahead
        at = max(at + 1, START + slot * STEP)
        found.append(nothing(at) if table is None else answer(at, table))
    return found


@given(stories(), WINDOWS)
def test_it_is_what_a_plain_count_over_all_samples_gives(readings: list[Reading], window: str) -> None:
    calls = [f"{name}(a, {window})" for name in ("avg", "baseline", "min", "max")]
    needs = looked_for(*calls, *([f"change(a, {window})"] if window not in ("29h", "2d", "85h") else []))
    past = Recollection(needs=needs)
    for number, reading in enumerate(readings):
        past = past.after(reading)
        if reading.figures is None:
            continue
        count, now = Count.of(readings[: number + 1]), round(reading.sample_at / STEP)
        for one in needs.functions:
            wanted = [count.tells(one, now, node) for node in reading.figures.rows.nodes]
            assert past.told()[one].tolist() == pytest.approx(wanted, rel=1e-9, abs=1e-3, nan_ok=True), one


@given(stories(), st.lists(WINDOWS, min_size=1, max_size=2), st.data())
def test_whoever_begins_later_comes_to_the_same_figures_bit_by_bit(
    readings: list[Reading], windows: list[str], data: st.DataObject
) -> None:
    names = ("avg", "baseline", "min", "max", "change")
    needs = looked_for(*(f"{name}({figure}, {window})" for name in names for figure in "ab" for window in windows))
    past = Recollection(needs=needs)
    again_at = data.draw(st.sets(st.integers(0, len(readings) - 1)), label="restarts")
    for number, reading in enumerate(readings):
        if number in again_at:
            since = needs.since(reading.sample_at)
            past = Recollection.of(needs, [one for one in readings[:number] if one.at >= since])
        past = past.after(reading)
        if reading.figures is None:
            continue
        always = Recollection.of(needs, readings[: number + 1])
        for one in needs.functions:
            assert past.told()[one].tobytes() == always.told()[one].tobytes(), one


def test_a_week_at_ten_minutes_is_kept_in_the_hours_of_a_week_and_drops_the_hour_that_the_window_cuts() -> None:
    needs = looked_for("baseline(a, 7d)")
    ((shape),) = needs.shapes.values()
    assert (shape.width, shape.length) == (6, 168)
    values = [100.0] + [1.0] * 1007
    past = Recollection.of(needs, series([*values, 1, 1]))
    assert told(needs, series([*values, 1]))[-1] == [pytest.approx((100 + 1007) / 1008)]
    assert past.told()[needs.functions[0]].tolist() == [1.0], "the whole first hour went at once"


def test_no_more_is_kept_than_the_buckets_of_one_window() -> None:
    needs = looked_for("baseline(a, 7d)", "min(a, 7d)")
    past, most = Recollection(needs=needs), 0
    for one in series([float(n % 7) for n in range(3 * 1008)]):
        past = past.after(one)
        (window,) = past.windows.values()
        most = max(most, len(window.closed) + len(window.suffix))
    assert most <= 169


def test_the_figure_of_a_week_ago_is_the_last_of_its_hour() -> None:
    needs = looked_for("change(a, 7d)")
    values = [float(n) for n in range(1011)]
    found = told(needs, series(values))
    assert [one for (one,) in found[1008:]] == [1008 - 5, 1009 - 5, 1010 - 5]
    past = Recollection.of(needs, series(values))
    assert all(len(window.kept) <= 170 for window in past.windows.values())


def test_a_clock_that_was_ahead_for_years_does_not_stop_the_past() -> None:
    needs = looked_for("avg(a, 20m)")
    ahead = Recollection.of(needs, [answer(START + 1e9, {"n": 1})])
    assert not ahead.follows(answer(START, {"n": 1}))
    assert ahead.follows(answer(START + 1e9 - 300, {"n": 1}))
