"""How the queries fare: answered, failing, or not asked for too long."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sentinel.history.record import Node, Record, maybe_iso, maybe_seconds, seconds, words

STALE_AFTER = 3.0
"""A query whose last reading is older than so many of its intervals is stale: nobody is asking."""

USUAL_INTERVAL = 600.0
"""Seconds between two readings where fewer than two are kept: Nexthink's figures move every ten minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryStatus:
    """A query and how it fares: `ok`, `failing`, `waiting` (never asked) or `stale` (not asked for too long).

    `interval` in seconds is the usual distance between its last readings. `trouble` is a sentence, empty when good.
    """

    source: str
    service: str
    hierarchy: str
    level: str | None
    path: Node | None
    scope: str
    last_reading_at: float | None
    last_good_at: float | None
    interval: float
    state: str
    trouble: str = ""
    hint: str = ""

    def as_json(self) -> dict[str, Any]:
        """As `status --json` has it."""
        return {
            "source": self.source,
            "service": self.service,
            "hierarchy": self.hierarchy,
            "level": self.level,
            "path": None if self.path is None else list(self.path),
            "scope": self.scope,
            "last_reading_at": maybe_iso(self.last_reading_at),
            "last_good_at": maybe_iso(self.last_good_at),
            "interval": self.interval,
            "state": self.state,
            "trouble": self.trouble or None,
        }


_QUERIES = """
SELECT q.key, q.last_reading_at, q.last_good_at, q.failure_text, q.failure_hint,
       (SELECT r.at FROM readings r WHERE r.query = q.digest ORDER BY r.at DESC LIMIT 1 OFFSET 0),
       (SELECT r.at FROM readings r WHERE r.query = q.digest ORDER BY r.at DESC LIMIT 1 OFFSET 1),
       (SELECT r.at FROM readings r WHERE r.query = q.digest ORDER BY r.at DESC LIMIT 1 OFFSET 2),
       (SELECT r.at FROM readings r WHERE r.query = q.digest ORDER BY r.at DESC LIMIT 1 OFFSET 3)
FROM queries q
WHERE q.asked
"""


def queries(record: Record, at: float) -> list[QueryStatus]:
    """All queries that the rules ask now, as they fare at `at` (Unix seconds)."""
    found = []
    for key, last, good, failure, hint, *latest in record.rows(_QUERIES, {}):
        source, service, hierarchy, level, path, scope = json.loads(words(key))
        interval = _interval([seconds(moment) for moment in latest if moment is not None])
        last_at = maybe_seconds(last)
        state = "waiting" if last_at is None else "ok" if failure is None else "failing"
        if last_at is not None and at - last_at > STALE_AFTER * interval:
            state = "stale"
        one = QueryStatus(
            source=source,
            service=service,
            hierarchy=hierarchy,
            level=level,
            path=None if path is None else tuple(path),
            scope=scope,
            last_reading_at=last_at,
            last_good_at=maybe_seconds(good),
            interval=interval,
            state=state,
            trouble=words(failure),
            hint=words(hint),
        )
        found.append(one)
    found.sort(key=lambda one: (one.source, one.service, one.hierarchy, one.level or "", one.path or ()))
    return found


def _interval(latest: list[float]) -> float:
    """The middle distance of the last readings, newest first: one early retry or one long pause does not move it."""
    gaps = sorted(newer - older for newer, older in pairwise(latest))
    return round(gaps[(len(gaps) - 1) // 2], 3) if gaps else USUAL_INTERVAL
