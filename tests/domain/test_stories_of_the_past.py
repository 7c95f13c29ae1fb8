"""What rules that look back do: peaks against a week, spikes against the window before, fresh nodes, outliers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from sentinel.domain.alerts import STATES, State
from sentinel.domain.asking import needed
from sentinel.domain.expressions import parse
from sentinel.domain.hierarchy import NodeList, NodePattern
from sentinel.domain.memory import Replay
from sentinel.domain.metrics import Unit
from sentinel.domain.reading import Failure, Figures, Reading, Reason
from sentinel.domain.rules import Override, Rule, Rulebook, Service, SourceTraits
from tests.domain.polls import START, a_route, a_rule, threshold

SLOT = 600.0
WEEK = 1008
OUTLIERS = [10.0, 50.0, 99.0, 100.0, 1000.0]


class Story:
    """A rule in a replay, fed slot by slot: node -> the figure of `value`; None is a poll that failed."""

    def __init__(self, critical: str, *, step: float = SLOT, **changes: object) -> None:
        self.rule: Rule = a_rule(critical, every=step, **changes)
        traits = SourceTraits(name="portal", step=step)
        book = Rulebook(rules=(self.rule,), routes=(a_route(),), sources=(traits,))
        (self.asked,) = needed(book, [Service("portal", "Mail", "uid")])
        self.replay = Replay(book, [self.asked])
        self.step = step
        self.slot = 0

    def reading(self, figures: Mapping[str, float] | None) -> Reading:
        at = START + self.slot * self.step
        self.slot += 1
        if figures is None:
            return Reading(self.asked.query, at, at, None, Failure(Reason.TIMEOUT, "no answer"))
        rows = NodeList.of([(node,) for node in figures])
        return Reading(self.asked.query, at, at, Figures(rows, {"value": np.array(list(figures.values()), float)}))

    def feed(self, *values: float | Mapping[str, float] | None, times: int = 1) -> list[State]:
        """One slot after the other; the states of `n` after each. A plain number is the figure of `n`."""
        found = []
        for value in itertools.chain.from_iterable(itertools.repeat(values, times)):
            figures = value if value is None or isinstance(value, Mapping) else {"n": value}
            self.replay.feed(self.reading(figures))
            found.append(self.state("n"))
        return found

    def remember(self, *values: float | None, times: int = 1) -> None:
        for value in itertools.chain.from_iterable(itertools.repeat(values, times)):
            self.replay.remember(self.reading(None if value is None else {"n": value}))

    def state(self, node: str) -> State:
        book = self.replay.memory.books.get((self.rule.id, "Mail", "portal"))
        for alerts in book.alerts.values() if book else ():
            if (node,) in alerts.nodes:
                return STATES[int(alerts.shown[alerts.nodes.index((node,))])]
        return State.OK


NEXTHINK = "value > 3 * baseline(value, 7d) and value > 200"


def test_three_times_the_week_and_a_floor_as_the_vendor_has_it() -> None:
    story = Story(NEXTHINK)
    assert set(story.feed(100, times=WEEK)) == {State.OK}
    assert story.feed(290, 310, 100) == [State.OK, State.CRITICAL, State.OK]


def test_a_peak_does_not_raise_its_own_bar() -> None:
    story = Story("value > 3 * baseline(value, 1h)")
    assert story.feed(10, 10, 10, 10, 10, 10, 31)[-1] is State.CRITICAL
    against_the_average = Story("value > 3 * avg(value, 1h)")
    assert against_the_average.feed(10, 10, 10, 10, 10, 10, 31)[-1] is State.OK


def test_the_record_says_what_the_limit_was() -> None:
    story = Story("value > 3 * baseline(value, 1h)")
    story.feed(10, 10, 10, 10, 10, 10)
    done = story.replay.feed(story.reading({"n": 31}))
    assert done is not None
    assert [one.why for one in done.transitions] == ["31, limit > 3 * baseline(value, 1h), now 30"]
    fixed = Story("value > 30")
    done = fixed.replay.feed(fixed.reading({"n": 31}))
    assert done is not None
    assert [one.why for one in done.transitions] == ["31, limit > 30"]


def test_the_floor_keeps_small_figures_ok_from_the_first_day_and_large_ones_unknown_until_there_is_a_week() -> None:
    story = Story(NEXTHINK, no_data_after=1800.0)
    assert set(story.feed({"n": 100, "high": 500}, times=10)) == {State.OK}
    assert story.state("high") is State.UNKNOWN, "nobody can say yet, and it is not ok by accident"
    story.feed({"n": 100, "high": 500}, times=WEEK // 2)
    assert story.state("high") is State.OK
    assert story.feed({"n": 100, "high": 500, "fresh": 100})[-1] is State.OK
    assert story.state("fresh") is State.OK


def test_an_absolute_limit_beside_the_baseline_is_judged_from_the_first_sample() -> None:
    story = Story("value > 500 or value > 3 * baseline(value, 7d)")
    assert story.feed(100, 600) == [State.UNKNOWN, State.CRITICAL], "true or unknown is true"


def test_failed_polls_neither_raise_nor_lower_the_bar() -> None:
    story = Story("value > 2 * baseline(value, 1h)")
    story.feed(10, times=6)
    assert story.feed(None, None, 21) == [State.OK, State.OK, State.CRITICAL]
    unmoved = Story("value > 2 * baseline(value, 1h)")
    unmoved.feed(10, times=6)
    assert unmoved.feed(None, None, 20) == [State.OK] * 3


def test_after_half_a_window_without_figures_nothing_is_usual_any_more() -> None:
    story = Story("value > 2 * baseline(value, 1h)", no_data_after=1200.0)
    story.feed(10, times=6)
    assert story.feed(*[math.nan] * 4, 100)[-1] is State.UNKNOWN


@pytest.mark.parametrize(
    ("condition", "counts", "alerts"),
    [
        ("value >= 2 * baseline(value, 10m)", [10] * 10, 0),
        ("value >= 2 * baseline(value, 10m)", [10] * 5 + [20] * 5, 1),
        ("value >= 3 * baseline(value, 10m)", [10] * 5 + [20] * 5, 0),
        ("value <= baseline(value, 10m) / 3 and baseline(value, 10m) >= 10", [10] * 5 + [0, 0, 5, 10, 10], 1),
        ("value >= 2 * baseline(value, 10m) and baseline(value, 10m) >= 11", [10] * 5 + [20] * 5, 0),
        ("value >= 2 * baseline(value, 10m) and value >= 30", [10] * 5 + [20] * 5, 0),
    ],
    ids=["even", "doubled", "asked for three times", "a gap", "too little before", "too little now"],
)
def test_a_spike_against_the_window_before_it(condition: str, counts: Sequence[float], alerts: int) -> None:
    """Ten events per window of ten seconds, then twice as many, or none for a while."""
    story = Story(condition.replace("10m", "10s"), step=10.0)
    states = [State.OK, *story.feed(*counts)]
    assert sum(a is not State.CRITICAL and b is State.CRITICAL for a, b in itertools.pairwise(states)) == alerts


def test_how_many_devices_may_be_outliers() -> None:
    rows = NodeList.of([(str(n),) for n in OUTLIERS] + [("none",)])
    figures = Figures(rows, {"devices": np.array([*OUTLIERS, math.nan])})
    units = {"devices": Unit.COUNT}
    allowed = parse("outliers(devices) > 0", units).value(figures)
    assert allowed.tolist()[:-1] == [1, 5, 9, 10, 10]
    assert math.isnan(allowed[-1])
    assert parse("devices > outliers(devices)", units).judge(figures).known.tolist() == [True] * 5 + [False]
    broken = parse("outliers(devices / (devices - devices)) >= 0", {"devices": Unit.ANY}).judge(figures)
    assert not broken.known.any()


def test_a_replay_that_is_told_what_came_before_judges_as_if_it_had_run_all_along() -> None:
    condition = "value > 2 * baseline(value, 2h) or change(value, 30m) < -5"
    before, then = [10, 11, None, 9, 10, 12, 10, 11, 10, 10, 9, 12], [10, 25, 30, 12, 3, 3]
    whole, warm, cold = Story(condition), Story(condition), Story(condition)
    whole.feed(*before)
    warm.remember(*before)
    cold.slot = len(before)
    assert warm.feed(*then) == whole.feed(*then)
    assert warm.replay.memory.queries[warm.asked.query.key].last_good_at == START + 17 * SLOT
    assert cold.feed(*then) != whole.feed(*then)


def test_a_replay_remembers_nothing_that_no_rule_asks_for() -> None:
    story = Story("value > 5")
    story.remember(1, 2, 3)
    story.feed(1)
    assert story.replay.memory.pasts == {}


def test_an_override_or_only_if_may_look_back_where_the_rest_of_the_rule_does_not() -> None:
    plain = a_rule("value > 100")
    quick = replace(plain.criteria, critical=threshold("change(value, 10m) > 5"))
    story = Story("value > 100", overrides=(Override(node=NodePattern("n"), service=None, criteria=quick),))
    assert (plain.pasts, [one.function for one in story.rule.pasts]) == ((), ["change"])
    figures = [{"n": value, "m": value} for value in (1.0, 7.0)]
    assert story.feed(*figures) == [State.UNKNOWN, State.CRITICAL]
    assert story.state("m") is State.OK
    gated = Story("value > 5", only_if=parse("max(value, 20m) >= 10", {"value": Unit.ANY}))
    assert gated.feed(0, 0, 7, 10, 7) == [State.UNKNOWN] * 3 + [State.CRITICAL] * 2


@pytest.mark.parametrize("remembered", [0, 8])
@pytest.mark.parametrize("share", [0.4, 1.0])
def test_an_answer_that_was_held_back_is_judged_anew_by_whoever_replays_it(share: float, remembered: int) -> None:
    """Other rules, or a replay that begins amid shorter answers, may believe what a live run did not."""
    book = Rulebook(
        rules=(a_rule("value > avg(value, 1h)"),),
        routes=(a_route(),),
        sources=(SourceTraits(name="portal", step=SLOT, max_missing_share=share),),
    )
    (asked,) = needed(book, [Service("portal", "Mail", "uid")])
    replay = Replay(book, [asked])
    for number in range(12):
        at, names = START + number * SLOT, "abcdefgh" if number < 6 else "ab"
        rows = Figures(NodeList.of([(name,) for name in names]), {"value": np.full(len(names), number + 1.0)})
        reading = Reading(asked.query, at, at, rows)
        if number >= 6:
            reading = reading.held("The answer lacks 6 of 8 known nodes")
        if number < remembered:
            replay.remember(reading)
        else:
            replay.feed(reading)
    held = replay.memory.queries[asked.query.key].failure is not None
    assert held == (share < 1 and not remembered)
    if not held:
        [alerts] = replay.memory.books["errors", "Mail", "portal"].alerts.values()
        shown = {node: STATES[state] for node, state in zip(alerts.nodes, alerts.shown, strict=True)}
        assert shown["a",] is shown["b",] is State.CRITICAL
