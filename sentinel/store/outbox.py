"""The outbox: what has to be told, in order per lane, and what became of every attempt.

States: waiting -> sending -> delivered, or back to waiting (not accepted), unclear (nobody knows), abandoned.
`not_told` was decided and is kept with its reason. A notice that is `sending` when the program starts is an attempt
with an open outcome: whoever finds it must look it up or say that it may repeat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, or_, select, update

from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.rules import Address, ChannelKind
from sentinel.errors import LeaseLost
from sentinel.store.database import Database
from sentinel.store.inserting import put
from sentinel.store.lease import check_epoch
from sentinel.store.notices import add, lane_digest, notice_from
from sentinel.store.tables import attempts, incidents, is_abandoned, is_undelivered, notices, threads

_EDITABLE = ("slack", "console")
"""Channels whose messages can be changed after they were sent."""


@dataclass(frozen=True, slots=True)
class OutboxNotice:
    """A notice with its delivery so far. Instants in Unix seconds.

    `attempt_started_at` is when the last attempt was recorded. `reason` says what became of it, or why nobody is told.
    """

    id: int
    notice: Notice
    state: str
    attempts: int
    attempt_started_at: float | None
    next_attempt_at: float
    may_repeat: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """One incident at one address. Order is kept within a lane, and only there."""

    incident: str
    address: Address


@dataclass(frozen=True, slots=True)
class Thread:
    """What a channel gave back for the root message, and as of when the message shows the incident."""

    ref: Mapping[str, str]
    last_edit_at: float


@dataclass(frozen=True, slots=True)
class OutboxDepth:
    """How much is not told. `waiting` includes what is being sent; the age is of the oldest not settled, in seconds."""

    waiting: int
    unclear: int
    abandoned: int
    oldest_waiting_seconds: float | None


@dataclass(frozen=True, slots=True)
class Stuck:
    """What one channel has not got: how many notices, when the oldest was decided, and what the channel said.

    `reason` is of the latest given up, or of the oldest still waiting, which is the one that probes the channel.
    """

    kind: ChannelKind
    to: str
    number: int
    oldest_at: float
    reason: str


def due_lanes(db: Database, at: float, limit: int = 100) -> list[Lane]:
    """Lanes whose first undelivered notice may be offered now, the longest waiting first.

    `limit` counts per channel: one that is paused or down does not hide what waits for another.
    """
    first = select(func.min(notices.c.id).label("id")).where(is_undelivered).group_by(notices.c.lane).subquery()
    due = or_(notices.c.state == "sending", and_(notices.c.not_before <= at, notices.c.next_attempt_at <= at))
    place = func.row_number().over(partition_by=(notices.c.channel_kind, notices.c.channel_to), order_by=notices.c.id)
    ranked = (
        select(
            notices.c.id,
            notices.c.incident,
            notices.c.receiver,
            notices.c.channel_kind,
            notices.c.channel_to,
            place.label("place"),
        )
        .join(first, first.c.id == notices.c.id)
        .where(due)
        .subquery()
    )
    statement = select(ranked).where(ranked.c.place <= limit).order_by(ranked.c.id)
    with db.reading() as connection:
        return _lanes(connection.execute(statement))


def stale_lanes(db: Database, at: float, edit_every: float, limit: int = 100) -> list[Lane]:
    """Lanes with nothing to tell whose message shows an older state of the incident, last edited `edit_every` ago."""
    waiting = exists().where((notices.c.lane == threads.c.lane) & is_undelivered)
    statement = (
        select(threads.c.incident, threads.c.receiver, threads.c.channel_kind, threads.c.channel_to)
        .join(incidents, incidents.c.id == threads.c.incident)
        .where(threads.c.channel_kind.in_(_EDITABLE))
        .where(incidents.c.changed_at > threads.c.last_edit_at)
        .where(threads.c.last_edit_at <= at - edit_every)
        .where(~waiting)
        .order_by(threads.c.last_edit_at)
        .limit(limit)
    )
    with db.reading() as connection:
        return _lanes(connection.execute(statement))


def _lanes(rows: Any) -> list[Lane]:
    return [Lane(row.incident, Address(row.receiver, row.channel_kind, row.channel_to)) for row in rows]


def lane(db: Database, lane: Lane) -> list[OutboxNotice]:
    """What is not delivered in that lane, in order."""
    mine = notices.c.lane == lane_digest(lane.incident, lane.address)
    statement = select(notices).where(mine & is_undelivered).order_by(notices.c.id)
    with db.reading() as connection:
        return [outbox_notice_from(row) for row in connection.execute(statement)]


def outbox_notice_from(row: Any) -> OutboxNotice:
    """The outbox notice of a row of the table."""
    return OutboxNotice(
        row.id,
        notice_from(row),
        row.state,
        row.attempts,
        row.attempt_started_at,
        row.next_attempt_at,
        row.may_repeat,
        row.reason,
    )


def thread_of(db: Database, lane: Lane) -> Thread | None:
    """What the channel gave back for the incident's message; None when nothing was delivered there yet."""
    mine = threads.c.lane == lane_digest(lane.incident, lane.address)
    with db.reading() as connection:
        row = connection.execute(select(threads.c.ref, threads.c.last_edit_at).where(mine)).first()
    return Thread(row.ref, row.last_edit_at) if row is not None else None


