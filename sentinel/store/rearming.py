"""Offering again what was abandoned: by a person, or by itself where it was certainly not accepted."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, case, exists, select, update

from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Address
from sentinel.store.database import Database
from sentinel.store.lease import check_epoch
from sentinel.store.outbox import TOLD_SINCE
from sentinel.store.tables import is_abandoned, notices

NOT_OLDER_THAN = 86_400.0
"""Seconds: what was decided longer ago is left to a person."""

_WAITING = {"state": "waiting", "settled_at": None, "given_up": None}


def retry(db: Database, ids: Sequence[int], at: float) -> int:
    """Let abandoned and waiting notices be offered now; how many there were of them.

    What may have been accepted goes under the key it had; what was certainly not may go together with others.
    """
    with db.transaction() as connection:
        chosen = notices.c.id.in_(list(ids)) & notices.c.state.in_(("abandoned", "waiting"))
        kept = case((notices.c.given_up.in_(("refused", "unfit", "late")), None), else_=notices.c.bundle)
        again = {**_WAITING, "next_attempt_at": at, "not_before": at, "bundle": kept}
        return connection.execute(update(notices).where(chosen).values(again)).rowcount


def rearm(db: Database, at: float, epoch: int | None, *, channel: Address | None = None, rest: float = 0.0) -> int:
    """Let what was refused for reasons of channel or credentials be offered again, of one channel or of all.

    Only what was given up at least `rest` seconds ago, so that a notice which is refused for ever is not offered with
    every other one that is accepted. Where a later step of the incident has reached the channel since, that message
    tells it. Returns how many wait again.

    Raises:
        LeaseLost: another instance writes now.
    """
    chosen = and_(
        is_abandoned,
        notices.c.given_up == "refused",
        notices.c.kind != NoticeKind.TEST.value,
        notices.c.at >= at - NOT_OLDER_THAN,
        notices.c.settled_at <= at - rest,
    )
    if channel is not None:
        chosen &= (notices.c.channel_kind == channel.kind) & (notices.c.channel_to == channel.to)
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        if connection.execute(select(notices.c.id).where(chosen).limit(1)).first() is None:
            return 0
        told = {"state": "delivered", "given_up": None, "reason": TOLD_SINCE}
        connection.execute(update(notices).where(chosen & _told_since()).values(told))
        again = {**_WAITING, "next_attempt_at": at, "bundle": None}
        return connection.execute(update(notices).where(chosen).values(again)).rowcount


def offer_rest(db: Database, at: float, epoch: int | None, *, channel: Address, rest: float) -> int:
    """Let what was offered to a silent channel be offered again now that it answers; how many notices that concerns.

    Only what was tried at least `rest` seconds ago, so that one which never gets an answer is not offered with every
    other one that is accepted.

    Raises:
        LeaseLost: another instance writes now.
    """
    silent = and_(
        notices.c.state == "unclear",
        notices.c.channel_kind == channel.kind,
        notices.c.channel_to == channel.to,
        notices.c.attempt_started_at <= at - rest,
        notices.c.next_attempt_at > at,
    )
    with db.transaction() as connection:
        check_epoch(connection, epoch)
        return connection.execute(update(notices).where(silent).values(next_attempt_at=at)).rowcount


def _told_since() -> ColumnElement[bool]:
    later = notices.alias("later")
    same_lane = (later.c.incident == notices.c.incident) & (later.c.lane == notices.c.lane)  # the first has an index
    return exists().where(same_lane & (later.c.id > notices.c.id) & (later.c.state == "delivered"))
