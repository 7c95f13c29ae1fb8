"""Judging 100,000 nodes against their own week, against a fixed limit: the same rule, the same figures, in one run.

Run: python -m benchmarks.looking_back
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from benchmarks.deciding import NODES, QUERY, UNITS, median
from sentinel.domain.asking import Asked
from sentinel.domain.expressions import parse
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.memory import Replay
from sentinel.domain.patterns import NamePattern
from sentinel.domain.reading import Figures, Reading
from sentinel.domain.rules import Criteria, Rule, Rulebook, SourceTraits, Threshold

STEP = 600.0
WEEK = 1008
MEASURED = 300
"""Polls after the first week: short enough that what is bad does not become usual."""

BEGIN = (WEEK * 2977 - WEEK - 150) * STEP
"""So that the seldom and dear step of a week's window, once in a week, falls into what is measured."""

WAYS = (
    ("a fixed limit", "network_response_time > 200ms"),
    ("avg over 1 h", "avg(network_response_time, 1h) > 200ms"),
    ("3 times the 7-day baseline", "network_response_time > 3 * baseline(network_response_time, 7d)"),
    ("change since yesterday", "change(network_response_time, 1d) > 100ms"),
)


def replay(condition: str) -> Replay:
    """One rule with that condition."""
    rule = Rule(
        id="slow",
        summary="Slow network",
        services=(NamePattern("*"),),
        source="portal",
        hierarchy="Location",
        levels=("Site",),
        criteria=Criteria(critical=Threshold(breach=parse(condition, UNITS), hold=600.0, recover_for=1200.0)),
    )
    book = Rulebook(rules=(rule,), routes=(), sources=(SourceTraits(name="portal", step=STEP),))
    return Replay(book, [Asked(QUERY, (rule,), STEP)])


def answers(rows: NodeList, bad: float) -> list[Figures]:
    """Figures of every node that wobble, those of always the same 1 % around `bad`."""
    found = []
    for seed in range(24):
        dice = np.random.default_rng(seed)
        column = dice.uniform(10, 60, NODES)
        column[::100] = bad * dice.uniform(0.99, 1.01, NODES // 100)
        found.append(Figures(rows, {"network_response_time": column}))
    return found


def measured(condition: str, usual: list[Figures], now: list[Figures]) -> tuple[float, float, float]:
    """Seconds per reading once there is a week: median, mean and most."""
    run, times = replay(condition), []
    for number in range(WEEK + MEASURED):
        at = BEGIN + number * STEP
        figures = (usual if number < WEEK else now)[number % len(usual)]
        reading = Reading(QUERY, at, at, figures)
        if number < WEEK:
            run.remember(reading)
            continue
        start = perf_counter()
        run.feed(reading)
        times.append(perf_counter() - start)
    active = sum(int(alerts.active.sum()) for one in run.memory.books.values() for alerts in one.alerts.values())
    assert active in (NODES // 100, 0), active
    return median(times[3:]), sum(times[3:]) / len(times[3:]), max(times[3:])


def main() -> None:
    """Print the ratios."""
    rows = NodeList.of([(f"country{n % 50}", f"site{n % 2000}", f"entity{n}") for n in range(NODES)])
    figures = answers(rows, bad=35.0), answers(rows, bad=2000.0)
    print(f"one reading, {NODES:,} nodes, 1 rule, 1 % breaching, samples every 10 min")
    plain = measured(WAYS[0][1], *figures)
    for name, condition in WAYS:
        middle, mean, most = plain if condition == WAYS[0][1] else measured(condition, *figures)
        told = f"  {name:<27}: {middle * 1000:7.2f} ms, mean {mean * 1000:7.2f} ms, at most {most * 1000:7.1f} ms"
        print(told + f"   {middle / plain[0]:.2f} times the fixed limit, mean {mean / plain[1]:.2f}")


if __name__ == "__main__":
    main()
