"""Planned work: the windows of the rules file, and what was declared on the spot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sentinel.domain.calendars import Maintenance
from sentinel.history.record import Record, iso
from sentinel.history.silences import MATCHERS, silences
from sentinel.store.silences import matchers_row

AHEAD = 400 * 86400
"""Seconds ahead in which the next windows are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One of them: `line` in the rules file or `id` of what was declared on the spot.

    `state`: `active`, `pending` or `over`. `windows`: (start, end) in Unix seconds, the one that runs or comes next
    first; of what is over the last one, where it is known.
    """

    name: str
    state: str
    matchers: dict[str, list[str]]
    windows: tuple[tuple[float, float], ...]
    line: int | None = None
    id: str | None = None
    author: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As `maintenance list --json` has it."""
        return {
            "name": self.name,
            "state": self.state,
            **{name: self.matchers.get(name, []) for name in MATCHERS},
            "windows": [{"starts_at": iso(start), "ends_at": iso(end)} for start, end in self.windows],
            "line": self.line,
            "id": self.id,
            "author": self.author,
        }


def planned(windows: Iterable[Maintenance], record: Record, at: float, count: int) -> Iterator[Planned]:
    """Those of the file in its order, then those on the spot; of each at most `count` windows."""
    for one in windows:
        known = [(float(start), float(end)) for start, end in _windows(one, int(at))]
        left = [(start, end) for start, end in known if end > at]
        state = "over" if not left else "active" if left[0][0] <= at else "pending"
        shown = left[:count] or known[-1:]
        matchers = {name: list(texts) for name, texts in matchers_row(one.matchers).items()}
        yield Planned(name=one.name, state=state, matchers=matchers, windows=tuple(shown), line=one.line)
    for row in silences(record, at, maintenance=True):
        yield Planned(
            name=row.reason,
            state="over" if row.state == "expired" else row.state,
            matchers=row.matchers,
            windows=((row.starts_at, row.over_at),),
            id=row.id,
            author=row.author,
        )


_BACK = 32 * 86400
"""Seconds: so long ago a window that still runs may have begun."""


def _windows(one: Maintenance, at: int) -> list[tuple[int, int]]:
    if one.start is not None and one.end is not None:
        return [(one.start, one.end)]
    return one.spans(at - _BACK, at + AHEAD).pairs()
