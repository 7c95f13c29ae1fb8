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
from sqlalchemy import Connection, Engine, event

from sentinel import fetch
from sentinel.cli.main import main
from sentinel.collect.nexthink import NexthinkSource
from sentinel.deliver.posting import Poster
from sentinel.deliver.slack import SlackChannel
from sentinel.deliver.slack_calls import SlackCalls
from sentinel.engine import instance, tick
from sentinel.engine.dispatch import Dispatcher
from sentinel.store import incidents, lease, notices, outbox
from sentinel.store.outbox import Lane
from tests.e2e.failpoints import CHANNELS, VARIABLE, FailPoint, channel

Wire = Callable[..., Awaitable[Any]]

point = FailPoint(os.environ.get(VARIABLE, ""))
asking: ContextVar[bool] = ContextVar("asking", default=False)
"""Whether the present request is a question to the Portal."""

TABLES_MADE = 5
"""Of the first schema: the process dies in the middle of the migration."""


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
    """K6 attempt recorded, K8 outcome about to be and just committed, K9 all is told."""
    work, begin, delivered, drain = Dispatcher._work, outbox.begin, outbox.delivered, Dispatcher.drain
    told = 0

    async def in_lane(self: Dispatcher, lane: Lane) -> bool:
        channel.set(lane.address.kind)
        return await work(self, lane)

    def begun(db: Any, ids: Sequence[int], at: float, epoch: int | None) -> None:
        begin(db, ids, at, epoch)
        point.here("K6", together=CHANNELS)

    def settled(db: Any, ids: Sequence[int], at: float, epoch: int | None, **given: Any) -> None:
        point.here("K8-before", together=CHANNELS)
        delivered(db, ids, at, epoch, **given)
        point.here("K8", together=CHANNELS)

    async def drained(self: Dispatcher) -> int:
        nonlocal told
        moved = await drain(self)
        told += moved
        if told and not moved:
            await point.within("K9")
            told = 0
        return moved

    Dispatcher._work, Dispatcher.drain = in_lane, drained  # type: ignore[method-assign]
    outbox.begin, outbox.delivered = begun, settled


def wrap_wire() -> None:
    """K7: just before a channel's call, and when the other side has accepted but nobody here has seen it."""
    call, post, data, look_up = SlackCalls.call, Poster.post, aiosmtplib.SMTP.data, SlackChannel.look_up

    async def called(self: SlackCalls, method: str, arguments: Mapping[str, Any], **given: Any) -> Any:
        if method == "chat.postMessage":
            return await around(call, self, method, arguments, **given)
        reply = await call(self, method, arguments, **given)
        if method == "chat.update":
            await point.within("K7-edit")
        return reply

    async def posted(self: Poster, *given: Any) -> Any:
        return await around(post, self, *given)

    async def handed_over(self: aiosmtplib.SMTP, *given: Any, **named: Any) -> Any:
        return await around(data, self, *given, **named)

    async def around(wire: Wire, *given: Any, **named: Any) -> Any:
        await point.within("K7-before", together=CHANNELS)
        answer = await wire(*given, **named)
        await point.within("K7", together=CHANNELS)
        if channel.get() != "slack":
            await point.within("start-lookup", together=CHANNELS)
        return answer

    async def looked_up(self: SlackChannel, delivery: Any) -> Any:
        found = await look_up(self, delivery)
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

    def acquired(*given: Any) -> int | None:
        epoch = acquire(*given)
        if epoch is not None:
            point.here("start-lease")
        return epoch

    event.listen(Engine, "after_cursor_execute", migrating)
    lease.acquire = acquired


if __name__ == "__main__":
    for wrap in (wrap_polling, wrap_recording, wrap_outbox, wrap_wire, wrap_start):
        wrap()
    main()