def begin(db: Database, ids: Sequence[int], at: float, epoch: int | None) -> None:
    """Record that these notices are about to be offered, before they are.

    Raises:
        LeaseLost: another instance writes now, or has settled one of them.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        mine = _mine(ids) & is_undelivered
        changes = {"state": "sending", "attempts": notices.c.attempts + 1, "attempt_started_at": at}
        touched = connection.execute(update(notices).where(mine).values(changes)).rowcount
        if touched != len(ids):
            raise LeaseLost("somebody else has settled these notices", hint="they are read again")
        _finish_attempts(connection, ids, at, "unclear", "offered again")
        numbers = connection.execute(select(notices.c.id, notices.c.attempts).where(_mine(ids)))
        rows = [{"notice": row.id, "n": row.attempts, "started_at": at, "reason": ""} for row in numbers]
        connection.execute(insert(attempts), rows)


def delivered(
    db: Database,
    ids: Sequence[int],
    at: float,
    epoch: int | None,
    *,
    lane: Lane,
    ref: Mapping[str, str] | None,
    edited: bool,
    note: str = "",
) -> None:
    """The channel has them. `ref` None leaves what the lane knows; `edited`: the message shows the incident as it is.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        started = select(func.min(notices.c.attempt_started_at)).where(_mine(ids))
        composed_at = connection.execute(started).scalar()
        _settle(connection, ids, at, "delivered", note)
        _finish_attempts(connection, ids, at, "delivered", note)
        _keep_thread(connection, lane, composed_at if composed_at is not None else at, ref, edited=edited)


def later(
    db: Database, ids: Sequence[int], at: float, epoch: int | None, *, next_attempt_at: float, reason: str
) -> None:
    """They were not accepted, for certain, and wait for another attempt.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        _finish_attempts(connection, ids, at, "later", reason)
        _move(connection, ids, {"state": "waiting", "next_attempt_at": next_attempt_at, "reason": reason})


def unclear(
    db: Database, ids: Sequence[int], at: float, epoch: int | None, *, next_attempt_at: float, reason: str
) -> None:
    """Nobody can say whether they were accepted; they are looked at again at `next_attempt_at`.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        _finish_attempts(connection, ids, at, "unclear", reason)
        changes = {"state": "unclear", "next_attempt_at": next_attempt_at, "reason": reason, "may_repeat": True}
        _move(connection, ids, changes)


def abandoned(db: Database, ids: Sequence[int], at: float, epoch: int | None, *, reason: str) -> None:
    """They will not be accepted; they stand in the list of abandoned notices until somebody retries them.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        _finish_attempts(connection, ids, at, "abandoned", reason)
        _settle(connection, ids, at, "abandoned", reason)


def postpone(
    db: Database, ids: Sequence[int], at: float, epoch: int | None, *, next_attempt_at: float, reason: str
) -> None:
    """Let them wait without an attempt: the channel is paused, or another one has to be asked first."""
    later(db, ids, at, epoch, next_attempt_at=next_attempt_at, reason=reason)


def set_may_repeat(db: Database, ids: Sequence[int], epoch: int | None) -> None:
    """From now on these say that they may repeat an earlier message."""
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        _move(connection, ids, {"may_repeat": True})


def edited(db: Database, lane: Lane, at: float, epoch: int | None, *, ref: Mapping[str, str] | None = None) -> None:
    """The lane's message was brought up to date as of `at`, without a notice.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        _keep_thread(connection, lane, at, ref, edited=True)


