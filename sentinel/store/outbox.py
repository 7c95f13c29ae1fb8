"""The outbox: what has to be told, in order per lane, and what became of every attempt.

States: waiting -> sending -> delivered, or back to waiting (not accepted), unclear (nobody knows), abandoned.
`not_told` was decided and is kept with its reason. A notice that is `sending` when the program starts is an attempt
with an open outcome: whoever finds it must look it up or say that it may repeat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, exists, func, insert, or_, select, update

from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.rules import Address, ChannelKind
from sentinel.errors import LeaseLost
from sentinel.store.database import Database
from sentinel.store.lease import check_epoch
from sentinel.store.messages import NOT_SHOWN, keep, shown_as_found
from sentinel.store.notices import Lane, add, lane_digest, notice_from
from sentinel.store.tables import attempts, is_abandoned, is_undelivered, notices

TOLD_SINCE = "refused then; a later step has told it"

GivenUp = Literal["refused", "unfit", "late", "unclear"]


@dataclass(frozen=True, slots=True)
class Bundle:
    """The notices of many lanes that are offered under this key."""

    key: str


Rows = Sequence[int] | Bundle
"""Which notices: by their ids, or all of a bundle."""


@dataclass(frozen=True, slots=True)
class OutboxNotice:
    """A notice with its delivery so far. Instants in Unix seconds.

    `attempt_started_at` is when the last attempt was recorded. `reason` says what became of it, or why nobody is told.
    `bundle` is the key under which it was last offered together with others. `accepted_by` are those of several
    recipients who have it already.
    """

    id: int
    notice: Notice
    state: str
    attempts: int
    attempt_started_at: float | None
    next_attempt_at: float
    may_repeat: bool
    reason: str = ""
    bundle: str | None = None
    accepted_by: tuple[str, ...] = ()


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


def lane(db: Database, lane: Lane) -> list[OutboxNotice]:
    """What is not delivered in that lane, in order."""
    in_lane = notices.c.lane == lane_digest(lane.incident, lane.address)
    statement = select(notices).where(in_lane & is_undelivered).order_by(notices.c.id)
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
        row.bundle,
        tuple(row.accepted_by or ()),
    )


def begin(db: Database, ids: Sequence[int], at: float, epoch: int | None, *, may_repeat: bool | None = None) -> None:
    """Record that these notices are about to be offered, before they are. `may_repeat` None leaves what they have.

    Raises:
        LeaseLost: another instance writes now, or has settled one of them.
    """
    changes = {"state": "sending", "attempts": notices.c.attempts + 1, "attempt_started_at": at, "bundle": None}
    if may_repeat is not None:
        changes["may_repeat"] = may_repeat
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        touched = connection.execute(update(notices).where(mine(ids) & is_undelivered).values(changes)).rowcount
        if touched != len(ids):
            raise LeaseLost("somebody else has settled these notices", hint="they are read again")
        finish_attempts(connection, ids, at, "unclear", "offered again")
        numbers = connection.execute(select(notices.c.id, notices.c.attempts).where(mine(ids)))
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
    shown: float | None = None,
    note: str = "",
    found: bool = False,
) -> None:
    """The channel has them. `ref` None leaves what the lane knows; `edited`: the message shows the incident.

    `shown`: when the incident had changed as the message shows it; None: as it is now. `found` by a look-up: the message may be of the first
    attempt of unknown fate, and shows what was told then.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        started = select(func.min(notices.c.attempt_started_at)).where(mine(ids))
        doubtful = attempts.c.outcome.is_(None) | (attempts.c.outcome == "unclear")
        if found:
            started = select(func.min(attempts.c.started_at)).where(attempts.c.notice.in_(list(ids)) & doubtful)
        composed_at = connection.execute(started).scalar()
        if found:
            first = exists().where(
                (attempts.c.notice == notices.c.id) & doubtful & (attempts.c.started_at == composed_at)
            )
            shown = shown_as_found(connection, notices.c.id.in_(list(ids)) & first).get(lane.incident, NOT_SHOWN)
        settle_overtaken(connection, ids, at)
        settle(connection, ids, at, "delivered", note)
        finish_attempts(connection, ids, at, "delivered", note)
        keep(connection, lane, composed_at if composed_at is not None else at, ref, edited=edited, shown=shown)


def later(
    db: Database,
    which: Rows,
    at: float,
    epoch: int | None,
    *,
    next_attempt_at: float,
    reason: str,
    accepted_by: Sequence[str] = (),
) -> None:
    """They were not accepted, for certain, and wait for another attempt; `accepted_by` have them all the same.

    Raises:
        LeaseLost: another instance writes now.
    """
    changes: dict[str, Any] = {"state": "waiting", "next_attempt_at": next_attempt_at, "reason": reason}
    if accepted_by:
        changes["accepted_by"] = list(accepted_by)
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        finish_attempts(connection, which, at, "later", reason)
        _move(connection, which, changes)


