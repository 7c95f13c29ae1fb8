"""The program, dying where `SENTINEL_FAILPOINT` says: `python -m tests.e2e.killable run`.

The product has no fail points. This wraps its functions at the points K0 to K9 of one tick, at the outside edge where
possible, and then runs the command line as it is.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

import aiosmtplib
from sqlalchemy import Connection, Engine, event, select

from sentinel import fetch
from sentinel.cli.main import main
from sentinel.collect.nexthink import NexthinkSource
from sentinel.deliver.posting import Poster
from sentinel.deliver.slack import SlackChannel
from sentinel.deliver.slack_calls import SlackCalls
from sentinel.domain import people
from sentinel.engine import heartbeat, instance, tick
from sentinel.store import inbox, incidents, lease, notices, outbox, requests, tables
from sentinel.store.database import Database
from tests.e2e.failpoints import CHANNELS, VARIABLE, FailPoint, channel

Wire = Callable[..., Awaitable[Any]]

point = FailPoint(os.environ.get(VARIABLE, ""))
asking: ContextVar[bool] = ContextVar("asking", default=False)
"""Whether the present request is a question to the Portal."""

TABLES_MADE = 5
"""Of the first schema: the process dies in the middle of the migration."""

BEAT_AT_MOST = 0.5
"""Seconds between two heartbeats instead of five, so that nobody waits for them."""


def wrap_polling() -> None:
    """K0 due, K1 request sent, K2 body read, K3 parsed."""
    turn, ask, get, trace = (
        instance.Instance._turn,
        NexthinkSource.ask,
        fetch.Client.get,
        fetch._Progress.trace,
    )

    async def due(self: instance.Instance, asked: Any) -> Any:
        await point.within("K0")
        return await turn(self, asked)

    async def asked_and_parsed(self: NexthinkSource, query: Any) -> Any:
        asking.set(True)
        reading = await ask(self, query)
        await point.within("K3")
        return reading

    async def read(self: fetch.Client, url: str, **given: Any) -> Any:
        answer = await get(self, url, **given)
        if asking.get():
            await point.within("K2")
        return answer

    async def sent(self: fetch._Progress, name: str, info: object) -> None:
        await trace(self, name, info)
        if asking.get() and name.endswith("send_request_body.complete"):
            await point.within("K1")

    instance.Instance._turn = due  # type: ignore[method-assign]
    NexthinkSource.ask = asked_and_parsed  # type: ignore[method-assign]
    fetch.Client.get = read  # type: ignore[method-assign]
    fetch._Progress.trace = sent  # type: ignore[method-assign]


def wrap_recording() -> None:
    """K4 evaluated, K5 in the transaction of the tick: half-way, with all rows written, and just committed."""
    plan, commit, save, add = tick.plan, tick.commit, incidents.save, notices.add

    def evaluated(*given: Any) -> Any:
        done = plan(*given)
        point.here("K4")
        return done

    def half(connection: Connection, *given: Any) -> None:
        save(connection, *given)
        point.here("K5-half")

    def whole(connection: Connection, *given: Any) -> None:
        add(connection, *given)
        point.here("K5")

    def committed(db: Any, plan: Any, reading: Any, **given: Any) -> None:
        commit(db, plan, reading, **given)
        if reading is not None:
            point.here("K5-done")

    tick.plan, tick.commit = evaluated, committed  # type: ignore[attr-defined]  # names that the ticker looks up
    incidents.save, notices.add = half, whole


def wrap_outbox() -> None:
    """K6 attempt recorded, K8 outcome about to be and just committed, K9 the heartbeat after all is told."""
    begin, delivered, beat = outbox.begin, outbox.delivered, heartbeat.Heartbeat.beat
    told: set[str] = set()

    def begun(db: Database, ids: Sequence[int], *given: Any, **named: Any) -> None:
        begin(db, ids, *given, **named)
        channel.set(_channel(db, ids))
        point.here("K6", together=CHANNELS)

    def settled(db: Database, ids: Sequence[int], *given: Any, **named: Any) -> None:
        channel.set(_channel(db, ids))
        point.here("K8-before", together=CHANNELS)
        delivered(db, ids, *given, **named)
        point.here("K8", together=CHANNELS)
        told.add(channel.get())

    async def beaten(self: heartbeat.Heartbeat) -> bool:
        all_told = told >= CHANNELS
        if all_told:
            await point.within("K9-before")
        taken = await beat(self)
        if all_told:
            await point.within("K9")
        return taken

    outbox.begin, outbox.delivered = begun, settled
    heartbeat.Heartbeat.beat = beaten  # type: ignore[method-assign]
    heartbeat.BEAT_AT_MOST = BEAT_AT_MOST


def _channel(db: Database, ids: Sequence[int]) -> str:
    """Which kind of channel these notices are for."""
    with db.reading() as connection:
        first = select(tables.notices.c.channel_kind).where(tables.notices.c.id == ids[0])
        return str(connection.execute(first).scalar_one())


def wrap_wire() -> None:
    """K7: just before a channel's call, and when the other side has accepted but nobody here has seen it."""
    call, post, data, look_up = SlackCalls.call, Poster.post, aiosmtplib.SMTP.data, SlackChannel.look_up

    async def called(self: SlackCalls, method: str, arguments: Mapping[str, Any], **given: Any) -> Any:
        if method == "chat.postMessage":
            return await around("slack", call, self, method, arguments, **given)
        reply = await call(self, method, arguments, **given)
        if method == "chat.update":
            await point.within("K7-edit")
        return reply

    async def posted(self: Poster, *given: Any) -> Any:
        return await around("webhook", post, self, *given)

    async def handed_over(self: aiosmtplib.SMTP, *given: Any, **named: Any) -> Any:
        return await around("email", data, self, *given, **named)

    async def around(kind: str, wire: Wire, *given: Any, **named: Any) -> Any:
        channel.set(kind)
        await point.within("K7-before", together=CHANNELS)
        answer = await wire(*given, **named)
        await point.within("K7", together=CHANNELS)
        if kind != "slack":
            await point.within("start-lookup", together=CHANNELS)
        return answer

    async def looked_up(self: SlackChannel, delivery: Any) -> Any:
        found = await look_up(self, delivery)
        channel.set("slack")
        await point.within("start-lookup", together=CHANNELS)
        return found

    SlackCalls.call, Poster.post, SlackChannel.look_up = called, posted, looked_up  # type: ignore[method-assign]
    aiosmtplib.SMTP.data = handed_over  # type: ignore[method-assign]


