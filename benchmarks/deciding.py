"""Judging one reading of 100,000 nodes x 10 metrics under 3 rules, 1 % breaching, against an object per alert.

Run: python -m benchmarks.deciding
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from time import perf_counter

import numpy as np

from sentinel.domain.expressions import parse
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.metrics import CATALOGUE
from sentinel.domain.patterns import NamePattern
from sentinel.domain.plan import plan
from sentinel.domain.reading import Figures, Query, Reading
from sentinel.domain.records import Before, Book, BookKey, QueryState
from sentinel.domain.rules import Criteria, Rule, Rulebook, SourceTraits, Threshold

NODES = 100_000
ROUNDS = 7
TURNS = 4
"""How often Sentinel judges all readings in a row: a turn is short, so one disturbance must not decide the median."""

METRICS = tuple(CATALOGUE)[:10]
UNITS = {key: metric.unit for key, metric in CATALOGUE.items()}
CONDITIONS = (
    "devices_with_errors / devices > 10%",
    "failed_connections / connections > 20%",
    "network_response_time > 150ms and devices >= 5",
)
QUERY = Query("portal", "Mail", "Location", "Site")


def rules() -> tuple[Rule, ...]:
    """Three rules of one severity each, for 10 min, recovered for 20 min."""
    return tuple(
        Rule(
            id=f"rule-{number}",
            summary=text,
            services=(NamePattern("*"),),
            source="portal",
            hierarchy="Location",
            levels=("Site",),
            criteria=Criteria(critical=Threshold(breach=parse(text, UNITS), hold=600.0, recover_for=1200.0)),
        )
        for number, text in enumerate(CONDITIONS)
    )


def answer(rows: NodeList, seed: int) -> Figures:
    """Quiet figures with 1 % of the nodes in breach of every rule: the same nodes in every round, figures within 3 %."""
    dice = np.random.default_rng(seed)
    wobble = dice.uniform(0.985, 1.015, NODES)
    columns = {name: dice.uniform(50, 100, NODES) for name in METRICS}
    columns["devices_with_errors"] = dice.uniform(0, 2, NODES)
    columns["failed_connections"] = dice.uniform(0, 2, NODES)
    columns["network_response_time"] = dice.uniform(10, 100, NODES)
    bad = np.random.default_rng(0).choice(NODES, NODES // 100, replace=False)
    columns["devices_with_errors"][bad] = (columns["devices"] * 0.4 * wobble)[bad]
    columns["failed_connections"][bad] = (columns["connections"] * 0.4 * wobble)[bad]
    columns["network_response_time"][bad] = (400.0 * wobble)[bad]
    return Figures(rows, columns)


@dataclass
class Alert:
    """The reference: one object per alert, written the plain way: a condition, two timers, missing data.

    It decides states only: no roll-up, no incidents, no notices.
    """

    condition: Callable[[dict[str, float]], bool | None]
    state: str = "inactive"
    since: float = 0.0
    good_at: float = 0.0
    shown: str = "ok"

    def turn(self, row: dict[str, float], at: float) -> None:  # noqa: C901  # the plain way to write it
        """One sample."""
        breach = self.condition(row)
        if breach is None:
            if at - self.good_at >= 1800:
                self.shown = "unknown"
            return
        self.good_at = at
        if self.state == "inactive":
            if breach:
                self.state, self.since = "pending", at
        elif self.state == "pending":
            if not breach:
                self.state = "inactive"
            elif at - self.since >= 600:
                self.state = "active"
        elif self.state == "active":
            if not breach:
                self.state, self.since = "recovering", at
        elif breach:
            self.state = "active"
        elif at - self.since >= 1200:
            self.state = "inactive"
        self.shown = "critical" if self.state in ("active", "recovering") else "ok"


def errors(row: dict[str, float]) -> bool | None:
    """The first condition, three-valued."""
    a, b = row["devices_with_errors"], row["devices"]
    return None if isnan(a) or isnan(b) or b == 0 else a / b > 0.1


def failures(row: dict[str, float]) -> bool | None:
    """The second."""
    a, b = row["failed_connections"], row["connections"]
    return None if isnan(a) or isnan(b) or b == 0 else a / b > 0.2


def slowness(row: dict[str, float]) -> bool | None:
    """The third."""
    a, b = row["network_response_time"], row["devices"]
    slow, many = (None if isnan(a) else a > 150), (None if isnan(b) else b >= 5)
    if slow is False or many is False:
        return False
    return None if slow is None or many is None else True


LIMITS = (errors, failures, slowness)


def median(times: list[float]) -> float:
    """The middle one."""
    return sorted(times)[len(times) // 2]


def objects(readings: list[Figures]) -> float:
    """Seconds per reading of the reference, its rows already taken apart."""
    alerts = [[Alert(limit) for limit in LIMITS] for _ in range(NODES)]
    times = []
    for number, figures in enumerate(readings[:5]):
        names = list(figures.columns)
        rows = [dict(zip(names, cells, strict=True)) for cells in zip(*figures.columns.values(), strict=True)]
        start = perf_counter()
        for row, mine in zip(rows, alerts, strict=True):
            for alert in mine:
                alert.turn(row, number * 600.0)
        times.append(perf_counter() - start)
    return median(times)


def columns(readings: list[Figures]) -> float:
    """Seconds per reading of Sentinel's plan, from the second reading on."""
    chosen = rules()
    book = Rulebook(rules=chosen, routes=(), sources=(SourceTraits(name="portal"),))
    state = QueryState(query=QUERY)
    books: dict[BookKey, Book] = {}
    times = []
    for number, figures in enumerate(readings * TURNS):
        at = 1_800_000_000.0 + number * 600.0
        reading = Reading(QUERY, at, at, figures)
        start = perf_counter()
        done = plan(book, chosen, Before(query=state, books=books), reading)
        times.append(perf_counter() - start)
        state, books = done.query, {**books, **done.books}
    active = sum(int(alerts.active.sum()) for one in books.values() for alerts in one.alerts.values())
    assert active == 3 * NODES // 100, active
    return median(times[2:])


def numpy_alone(readings: list[Figures]) -> float:
    """Seconds that three bare comparisons over the same columns take: what memory and numpy allow at best."""
    times = []
    for figures in readings:
        c = figures.columns
        start = perf_counter()
        np.flatnonzero(c["devices_with_errors"] / c["devices"] > 0.1)
        np.flatnonzero(c["failed_connections"] / c["connections"] > 0.2)
        np.flatnonzero((c["network_response_time"] > 150) & (c["devices"] >= 5))
        times.append(perf_counter() - start)
    return median(times)


def main() -> None:
    """Print the ratios."""
    rows = NodeList.of([(f"country{n % 50}", f"site{n % 2000}", f"entity{n}") for n in range(NODES)])
    readings = [answer(rows, seed) for seed in range(ROUNDS)]
    ours, theirs, bare = columns(readings), objects(readings), numpy_alone(readings)
    print(f"one reading, {NODES:,} nodes x {len(METRICS)} metrics, {len(CONDITIONS)} rules, 1 % breaching")
    print(f"  an object per alert : {theirs * 1000:8.1f} ms")
    print(f"  Sentinel            : {ours * 1000:8.1f} ms   {theirs / ours:.0f} times faster (target 50)")
    print(f"  numpy's passes alone: {bare * 1000:8.1f} ms   {100 * bare / ours:.0f} % of Sentinel's time")


if __name__ == "__main__":
    main()