def unclear(db: Database, which: Rows, at: float, epoch: int | None, *, next_attempt_at: float, reason: str) -> None:
    """Nobody can say whether they were accepted; they are looked at again at `next_attempt_at`.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        finish_attempts(connection, which, at, "unclear", reason)
        changes = {"state": "unclear", "next_attempt_at": next_attempt_at, "reason": reason, "may_repeat": True}
        _move(connection, which, changes)


def abandoned(
    db: Database, which: Rows, at: float, epoch: int | None, *, reason: str, given_up: GivenUp = "unclear"
) -> None:
    """They will not be accepted; they stand in the list of abandoned notices until they are retried.

    `given_up` says why: unless it is `unclear` they were certainly not accepted.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        finish_attempts(connection, which, at, "abandoned", reason)
        settle(connection, which, at, "abandoned", reason, given_up=given_up)


def postpone(
    db: Database, ids: Sequence[int], at: float, epoch: int | None, *, next_attempt_at: float, reason: str
) -> None:
    """Let them wait without an attempt: the channel is paused, or another one has to be asked first."""
    later(db, ids, at, epoch, next_attempt_at=next_attempt_at, reason=reason)


def offer_now(db: Database, at: float, epoch: int | None, *, written_after: float | None = None) -> int:
    """Let nothing wait longer than until `at`: after the clock was set back, times in the rows lie too far ahead.

    `written_after`: only what was decided, or tried by a clock that showed more than that, and what Slack may have:
    looks for it leave no date. Returns how many notices were waiting for later.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        ahead = is_undelivered & or_(notices.c.next_attempt_at > at, notices.c.not_before > at)
        if written_after is not None:
            tried = exists().where((attempts.c.notice == notices.c.id) & (attempts.c.finished_at > written_after))
            sought = (notices.c.state == "unclear") & (notices.c.channel_kind == "slack")
            begun = notices.c.attempt_started_at > written_after
            ahead &= or_(notices.c.at > written_after, begun, tried, sought)
        return connection.execute(update(notices).where(ahead).values(next_attempt_at=at, not_before=at)).rowcount


def enqueue(db: Database, decided: Sequence[Notice], epoch: int | None) -> int:
    """Put notices into the outbox that belong to no tick; how many of them were not there yet.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        lanes = notices.c.lane.in_([lane_digest(one.incident, one.address) for one in decided])
        before = connection.execute(select(func.count()).where(lanes)).scalar_one()
        add(connection, decided)
        after: int = connection.execute(select(func.count()).where(lanes)).scalar_one()
        return after - int(before)


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
        in_lane = notices.c.lane == lane_digest(test.incident, address)
        found: int = connection.execute(select(notices.c.id).where(in_lane)).scalar_one()
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


def mine(which: Rows) -> ColumnElement[bool]:
    """The condition for these notices."""
    return notices.c.bundle == which.key if isinstance(which, Bundle) else notices.c.id.in_(list(which))


def settle(
    connection: Connection, which: Rows, at: float, state: str, reason: str, *, given_up: GivenUp | None = None
) -> None:
    """Bring them to their end; what is settled already stays so."""
    _move(connection, which, {"state": state, "settled_at": at, "reason": reason, "given_up": given_up})


def settle_overtaken(connection: Connection, which: Rows, at: float) -> None:
    """What waits in the same lanes before these, which arrived just now: it was refused, and offered again meanwhile."""
    later = notices.alias("later")
    behind = (later.c.lane == notices.c.lane) & (later.c.id > notices.c.id)
    arrived = later.c.bundle == which.key if isinstance(which, Bundle) else later.c.id.in_(list(which))
    overtaken = (
        select(notices.c.id).join(later, behind).where(arrived & is_undelivered & (notices.c.state == "waiting"))
    )
    ids = connection.execute(overtaken).scalars().all()
    if ids:
        settle(connection, ids, at, "delivered", TOLD_SINCE)


def finish_attempts(connection: Connection, which: Rows, at: float, outcome: str, reason: str) -> None:
    """Note what became of their running attempts."""
    those = select(notices.c.id).where(mine(which)) if isinstance(which, Bundle) else list(which)
    running = attempts.c.notice.in_(those) & attempts.c.finished_at.is_(None)
    connection.execute(update(attempts).where(running).values(finished_at=at, outcome=outcome, reason=reason))


def _move(connection: Connection, which: Rows, changes: Mapping[str, Any]) -> None:
    """Change what is not settled yet; what is settled stays so."""
    connection.execute(update(notices).where(mine(which) & is_undelivered).values(changes))
