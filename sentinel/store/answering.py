"""A Postgres connection that does not wait for ever: a server that is gone without a word, or a wire that went silent."""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout
from sqlalchemy import Dialect, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

ANSWER_SECONDS = 35.0
"""How long an answer is waited for: a little longer than the server itself lets a statement take.

The system's own time-outs are no help here: they see a wire that is silent, not a server that is, behind a proxy that
still takes everything.
"""

R = TypeVar("R")


class PatientConnection(psycopg.Connection[Any]):
    """Ends itself when the server does not answer in time. What became of the statement is then unknown."""

    def wait(self, gen: PQGen[R], interval: float = 0.1, timeout: float | None = None) -> R:
        try:
            return super().wait(gen, interval, ANSWER_SECONDS if timeout is None else timeout)
        except _WaitTimeout as late:
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer within {ANSWER_SECONDS:g} s") from late


def bound_waiting(engine: Engine) -> None:
    """Let every connection of this engine be such a one."""

    @event.listens_for(engine, "do_connect")
    def connect(
        _dialect: Dialect, _entry: ConnectionPoolEntry, arguments: list[Any], options: dict[str, Any]
    ) -> PatientConnection:
        return PatientConnection.connect(*arguments, **options)
