"""Notices: rows to domain objects and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, update

from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.rules import Address
from sentinel.store.digests import digest
from sentinel.store.inserting import Row, add_missing
from sentinel.store.tables import is_undelivered, notices


@dataclass(frozen=True, slots=True)
class Lane:
    """One incident at one address. Order is kept within a lane, and only there."""

    incident: str
    address: Address


def lane_digest(incident: str, address: Address | None) -> str:
    """What stands for one incident at one address."""
    parts = (address.receiver, address.kind, address.to) if address else ()
    return digest("lane", incident, *parts)


def add(connection: Connection, decided: Iterable[Notice]) -> None:
    """Put notices into the outbox. One that is there already is left alone, whatever became of it.

    A notice that may go at once takes along what waits before it in its lane: nobody waits for a step behind it.
    """
    found = list(decided)
    rows = [_row(notice) for notice in found]
    add_missing(connection, notices, rows)
    at_once = [{"in_lane": row["lane"], "at_once": row["not_before"]} for row in rows if row["state"] == "waiting"]
    if at_once:
        held = (
            (notices.c.lane == bindparam("in_lane"))
            & is_undelivered
            & (notices.c.state == "waiting")
            & (notices.c.not_before > bindparam("at_once"))
        )
        connection.execute(update(notices).where(held).values(not_before=bindparam("at_once")), at_once)


def _row(notice: Notice) -> Row:
    address = notice.address
    return {
        "digest": digest("notice", notice.key),
        "lane": lane_digest(notice.incident, address),
        "incident": notice.incident,
        "step": notice.step,
        "kind": notice.kind.value,
        "receiver": address.receiver if address else None,
        "channel_kind": address.kind if address else None,
        "channel_to": address.to if address else None,
        "at": notice.at,
        "not_before": notice.not_before,
        "line": notice.line,
        "quiet": notice.quiet,
        "reason": notice.reason,
        "state": "waiting" if notice.told and address else "not_told",
        "attempts": 0,
        "next_attempt_at": notice.at,
        "may_repeat": False,
    }


def address_from(row: Any) -> Address | None:
    """The address of a row of notices or threads."""
    return Address(row.receiver, row.channel_kind, row.channel_to) if row.channel_kind is not None else None


def notice_from(row: Any) -> Notice:
    """The notice of a row of the table."""
    return Notice(
        incident=row.incident,
        step=row.step,
        kind=NoticeKind(row.kind),
        address=address_from(row),
        at=row.at,
        not_before=row.not_before,
        line=row.line,
        told=row.state != "not_told",
        quiet=row.quiet,
        reason=row.reason,
    )
