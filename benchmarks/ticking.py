"""A whole tick of the same reading, from asking over HTTP to the commit on SQLite, against the bare steps of it.

Run: python -m benchmarks.ticking
"""

from __future__ import annotations

import asyncio
import http.client
import logging
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

import numpy as np
import orjson
import structlog

from benchmarks.deciding import METRICS, NODES, QUERY, median, rules
from benchmarks.moments import Moments
from benchmarks.serving import LEVELS, portal
from sentinel.collect import nexthink
from sentinel.collect.settings import NexthinkSettings
from sentinel.domain.asking import Asked
from sentinel.domain.records import Plan
from sentinel.domain.rules import Rulebook, SourceTraits
from sentinel.engine import tick
from sentinel.engine.tick import Ticker
from sentinel.store import readings
from sentinel.store.database import Database
from sentinel.store.migrations import upgrade

WARM_UP = 3
ROUNDS = 7
LARGE = 2**30
"""Bytes that one answer may have; far more than it has."""


@dataclass
class Stopwatch:
    """Seconds spent in functions while they are watched."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def watching(self, watched: dict[str, tuple[ModuleType, str]]) -> Iterator[None]:
        """Put a timer around module-level functions for a while."""
        originals = {label: getattr(module, name) for label, (module, name) in watched.items()}
        for label, (module, name) in watched.items():
            setattr(module, name, self._timed(label, originals[label]))
        try:
            yield
        finally:
            for label, (module, name) in watched.items():
                setattr(module, name, originals[label])

    def _timed(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.spent[label] = self.spent.get(label, 0.0) + perf_counter() - start

        return timed


WATCHED: dict[str, tuple[ModuleType, str]] = {
    "parse": (nexthink, "parse"),
    "decide": (tick, "plan"),
    "commit": (tick, "commit"),
    "pack": (readings, "pack"),
}


class Sentinel:
    """The product: its source, its ticker, its database."""

    def __init__(self, port: int, directory: Path) -> None:
        url = f"sqlite:///{directory / 'sentinel.db'}"
        upgrade(url)
        self.clock = Moments()
        self.source = nexthink.NexthinkSource(
            NexthinkSettings(
                name="portal",
                url=f"http://127.0.0.1:{port}/sentinel",
                services={QUERY.service: "uid"},
                levels={QUERY.hierarchy: LEVELS},
                max_raw_bytes=LARGE,
                max_unpacked_bytes=LARGE,
            ),
            self.clock,
        )
        self.db = Database.open(url)
        chosen = rules()
        self.asked = Asked(QUERY, chosen, 600.0)
        book = Rulebook(rules=chosen, routes=(), sources=(SourceTraits(name="portal"),))
        self.ticker = Ticker(self.db, book, self.clock)

    async def turn(self) -> tuple[dict[str, float], int]:
        """One tick: seconds by stage, and how many alert rows it wrote."""
        self.clock.at += 600.0
        watch = Stopwatch()
        with watch.watching(WATCHED):
            start = perf_counter()
            reading = await self.source.ask(QUERY)
            answered = perf_counter()
            done = await self.ticker.record(self.asked, reading)
            end = perf_counter()
        assert done is not None, self.ticker.trouble
        assert reading.figures is not None, reading.failure
        spent = watch.spent
        spent["fetch"] = answered - start - spent["parse"]
        spent["commit"] -= spent["pack"]
        spent["whole"] = end - start
        spent["rest"] = spent["whole"] - sum(spent[stage] for stage in ("fetch", "parse", "decide", "pack", "commit"))
        return spent, written(done)

    async def close(self) -> None:
        """Let go of everything."""
        await self.source.close()
        self.db.close()


def written(done: Plan) -> int:
    """How many alert rows a plan writes."""
    return sum(part.positions.size for part in done.changed)


class Bare:
    """The same work with nothing around it: GET, orjson, numpy columns, three comparisons, one transaction."""

    def __init__(self, port: int, directory: Path) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", port)
        self.db = sqlite3.connect(directory / "bare.db", isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute(
            "CREATE TABLE alerts (rule TEXT, node TEXT, state TEXT, since REAL, value REAL, PRIMARY KEY (rule, node))"
        )

    def turn(self, at: float, count: int) -> dict[str, float]:
        """One tick that writes `count` rows: seconds by stage."""
        start = perf_counter()
        self.http.request("GET", "/bare")
        body = self.http.getresponse().read()
        fetched = perf_counter()
        rows = orjson.loads(body)
        columns = {name: np.array([row[name] for row in rows], np.float64) for name in METRICS}
        parsed = perf_counter()
        c = columns
        found = (
            (c["devices_with_errors"] / c["devices"], np.float64(0.1)),
            (c["failed_connections"] / c["connections"], np.float64(0.2)),
            (np.where(c["devices"] >= 5, c["network_response_time"], np.nan), np.float64(150)),
        )
        bad = [(values, np.flatnonzero(values > limit)) for values, limit in found]
        decided = perf_counter()
        changed = [
            (f"rule-{number}", "/".join(rows[i][level] for level in LEVELS), "critical", at, float(values[i]))
            for number, (values, where) in enumerate(bad)
            for i in where
        ]
        self.db.execute("BEGIN IMMEDIATE")
        self.db.executemany("INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?)", changed[:count])
        self.db.execute("COMMIT")
        end = perf_counter()
        return {
            "fetch": fetched - start,
            "parse": parsed - fetched,
            "decide": decided - parsed,
            "commit": end - decided,
            "whole": end - start,
        }

    def close(self) -> None:
        """Let go of everything."""
        self.http.close()
        self.db.close()


async def measure(port: int, directory: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Median seconds by stage of Sentinel and of the bare steps, taken in turns."""
    sentinel = Sentinel(port, directory)
    ours, theirs = [], []
    with closing(Bare(port, directory)) as bare:
        for number in range(WARM_UP + ROUNDS):
            mine, rows = await sentinel.turn()
            plain = bare.turn(sentinel.clock.at, rows)
            if number >= WARM_UP:
                ours.append({**mine, "rows": rows})
                theirs.append(plain)
    await sentinel.close()
    return medians(ours), medians(theirs)


def medians(times: list[dict[str, float]]) -> dict[str, float]:
    """The median of every stage."""
    return {stage: median([one[stage] for one in times]) for stage in times[0]}


def main() -> None:
    """Print the ratio and where the time goes."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with portal() as port, tempfile.TemporaryDirectory() as directory:
        ours, theirs = asyncio.run(measure(port, Path(directory)))
    print(
        f"a whole tick, {NODES:,} nodes x {len(METRICS)} metrics, HTTP body to commit, {ours['rows']:,.0f} rows changed"
    )
    print(f"  the bare steps : {theirs['whole'] * 1000:8.1f} ms")
    print(f"  Sentinel       : {ours['whole'] * 1000:8.1f} ms   {ours['whole'] / theirs['whole']:.2f} times (target 2)")
    for stage in ("fetch", "parse", "decide", "pack", "commit", "rest"):
        plain = f"{theirs[stage] * 1000:8.1f} ms" if stage in theirs else "       --   "
        print(f"    {stage:13}: {ours[stage] * 1000:8.1f} ms   bare {plain}")


if __name__ == "__main__":
    main()
