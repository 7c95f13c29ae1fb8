"""What a channel has of an incident: its message, or the digest that tells of it, and as of when it shows the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, String, bindparam, exists, func, select, update

from sentinel.domain.incidents import Incident
from sentinel.domain.rules import Address
from sentinel.store.columns import Moment
from sentinel.store.database import Database
from sentinel.store.incidents import incident_from
from sentinel.store.inserting import put
from sentinel.store.lease import check_epoch
from sentinel.store.notices import Lane, lane_digest
from sentinel.store.tables import incidents, is_undelivered, notices, threads

_EDITABLE = ("slack", "console")
"""Channels whose messages can be changed after they were sent."""

NOT_SHOWN = 0.0
"""When an incident had changed, of which a message shows nothing: no incident is as old as that."""


@dataclass(frozen=True, slots=True)
class Thread:
    """What a channel gave back for the root message, and as of when the message shows the incident.

    `digest`: the key of the digest whose root it is, for an incident that has no message of its own.
    """

    ref: Mapping[str, str]
    last_edit_at: float
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class StaleDigest:
    """A digest that shows an older state of some of its incidents."""

    key: str
    address: Address


def thread_of(db: Database, lane: Lane) -> Thread | None:
    """What the channel gave back for the incident's message; None when nothing was delivered there yet."""
    mine = threads.c.lane == lane_digest(lane.incident, lane.address)
    return _thread(db, mine)


def digest_of(db: Database, key: str) -> Thread | None:
    """What the channel gave back for a digest's root; None when there is none."""
    return _thread(db, threads.c.bundle == key)


def _thread(db: Database, which: Any) -> Thread | None:
    found = select(threads.c.ref, threads.c.last_edit_at, threads.c.bundle).where(which).limit(1)
    with db.reading() as connection:
        row = connection.execute(found).first()
    return Thread(row.ref, row.last_edit_at, row.bundle) if row is not None else None


def members(db: Database, digest: str | None, more: Iterable[str]) -> list[Incident]:
    """The incidents that a digest tells of, and those named beside, oldest first."""
    names = sorted(set(more))
    told = select(threads.c.incident).where(threads.c.bundle == digest) if digest is not None else None
    which = incidents.c.id.in_(names) if told is None else incidents.c.id.in_(names) | incidents.c.id.in_(told)
    with db.reading() as connection:
        found = select(incidents).where(which).order_by(incidents.c.opened_at, incidents.c.id)
        return [incident_from(row) for row in connection.execute(found)]


def names(db: Database, digest: str) -> frozenset[str]:
    """The ids of the incidents that a digest has told of."""
    with db.reading() as connection:
        return frozenset(connection.execute(select(threads.c.incident).where(threads.c.bundle == digest)).scalars())


def stale_lanes(db: Database, at: float, edit_every: float, limit: int = 100) -> list[Lane]:
    """Lanes with nothing to tell whose message shows an older state of the incident, last edited `edit_every` ago.

    An edit that lies ahead was dated by another clock, or by this one before it was set back: it is long enough ago.
    """
    with db.reading() as connection:
        found = connection.execute(_stale_lanes(), {"at": at, "before": at - edit_every, "limit": limit})
        return [Lane(row.incident, Address(row.receiver, row.channel_kind, row.channel_to)) for row in found]


def stale_digests(db: Database, at: float, edit_every: float) -> list[StaleDigest]:
    """Digests that show an older state of an incident, last edited `edit_every` ago."""
    with db.reading() as connection:
        rows = connection.execute(_stale_digests(), {"at": at, "before": at - edit_every}).all()
    return [StaleDigest(row.bundle, Address(row.receiver, row.channel_kind, row.channel_to)) for row in rows]


@cache
def _stale_lanes() -> Select[Any]:
    """Made once, as what is due: both are asked every second."""
    waiting = exists().where((notices.c.lane == threads.c.lane) & is_undelivered)
    return (
        select(threads.c.incident, threads.c.receiver, threads.c.channel_kind, threads.c.channel_to)
        .join(incidents, incidents.c.id == threads.c.incident)
        .where(threads.c.channel_kind.in_(_EDITABLE) & threads.c.bundle.is_(None))
        .where(_is_due())
        .where(~waiting)
        .order_by(threads.c.last_edit_at)
        .limit(bindparam("limit", type_=Integer))
    )


@cache
def _stale_digests() -> Select[Any]:
    return (
        select(
            threads.c.bundle,
            func.min(threads.c.receiver).label("receiver"),
            threads.c.channel_kind,
            threads.c.channel_to,
        )
        .join(incidents, incidents.c.id == threads.c.incident)
        .where(threads.c.channel_kind.in_(_EDITABLE) & threads.c.bundle.is_not(None))
        .where(_is_due())
        .group_by(threads.c.bundle, threads.c.channel_kind, threads.c.channel_to)
        .order_by(threads.c.bundle)
    )


def _is_due() -> ColumnElement[bool]:
    at, before = bindparam("at", type_=Moment), bindparam("before", type_=Moment)
    long_ago = (threads.c.last_edit_at <= before) | (threads.c.last_edit_at > at)
    return (incidents.c.changed_at != threads.c.shown) & long_ago


