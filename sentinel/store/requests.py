"""What people want of incidents: rows to domain objects and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from sentinel.domain.requests import Answer, Deed, Outcome, Request
from sentinel.store.columns import Moment
from sentinel.store.database import Database
from sentinel.store.inserting import add_missing
from sentinel.store.tables import requests

KEPT = 7 * 86400.0
"""Seconds that an answered request is kept. What it did stands in the incident's timeline."""

_FEW = 500

_is_waiting = requests.c.answered_at.is_(None)
_WAITING = select(requests).where(_is_waiting).order_by(requests.c.id).limit(_FEW)
_ANSWERED = select(requests).where((requests.c.key == bindparam("mine")) & ~_is_waiting)
_ANSWER = (
    update(requests)
    .where((requests.c.key == bindparam("mine")) & _is_waiting)
    .values(outcome=bindparam("became"), answer=bindparam("words"), answered_at=bindparam("then", type_=Moment))
)


def waiting(db: Database) -> list[Request]:
    """What is not done yet, oldest first."""
    with db.reading() as connection:
        return [_request_from(row) for row in connection.execute(_WAITING)]


def answered(db: Database, key: str) -> Answer | None:
    """What became of a request; None while it waits."""
    with db.reading() as connection:
        return answer_to(connection, key)


def answer_to(connection: Connection, key: str) -> Answer | None:
    """As above, within a transaction."""
    row = connection.execute(_ANSWERED, {"mine": key}).first()
    if row is None:
        return None
    return Answer(key=row.key, outcome=Outcome(row.outcome), text=row.answer, at=row.answered_at)


def answer(connection: Connection, answers: Iterable[Answer]) -> None:
    """Note what became of requests."""
    rows = [{"mine": one.key, "became": one.outcome.value, "words": one.text, "then": one.at} for one in answers]
    if rows:
        connection.execute(_ANSWER, rows)


def purge(db: Database, before: float) -> int:
    """Forget what was answered before that instant; how many went."""
    with db.transaction() as connection:
        return connection.execute(delete(requests).where(requests.c.answered_at < before)).rowcount


def add(connection: Connection, request: Request) -> None:
    """Write a request down; nothing happens when it is there."""
    add_missing(connection, requests, [_row(request)])


def _row(one: Request) -> dict[str, Any]:
    return {
        "key": one.key,
        "deed": one.deed.value,
        "incident": one.incident,
        "author": one.by,
        "at": one.at,
        "text": one.text,
    }


def _request_from(row: Any) -> Request:
    return Request(key=row.key, deed=Deed(row.deed), incident=row.incident, by=row.author, at=row.at, text=row.text)