def offer_now(db: Database, at: float, epoch: int | None, *, written_after: float | None = None) -> int:
    """Let nothing wait longer than until `at`: after the clock was set back, times in the rows lie too far ahead.

    `written_after`: only what was decided or tried later than that. Returns how many notices were waiting for later.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        ahead = is_undelivered & or_(notices.c.next_attempt_at > at, notices.c.not_before > at)
        if written_after is not None:
            ahead &= or_(notices.c.at > written_after, notices.c.attempt_started_at > written_after)
        return connection.execute(update(notices).where(ahead).values(next_attempt_at=at, not_before=at)).rowcount


def retry(db: Database, ids: Sequence[int], at: float) -> int:
    """Let abandoned and waiting notices be offered now; how many there were of them."""
    with db.transaction() as connection:
        mine = _mine(ids) & notices.c.state.in_(("abandoned", "waiting"))
        changes = {"state": "waiting", "next_attempt_at": at, "not_before": at, "settled_at": None}
        return connection.execute(update(notices).where(mine).values(changes)).rowcount


def enqueue_test(db: Database, address: Address, at: float, line: str) -> int:
    """Put a test notice for that address into the outbox; its id. Its incident is `test-<n>`, which exists nowhere."""
    with db.transaction() as connection:
        number = (connection.execute(select(func.max(notices.c.id))).scalar() or 0) + 1
        test = Notice(
            incident=f"test-{number}",
            step=1,
            kind=NoticeKind.TEST,
            address=address,
            at=at,
            not_before=at,
            line=line,
        )
        add(connection, [test])
        mine = notices.c.lane == lane_digest(test.incident, address)
        found: int = connection.execute(select(notices.c.id).where(mine)).scalar_one()
        return found


def depth(db: Database, at: float) -> OutboxDepth:
    """How much is not told at that instant."""
    counted = select(notices.c.state, func.count().label("number"), func.min(notices.c.at).label("oldest"))
    with db.reading() as connection:
        rows = connection.execute(counted.where(is_undelivered).group_by(notices.c.state)).all()
        given_up = connection.execute(select(func.count()).select_from(notices).where(is_abandoned)).scalar_one()
    number = {row.state: row.number for row in rows}
    oldest = min((row.oldest for row in rows), default=None)
    return OutboxDepth(
        waiting=number.get("waiting", 0) + number.get("sending", 0),
        unclear=number.get("unclear", 0),
        abandoned=given_up,
        oldest_waiting_seconds=max(0.0, at - oldest) if oldest is not None else None,
    )


def abandoned_by_channel(db: Database) -> list[Stuck]:
    """Per channel what was given up and not retried since, oldest first. Test notices are their sender's business."""
    return _stuck(db, is_abandoned, (notices.c.settled_at.desc(), notices.c.id.desc()))


def oldest_by_channel(db: Database) -> list[Stuck]:
    """Per channel what is not settled, the channel that waits longest first. Test notices do not count."""
    return _stuck(db, is_undelivered, (notices.c.id,))


def _stuck(db: Database, which: ColumnElement[bool], telling: Sequence[Any]) -> list[Stuck]:
    channel = (notices.c.channel_kind, notices.c.channel_to)
    ranked = (
        select(
            *channel,
            notices.c.reason,
            func.row_number().over(partition_by=channel, order_by=telling).label("place"),
            func.count().over(partition_by=channel).label("number"),
            func.min(notices.c.at).over(partition_by=channel).label("oldest_at"),
        )
        .where(which & (notices.c.kind != NoticeKind.TEST.value))
        .subquery()
    )
    statement = select(ranked).where(ranked.c.place == 1).order_by(ranked.c.oldest_at, ranked.c.channel_to)
    with db.reading() as connection:
        return [
            Stuck(row.channel_kind, row.channel_to, row.number, row.oldest_at, row.reason)
            for row in connection.execute(statement)
        ]


def _mine(ids: Sequence[int]) -> Any:
    return notices.c.id.in_(list(ids))


def _move(connection: Connection, ids: Sequence[int], changes: Mapping[str, Any]) -> None:
    """Change what is not settled yet; what is settled stays so."""
    connection.execute(update(notices).where(_mine(ids) & is_undelivered).values(changes))


def _settle(connection: Connection, ids: Sequence[int], at: float, state: str, reason: str) -> None:
    _move(connection, ids, {"state": state, "settled_at": at, "reason": reason})


def _finish_attempts(connection: Connection, ids: Sequence[int], at: float, outcome: str, reason: str) -> None:
    running = attempts.c.notice.in_(list(ids)) & attempts.c.finished_at.is_(None)
    connection.execute(update(attempts).where(running).values(finished_at=at, outcome=outcome, reason=reason))


def _keep_thread(connection: Connection, lane: Lane, at: float, ref: Mapping[str, str] | None, *, edited: bool) -> None:
    key = lane_digest(lane.incident, lane.address)
    old = connection.execute(select(threads.c.ref, threads.c.last_edit_at).where(threads.c.lane == key)).first()
    if old is not None and ref is None and not edited:
        return
    address = lane.address
    row = {
        "lane": key,
        "incident": lane.incident,
        "receiver": address.receiver,
        "channel_kind": address.kind,
        "channel_to": address.to,
        "ref": dict(ref) if ref is not None else (old.ref if old is not None else {}),
        "last_edit_at": at if edited or old is None else old.last_edit_at,
    }
    put(connection, threads, [row])
