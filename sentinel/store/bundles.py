"""Notices of many lanes that are told as one: one attempt, one key, one outcome for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, func, insert, literal, select, update

from sentinel.errors import LeaseLost
from sentinel.store.database import Database
from sentinel.store.lease import check_epoch
from sentinel.store.messages import keep_digest, shown_as_found
from sentinel.store.notices import Lane, lane_digest
from sentinel.store.outbox import (
    Bundle,
    OutboxNotice,
    finish_attempts,
    mine,
    outbox_notice_from,
    settle,
    settle_overtaken,
)
from sentinel.store.tables import attempts, is_undelivered, notices, threads


def rows(db: Database, lanes: Sequence[Lane], bundle: str | None = None) -> dict[Lane, list[OutboxNotice]]:
    """What is not delivered in these lanes, and in those that have something of the bundle, in order per lane."""
    which: ColumnElement[bool] = notices.c.lane.in_([lane_digest(lane.incident, lane.address) for lane in lanes])
    if bundle is not None:
        offered = select(notices.c.lane).where((notices.c.bundle == bundle) & is_undelivered)
        which |= notices.c.lane.in_(offered)
    found: dict[Lane, list[OutboxNotice]] = {}
    with db.reading() as connection:
        for row in connection.execute(select(notices).where(which & is_undelivered).order_by(notices.c.id)):
            one = outbox_notice_from(row)
            assert one.notice.address is not None, "what is undelivered has an address"
            found.setdefault(Lane(one.notice.incident, one.notice.address), []).append(one)
    return found


def begin(
    db: Database, bundle: Bundle, chosen: Sequence[OutboxNotice], at: float, epoch: int | None, *, may_repeat: bool
) -> None:
    """Record that these notices are about to be offered as one, before they are.

    They are all that the lanes had when they were read: what was decided since stays out. Where all were offered under
    the key before, they go as they were, whatever else waits in their lanes by now.

    Raises:
        LeaseLost: another instance writes now, or has settled one of them.
    """
    lanes = {lane_digest(one.notice.incident, one.notice.address) for one in chosen}
    last = max(one.id for one in chosen)
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        read = notices.c.lane.in_(sorted(lanes)) & (notices.c.id <= last) & is_undelivered
        if all(one.bundle == bundle.key for one in chosen):
            read &= mine(bundle)
        changes = {
            "state": "sending",
            "attempts": notices.c.attempts + 1,
            "attempt_started_at": at,
            "bundle": bundle.key,
            "may_repeat": may_repeat,
        }
        touched = connection.execute(update(notices).where(read).values(changes)).rowcount
        if touched != len(chosen):
            raise LeaseLost("these notices are not as they were read", hint="they are read again")
        finish_attempts(connection, bundle, at, "unclear", "offered again")
        begun = select(notices.c.id, notices.c.attempts, literal(at, attempts.c.started_at.type), literal(""))
        names = ["notice", "n", "started_at", "reason"]
        connection.execute(insert(attempts).from_select(names, begun.where(mine(bundle) & is_undelivered)))


def delivered(
    db: Database,
    bundle: Bundle,
    at: float,
    epoch: int | None,
    *,
    digest: str,
    lanes: Sequence[Lane],
    ref: Mapping[str, str] | None,
    shown: Mapping[str, float] | None = None,
    note: str = "",
) -> None:
    """The channel has them, under the root of that digest, which is the message of all these lanes from now on.

    `shown`: by incident when it had changed as the digest shows it; None when an earlier attempt was found.

    Raises:
        LeaseLost: another instance writes now.
    """
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        started = select(func.min(notices.c.attempt_started_at)).where(mine(bundle) & is_undelivered)
        composed_at = connection.execute(started).scalar()
        made_at = composed_at if composed_at is not None else at
        if shown is None and not _edited_since(connection, digest, made_at):
            shown = shown_as_found(connection, mine(bundle) & is_undelivered)
        settle_overtaken(connection, bundle, at)
        settle(connection, bundle, at, "delivered", note)
        finish_attempts(connection, bundle, at, "delivered", note)
        keep_digest(connection, digest, lanes, made_at, ref, shown=shown or {})


def _edited_since(connection: Connection, digest: str, at: float) -> bool:
    """Whether the digest's root was edited after that instant; whoever edited it may not have known of all its lanes."""
    later = (threads.c.bundle == digest) & (threads.c.last_edit_at >= at)
    return connection.execute(select(threads.c.lane).where(later).limit(1)).first() is not None
