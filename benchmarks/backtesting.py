"""A month of tier M replayed: 20 services, 300 nodes each, every ten minutes, old rules beside new ones.

Series x steps per second of the replay, reading from the database included, against a Python object for each alert that
judges the same figures already in memory, and against promtool where it is installed, in the same run. Fewer days give the
same rates; more nodes in a reading a higher one.

Run: python -m benchmarks.backtesting [--days 30] [--services 20] [--nodes 300] [--archive]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.deciding import LIMITS, Alert
from benchmarks.rehearsing import Story, promtool
from sentinel.backtest.past import Place
from sentinel.backtest.sides import Job, extent, side_by_side
from sentinel.domain.hierarchy import NodeList
from sentinel.domain.reading import Figures, Query, Reading
from sentinel.engine.importing import take_in
from sentinel.store import archiving
from sentinel.store.database import Database
from sentinel.store.migrations import upgrade

STEP, DAY = 600.0, 86400.0
BEGIN = 1_772_409_600.0  # 2026-03-02, midnight UTC
SAMPLE = 200
"""Readings that the objects judge: they are too slow for all."""

RULES = """
[[source]]
name = "portal"
url = "https://portal.example.com"

[[rule]]
id = "errors"
service = "*"
hierarchy = "Location"
level = "Site"
only_if = "devices >= 5"
warning = "devices_with_errors / devices > {warning}%"
critical = {{ breach = "devices_with_errors / devices > 15%", clear = "devices_with_errors / devices < 8%" }}

[[rule]]
id = "slow"
service = "*"
hierarchy = "Location"
level = "Site"
warning = "network_response_time > 300ms"

[[rule]]
id = "failed"
service = "*"
hierarchy = "Location"
level = "Site"
warning = "failed_connections / connections > 5%"

[[receiver]]
name = "team"
console = true

[[route]]
to = "team"
"""


@dataclass(frozen=True)
class Company:
    """So many services, each reported for so many sites."""

    services: int
    nodes: int

    def readings(self, days: float) -> Iterator[Reading]:
        """In order. Every three hours two services begin to fail at up to thirty sites: sixteen outages a day."""
        dice = np.random.default_rng(7)
        rows = [
            NodeList.of([("Europe", f"Country {n // 20}", f"Site {service}-{n}") for n in range(self.nodes)])
            for service in range(self.services)
        ]
        queries = [Query("portal", f"Service {service}", "Location", "Site") for service in range(self.services)]
        devices = dice.integers(20, 400, (self.services, self.nodes)).astype(np.float64)
        bad = np.zeros((self.services, self.nodes), bool)
        for step in range(round(days * DAY / STEP)):
            if step % 18 == 0:
                bad[:] = False
                for service in dice.choice(self.services, min(2, self.services), replace=False):
                    bad[service, dice.choice(self.nodes, dice.integers(3, 30), replace=False)] = True
            for service in range(self.services):
                yield _answer(dice, queries[service], rows[service], devices[service], bad[service], step)


def _answer(
    dice: np.random.Generator, query: Query, rows: NodeList, devices: np.ndarray, bad: np.ndarray, step: int
) -> Reading:
    connections = devices * 30.0
    columns = {
        "devices": devices,
        "devices_with_errors": np.floor(devices * np.where(bad, 0.2, 0.01)),
        "users": devices - 3.0,
        "connections": connections,
        "failed_connections": np.floor(connections * np.where(bad, 0.08, 0.001)),
        "network_response_time": np.round(dice.uniform(20, 120, devices.size), 1),
    }
    at = BEGIN + step * STEP
    return Reading(query, at + 5.0, at, Figures(rows, columns))


def objects(readings: list[Reading]) -> float:
    """Series x steps per second of an object for each alert, its rows already taken apart."""
    assert readings[0].figures is not None
    alerts = [[Alert(limit) for limit in LIMITS] for _ in readings[0].figures.rows.nodes]
    took = 0.0
    for one in readings:
        assert one.figures is not None
        names = list(one.figures.columns)
        rows = [dict(zip(names, cells, strict=True)) for cells in zip(*one.figures.columns.values(), strict=True)]
        began = time.perf_counter()
        for row, three in zip(rows, alerts, strict=True):
            for alert in three:
                alert.turn(row, one.at)
        took += time.perf_counter() - began
    return len(readings) * len(alerts) * len(LIMITS) / took


def promtool_rate() -> float | None:
    """Series x steps per second of `promtool test rules` at its best size; None where it is not installed."""
    story = Story(2_000, 200)
    with tempfile.TemporaryDirectory() as folder:
        seconds = promtool(story, Path(folder))
    return None if seconds is None else story.series * story.steps / seconds


def main() -> int:
    """As the module says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backtesting", description=__doc__)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--services", type=int, default=20)
    parser.add_argument("--nodes", type=int, default=300)
    parser.add_argument("--archive", action="store_true", help="replay an archive instead of a database")
    given = parser.parse_args()
    company = Company(given.services, given.nodes)
    with tempfile.TemporaryDirectory() as folder:
        place = _recorded(Path(folder), company, given.days, archive=given.archive)
        jobs = [
            Job(file=name, text=RULES.format(warning=warning), place=place, since=BEGIN, until=BEGIN + given.days * DAY)
            for name, warning in (("old", 5), ("new", 10))
        ]
        readings = extent(jobs[1])
        began = time.perf_counter()
        old, new = side_by_side(*jobs, readings)
        took = time.perf_counter() - began
    rate = 2 * readings * company.nodes * len(LIMITS) / took
    print(f"{given.days:g} days of {company.services} services, {company.nodes} nodes each: {readings:,} readings")
    print(f"three rules, old and new, replayed in {took:.1f} s; {len(old.told):,} and {len(new.told):,} notices")
    some = [one for one, _ in zip(company.readings(1), range(SAMPLE * company.services), strict=False)]
    other, theirs = objects(some[:: company.services]), promtool_rate()
    print(f"  Sentinel            : {rate:12,.0f} series x steps a second")
    print(f"  an object per alert : {other:12,.0f}, states only; Sentinel {rate / other:.1f} times")
    if theirs is not None:
        print(f"  promtool test rules : {theirs:12,.0f}; Sentinel {rate / theirs:.1f} times")
    return 0


def _recorded(folder: Path, company: Company, days: float, *, archive: bool) -> Place:
    if archive:
        archiving.write(folder / "history.npz", company.readings(days))
        return Place(archive=folder / "history.npz")
    url = f"sqlite:///{folder / 'sentinel.db'}"
    upgrade(url)
    db = Database.open(url)
    take_in(db, company.readings(days))
    db.close()
    return Place(database=url)


if __name__ == "__main__":
    sys.exit(main())
