"""A small past for backtests: two nodes, polled every five minutes, their figures one's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from sentinel.config.loader import load
from sentinel.domain.asking import needed
from sentinel.domain.hierarchy import NodeList, parse_node
from sentinel.domain.reading import Failure, Figures, Query, Reading, Reason
from sentinel.domain.rules import Service
from sentinel.engine.importing import take_in
from sentinel.engine.tick import Ticker
from sentinel.store.database import Database
from tests.fakes.clock import FakeClock

START, POLL = 1_772_438_400.0, 300.0  # 2026-03-02T08:00:00Z
QUERY = Query("portal", "Mail", "Location", "Site")
NODE_0, NODE_1 = "Europe/node0", "Europe/node1"
STORY = {NODE_0: (75, 85, 95, 105, 105, 95, 85), NODE_1: (80, 90, 100, 110, 120, 130, 140)}
"""The figures of case FOR-02 of the conformance cases; the rule asks for less than 100."""

RULES = """
[defaults]
every = "5m"
for = "{hold}"
recover_for = "0s"
timezone = "UTC"
reopen_within = "0s"

[[source]]
name = "portal"
url = "https://portal.example.com"
step = "5m"
columns = {{ quality = {{ column = "Quality" }} }}

[[rule]]
id = "{rule}"
service = "Mail"
hierarchy = "Location"
level = "{level}"
rollup = false
warning = "quality < 100"

[[receiver]]
name = "team"
slack = {{ channel = "#team" }}

[[route]]
to = "team"
"""


def rules(
    folder: Path, name: str = "rules.toml", *, hold: str = "60s", rule: str = "quality", level: str = "Site"
) -> Path:
    """A rules file in that folder."""
    path = folder / name
    path.write_text(RULES.format(hold=hold, rule=rule, level=level))
    return path


def readings(
    story: Mapping[str, Sequence[float | None]], query: Query = QUERY, *, start: float = START
) -> Iterator[Reading]:
    """One reading a poll; None for a node that is missing, and no node at all for a poll that failed."""
    for number in range(max(map(len, story.values()))):
        at = start + number * POLL
        found = {node: values[number] for node, values in story.items() if values[number] is not None}
        if not found:
            yield Reading(query, at, at, None, Failure(Reason.SERVER_ERROR, "the Portal said 500"))
            continue
        rows = NodeList.of([parse_node(node) for node in found])
        yield Reading(query, at, at, Figures(rows, {"quality": np.array(list(found.values()), np.float64)}))


def recorded(url: str, story: Mapping[str, Sequence[float | None]] = STORY) -> str:
    """The database at that URL with the story in it; the URL."""
    db = Database.open(url)
    take_in(db, readings(story))
    db.close()
    return url


def lived(url: str, file: Path, story: Mapping[str, Sequence[float | None]], *, start: float = START) -> str:
    """A database in which these rules have judged the story live; the URL."""
    loaded = load(file)
    db = Database.open(url)
    ticker = Ticker(db, loaded.rulebook, FakeClock(start))
    [asked] = needed(loaded.rulebook, [Service("portal", "Mail", "")])

    async def judge() -> None:
        for reading in readings(story, start=start):
            await ticker.record(asked, reading)

    asyncio.run(judge())
    db.close()
    return url