def distrust(db: Database, since: float, epoch: int | None) -> None:
    """Messages that were written from `since` on are due for an edit, whatever they are on record to show.

    Raises:
        LeaseLost: another instance writes now.
    """
    written = threads.c.channel_kind.in_(_EDITABLE) & (threads.c.last_edit_at >= since)
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        connection.execute(update(threads).where(written).values(shown=NOT_SHOWN))


def edited(
    db: Database,
    lane: Lane,
    at: float,
    epoch: int | None,
    *,
    ref: Mapping[str, str] | None = None,
    shown: float | None = None,
) -> None:
    """The lane's message was brought up to date at `at`, without a notice.

    `shown`: when the incident had changed as the message shows it; None leaves the message for what it is until the
    incident changes again.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        keep(connection, lane, at, ref, edited=True, shown=shown)


def digest_edited(
    db: Database,
    key: str,
    at: float,
    epoch: int | None,
    *,
    ref: Mapping[str, str] | None,
    shown: Iterable[Incident] | None,
) -> None:
    """A digest's root was brought up to date at `at`, and shows these incidents; None as in `edited`.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        if shown is None:
            member = incidents.c.id.in_(select(threads.c.incident).where(threads.c.bundle == key))
            now = connection.execute(select(incidents.c.id, incidents.c.changed_at).where(member))
            then = {row.id: row.changed_at for row in now}
        else:
            then = {one.id: one.changed_at for one in shown}
        keep_digest(connection, key, (), at, ref, shown=then)


def keep(
    connection: Connection,
    lane: Lane,
    at: float,
    ref: Mapping[str, str] | None,
    *,
    edited: bool,
    shown: float | None,
) -> None:
    """Remember a lane's own message, which was made at `at`. `shown` as in `edited`."""
    mine = threads.c.lane == lane_digest(lane.incident, lane.address)
    found = select(threads.c.ref, threads.c.last_edit_at, threads.c.shown, threads.c.bundle).where(mine)
    old = connection.execute(found).first()
    if old is not None and ref is None and not edited:
        return
    known = dict(ref) if ref is not None else (old.ref if old is not None else {})
    bundle = old.bundle if old is not None else None
    if old is not None and not edited:
        at, shown = old.last_edit_at, old.shown
    elif shown is None:
        shown = _changed_at(connection, lane.incident)
    put(connection, threads, [_row(lane, known, at, shown, bundle)])


def keep_digest(
    connection: Connection,
    key: str,
    lanes: Sequence[Lane],
    at: float,
    ref: Mapping[str, str] | None,
    *,
    shown: Mapping[str, float],
) -> None:
    """Remember the digest's root for these lanes too, and for all lanes that it was made for at `at`, wherever it stands.

    `shown`: by incident when it had changed as the digest shows it.
    """
    old = connection.execute(select(threads.c.ref).where(threads.c.bundle == key).limit(1)).first()
    known = dict(ref) if ref is not None else (old.ref if old is not None else {})
    connection.execute(update(threads).where(threads.c.bundle == key).values(ref=known, last_edit_at=at))
    if shown and old is not None:
        mine = (threads.c.bundle == key) & (threads.c.incident == bindparam("one", type_=String))
        member = update(threads).where(mine).values(shown=bindparam("then", type_=Moment))
        connection.execute(member, [{"one": name, "then": changed} for name, changed in shown.items()])
    put(connection, threads, [_row(lane, known, at, shown.get(lane.incident, NOT_SHOWN), key) for lane in lanes])


def shown_as_found(connection: Connection, told: ColumnElement[bool]) -> dict[str, float]:
    """What a message shows that a look-up found, by incident, when nobody remembers what was put into it.

    `told` are its notices. It shows the present state where the incident has not changed since the last of them was
    decided, which the same tick wrote into both; else nobody knows, and it is edited. No clock is asked.
    """
    rows = connection.execute(
        select(notices.c.incident, notices.c.at, incidents.c.changed_at)
        .join(incidents, incidents.c.id == notices.c.incident)
        .where(told)
        .order_by(notices.c.step)
    )
    return {row.incident: row.changed_at if row.changed_at == row.at else NOT_SHOWN for row in rows}


def _changed_at(connection: Connection, incident: str) -> float:
    changed: float | None = connection.execute(
        select(incidents.c.changed_at).where(incidents.c.id == incident)
    ).scalar()
    return NOT_SHOWN if changed is None else changed


def _row(
    lane: Lane, ref: Mapping[str, str], last_edit_at: float, shown: float, digest: str | None
) -> Mapping[str, Any]:
    return {
        "lane": lane_digest(lane.incident, lane.address),
        "incident": lane.incident,
        "receiver": lane.address.receiver,
        "channel_kind": lane.address.kind,
        "channel_to": lane.address.to,
        "ref": dict(ref),
        "last_edit_at": last_edit_at,
        "shown": shown,
        "bundle": digest,
    }
