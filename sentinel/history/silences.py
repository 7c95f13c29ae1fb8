"""Silences, and planned work that was declared on the spot: those that last, those to come, those that are over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sentinel.errors import NotFound
from sentinel.history.filters import name_test, node_test
from sentinel.history.record import Node, Record, iso, maybe_iso, maybe_seconds, maybe_words, seconds, words

if TYPE_CHECKING:
    from sentinel.domain.mutes import Silence

STATES = ("active", "pending", "expired")
MATCHERS = ("source", "service", "rule", "node", "owner", "severity")


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceRow:
    """One silence. Instants in Unix seconds. `matchers`: what it is meant for, each as globs; none: all of that kind.

    `state` as of when it was asked for. `ends_at` as planned; `expired_at` when somebody ended it before.
    """

    id: str
    state: str
    matchers: dict[str, list[str]]
    author: str
    reason: str
    maintenance: bool
    created_at: float
    starts_at: float
    ends_at: float
    expired_at: float | None
    expired_by: str | None

    @property
    def over_at(self) -> float:
        """When it really ends."""
        return self.ends_at if self.expired_at is None else max(self.starts_at, min(self.ends_at, self.expired_at))

    @property
    def text(self) -> str:
        """As the reason why something was not told has it; `domain.mutes.Silence.text` is the same."""
        return f"{'maintenance' if self.maintenance else 'silence'} {self.id}: {self.reason} ({self.author})"

    def as_json(self) -> dict[str, Any]:
        """As `silences list --json` has it."""
        return {
            "id": self.id,
            "state": self.state,
            **{name: self.matchers.get(name, []) for name in MATCHERS},
            "author": self.author,
            "reason": self.reason,
            "maintenance": self.maintenance,
            "created_at": iso(self.created_at),
            "starts_at": iso(self.starts_at),
            "ends_at": iso(self.ends_at),
            "expired_at": maybe_iso(self.expired_at),
            "expired_by": self.expired_by,
        }


_SELECT = """
SELECT id, matchers, author, reason, maintenance, created_at, starts_at, ends_at, expired_at, expired_by FROM silences
"""
_LASTING = " WHERE ends_at > :at AND (expired_at IS NULL OR expired_at > :at) AND starts_at <= :at"


def silences(record: Record, at: float, *, maintenance: bool | None = None) -> list[SilenceRow]:
    """All on record as of `at`: active ones by their end, pending ones by their start, then the latest that are over."""
    found = [one for one in _rows(record, _SELECT, {}, at) if maintenance is None or one.maintenance is maintenance]
    return [
        *sorted((one for one in found if one.state == "active"), key=lambda one: (one.over_at, one.id)),
        *sorted((one for one in found if one.state == "pending"), key=lambda one: (one.starts_at, one.id)),
        *sorted((one for one in found if one.state == "expired"), key=lambda one: (-one.over_at, one.id)),
    ]


def row_of(silence: Silence, at: float) -> SilenceRow:
    """A silence as a row, in its state at `at`."""
    from sentinel.store.silences import matchers_row  # noqa: PLC0415  # brings numpy with it

    matchers = {name: list(texts) for name, texts in matchers_row(silence.matchers).items()}
    names = [name for name in SilenceRow.__dataclass_fields__ if name not in ("matchers", "state")]
    plain: dict[str, Any] = {name: getattr(silence, name) for name in names}
    return SilenceRow(matchers=matchers, state=silence.state(at), **plain)


def in_force(record: Record, at: float) -> list[SilenceRow]:
    """Those that mute at `at`, the oldest first: in the order in which the plan asks them."""
    found = _rows(record, _SELECT + _LASTING, {"at": record.instant(at)}, at)
    return sorted(found, key=lambda one: (one.starts_at, one.id))


def silence_id(record: Record, name: str) -> str:
    """The id that is meant by a whole id or the beginning of one, with or without its `sl-`.

    Raises:
        NotFound: there is none, or several begin like that.
    """
    ids = [row[0] for row in record.rows("SELECT id FROM silences ORDER BY starts_at, id", {})]
    for start in (name, f"sl-{name}"):
        begin = [one for one in ids if name and one.startswith(start)]
        if start in ids or len(begin) == 1:
            return start if start in ids else begin[0]
        if begin:
            shown = ", ".join(begin[:5]) + (" ..." if len(begin) > len(begin[:5]) else "")
            raise NotFound(
                f"{len(begin)} silences begin with {name!r}", hint=f"one more letter tells them apart: {shown}"
            )
    raise NotFound(f"there is no silence {name!r}", hint="`sentinel silences list` shows those that there are")


Aim = Callable[..., bool]


def aim_of(row: SilenceRow) -> Aim:
    """Whether the silence is meant for an alert or an incident, given by its names. As `domain.mutes.matches` says."""
    asked = row.matchers
    by_name = {name: name_test(tuple(asked.get(name, ()))) for name in ("source", "service", "rule", "owner")}
    covered, severities = node_test(tuple(asked.get("node", ()))), asked.get("severity", ())
    named = bool(asked.get("rule") or asked.get("source"))

    def meant(*, rule: str, service: str | None, source: str, owner: str, node: Node, severity: str | None) -> bool:
        if source == "sentinel" and not named:
            return False
        names = {"source": source, "service": service, "rule": rule, "owner": owner}
        fits = all(by_name[name](value) for name, value in names.items())
        return fits and covered(node) and (not severities or severity in severities)

    return meant


def _rows(record: Record, select: str, values: dict[str, Any], at: float) -> Iterator[SilenceRow]:
    for name, matchers, author, reason, planned, created, starts, ends, expired, by in record.rows(select, values):
        one = SilenceRow(
            id=name,
            state="",
            matchers=json.loads(matchers),
            author=words(author),
            reason=words(reason),
            maintenance=bool(planned),
            created_at=seconds(created),
            starts_at=seconds(starts),
            ends_at=seconds(ends),
            expired_at=maybe_seconds(expired),
            expired_by=maybe_words(by),
        )
        yield _in_state(one, at)


def _in_state(one: SilenceRow, at: float) -> SilenceRow:
    over = at >= one.over_at or (one.expired_at is not None and at >= one.expired_at)
    state = "expired" if over else "active" if at >= one.starts_at else "pending"
    return replace(one, state=state)
