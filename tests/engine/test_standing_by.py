"""An instance that loses the lease stops all that belongs to leading, and stands by."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from sentinel.clock import SystemClock
from sentinel.engine.dispatch import Dispatcher
from sentinel.engine.instance import Instance
from sentinel.engine.tick import Ticker
from sentinel.store.database import Database
from sentinel.store.housekeeping import Retention
from tests.engine.town import town


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(40.0):
        while not condition():  # noqa: ASYNC110 - the instance's state is what is waited for
            await asyncio.sleep(0.02)


@pytest.mark.promise("P2", "P5")
@pytest.mark.fault(114)
async def test_a_lost_lease_ends_an_idle_dispatcher_too_and_the_lease_is_asked_for_again(database: Database) -> None:
    clock, ended = SystemClock(), asyncio.Event()

    async def chore() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with town(database) as it:
        ticker = Ticker(database, it.ticker.rulebook, clock)
        instance = Instance(
            db=database,
            clock=clock,
            rulebook=it.ticker.rulebook,
            sources={"portal": it.source},
            ticker=ticker,
            dispatcher=Dispatcher(database, it.dispatcher.channels, clock),
            holder="me",
            rules_hash="",
            retention=Retention(readings=1e9, incidents=1e9),
            lease_seconds=1.5,
            while_leading=(chore,),
        )
        running = asyncio.create_task(instance.run())
        await until(lambda: instance.told_at > 0.0)
        with database.transaction() as connection:
            connection.exec_driver_sql("UPDATE lease SET epoch = epoch + 10")
        await until(lambda: (instance.tenure.epoch or 0) > 10)
        assert ended.is_set()
        instance.stop()
        await running
