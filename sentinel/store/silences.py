"""Silences: rows to domain objects and back. Any process may write one; whoever judges reads them at every tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from sentinel.domain.hierarchy import NodePattern
from sentinel.domain.matchers import Matchers
from sentinel.domain.mutes import Silence
from sentinel.domain.patterns import NamePattern
from sentinel.errors import NotFound
from sentinel.store.columns import Moment
from sentinel.store.database import Database
from sentinel.store.inserting import Row
from sentinel.store.tables import silences


def _lasts(after: Any) -> ColumnElement[bool]:
    """Whether it is not over at an instant, whoever ended it."""
    not_ended = silences.c.expired_at.is_(None) | (silences.c.expired_at > after)
    lasts: ColumnElement[bool] = (silences.c.ends_at > after) & not_ended
    return lasts


_IN_ORDER = select(silences).order_by(silences.c.starts_at, silences.c.id)
_LASTING = _IN_ORDER.where(_lasts(bindparam("at", type_=Moment)))


def lasting(db: Database, at: float) -> tuple[Silence, ...]:
    """Those that are not over at that instant (Unix seconds), begun or not: all that a tick at that instant needs."""
    with db.reading() as connection:
        return tuple(silence_from(row) for row in connection.execute(_LASTING, {"at": at}))


def planned_work(db: Database, start: float, end: float) -> tuple[Silence, ...]:
    """Those that are maintenance and held at some instant in [start, end), Unix seconds: from `starts_at` to `over_at`."""
    held = silences.c.maintenance & (silences.c.starts_at < end) & _lasts(start)
    with db.reading() as connection:
        found = [silence_from(row) for row in connection.execute(_IN_ORDER.where(held))]
    return tuple(one for one in found if one.over_at > one.starts_at)


def every(db: Database) -> tuple[Silence, ...]:
    """All that are on record, the oldest first."""
    with db.reading() as connection:
        return tuple(silence_from(row) for row in connection.execute(_IN_ORDER))


def add(db: Database, silence: Silence) -> None:
    """Put one on record.

    Raises:
        StoreBusy: nobody knows whether it is there; adding it again is refused where it is.
    """
    with db.transaction() as connection:
        connection.execute(insert(silences), [_row(silence)])


def expire(db: Database, name: str, by: str, at: float) -> tuple[Silence, bool]:
    """End one now. It as it is afterwards, and whether it was this that ended it; one that is over stays as it is.

    Raises:
        NotFound: none has that id.
    """
    with db.transaction() as connection:
        ended = update(silences).where((silences.c.id == name) & _lasts(at)).values(expired_at=at, expired_by=by)
        changed = connection.execute(ended).rowcount
        row = connection.execute(select(silences).where(silences.c.id == name)).first()
    if row is None:
        raise NotFound(f"there is no silence {name!r}", hint="`sentinel silences list` shows those that there are")
    return silence_from(row), bool(changed)


def purge(db: Database, before: float) -> int:
    """Forget what was over before that instant; how many went."""
    over = ~_lasts(before)
    with db.transaction() as connection:
        return connection.execute(delete(silences).where(over)).rowcount


def _row(one: Silence) -> Row:
    return {
        "id": one.id,
        "matchers": matchers_row(one.matchers),
        "author": one.author,
        "reason": one.reason,
        "maintenance": one.maintenance,
        "created_at": one.created_at,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "expired_at": one.expired_at,
        "expired_by": one.expired_by,
    }


def matchers_row(matchers: Matchers) -> Mapping[str, list[str]]:
    """What is asked for, by name, as texts."""
    asked = {field.name: getattr(matchers, field.name) for field in fields(Matchers)}
    return {
        name: [getattr(pattern, "text", pattern) for pattern in patterns]
        for name, patterns in asked.items()
        if patterns
    }


def matchers_from(stored: Mapping[str, list[str]]) -> Matchers:
    """The reverse."""
    kinds: Mapping[str, Any] = {"node": NodePattern, "severity": str}
    return Matchers(
        **{name: tuple(kinds.get(name, NamePattern)(text) for text in texts) for name, texts in stored.items()}
    )


def silence_from(row: Any) -> Silence:
    """The silence of a row of the table."""
    return Silence(
        id=row.id,
        matchers=matchers_from(row.matchers),
        author=row.author,
        reason=row.reason,
        created_at=row.created_at,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        maintenance=row.maintenance,
        expired_at=row.expired_at,
        expired_by=row.expired_by,
    )
