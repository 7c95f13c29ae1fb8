"""What is due to be told, with all that deciding needs to know what goes together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, case, func, or_, select

from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Address
from sentinel.store.columns import Moment
from sentinel.store.database import Database
from sentinel.store.notices import Lane
from sentinel.store.tables import is_undelivered, notices, threads

REACH = 2000
"""Lanes per channel that are looked at together; what is beyond joins them later."""


@dataclass(frozen=True, slots=True)
class Due:
    """A lane whose next notice may be offered now: the one with an open attempt, or the first undelivered one.

    `id`, `state`, `attempts` and `bundle` are that notice's; `bundle` is the key under which it was offered together
    with others. `told`: the channel has a message of the incident; `digest`: it is the digest with that key. `report`:
    it is about no incident, and part of no digest.
    """

    lane: Lane
    id: int
    test: bool
    state: str
    attempts: int
    bundle: str | None
    told: bool
    digest: str | None
    report: bool = False

    @property
    def is_open(self) -> bool:
        """Whether an attempt was made whose outcome nobody knows."""
        return self.state in ("sending", "unclear")


def due(db: Database, at: float, limit: int = REACH) -> list[Due]:
    """Lanes whose next notice may be offered now, the longest waiting first.

    `limit` counts per channel: one that is paused or down does not hide what waits for another.
    """
    with db.reading() as connection:
        return [
            Due(
                lane=Lane(row.incident, Address(row.receiver, row.channel_kind, row.channel_to)),
                id=row.id,
                test=row.kind == NoticeKind.TEST.value,
                state=row.state,
                attempts=row.attempts,
                bundle=row.bundle,
                told=row.thread is not None,
                digest=row.told_in,
                report=row.kind == NoticeKind.DIGEST.value,
            )
            for row in connection.execute(_statement(), {"at": at, "limit": limit})
        ]


@cache
def _statement() -> Select[Any]:
    """Made once: it is asked every second, and building it costs more than asking."""
    at = bindparam("at", type_=Moment)
    begun = func.min(case((notices.c.state != "waiting", notices.c.id)))
    following = func.coalesce(begun, func.min(notices.c.id)).label("id")
    first = select(following).where(is_undelivered).group_by(notices.c.lane).subquery()
    ready = or_(notices.c.state == "sending", and_(notices.c.not_before <= at, notices.c.next_attempt_at <= at))
    place = func.row_number().over(partition_by=(notices.c.channel_kind, notices.c.channel_to), order_by=notices.c.id)
    ranked = select(notices, place.label("place")).join(first, first.c.id == notices.c.id).where(ready).subquery()
    return (
        select(ranked, threads.c.lane.label("thread"), threads.c.bundle.label("told_in"))
        .outerjoin(threads, threads.c.lane == ranked.c.lane)
        .where(ranked.c.place <= bindparam("limit", type_=Integer))
        .order_by(ranked.c.id)
    )