def wrap_start() -> None:
    """The migration half-way, and the lease taken but not used."""
    acquire = lease.acquire
    tables = 0

    def migrating(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal tables
        tables += statement.lstrip().startswith("CREATE TABLE")
        if tables >= TABLES_MADE:
            point.here("start-migration")

    def acquired(*given: Any, **named: Any) -> int | None:
        epoch = acquire(*given, **named)
        if epoch is not None:
            point.here("start-lease")
        return epoch

    event.listen(Engine, "after_cursor_execute", migrating)
    lease.acquire = acquired


def wrap_people() -> None:
    """P0 to P2, a request: not written down yet, in the transaction of that, committed. P3 to P5, what it asks for: the same.

    P3 is after it was decided.
    """
    add, hand_in, decide, answer, commit = requests.add, inbox.hand_in, people.decide, requests.answer, tick.commit

    def added(*given: Any) -> None:
        add(*given)
        point.here("P1")

    def handed_in(*given: Any) -> Any:
        point.here("P0")
        answer = hand_in(*given)
        point.here("P2")
        return answer

    def decided(*given: Any) -> Any:
        done = decide(*given)
        point.here("P3")
        return done

    def answered(connection: Connection, answers: Any) -> None:
        answer(connection, answers)
        if answers:
            point.here("P4")

    def committed(db: Any, plan: Any, reading: Any, **given: Any) -> None:
        commit(db, plan, reading, **given)
        if plan.answers:
            point.here("P5")

    requests.add, inbox.hand_in, people.decide, requests.answer = added, handed_in, decided, answered
    tick.commit = committed  # type: ignore[attr-defined]  # the name that the ticker looks up


if __name__ == "__main__":
    for wrap in (wrap_polling, wrap_recording, wrap_outbox, wrap_wire, wrap_start, wrap_people):
        wrap()
    main()
