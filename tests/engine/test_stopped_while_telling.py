"""A process that is stopped with a message in its hands: frozen, suspended, or starved of the processor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sentinel.deliver.channel import Channel, Delivery, Outcome
from sentinel.demo.workspace_faults import dropped_after
from sentinel.store.database import Database
from tests.engine.town import ALERTS, Town, town


@asynccontextmanager
async def unanswered(sqlite_url: str) -> AsyncIterator[tuple[Town, Channel]]:
    """A site goes bad. Slack takes the message, its answer is lost, and the first look-up does not show it yet."""
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.slack.settings.history_lag_lookups = 1
        it.degrade(0)
        it.slack.inject("chat.postMessage", dropped_after())
        channel = it.dispatcher.channels(ALERTS)
        assert channel is not None
        yield it, channel
        for _ in range(24):
            it.clock.advance(5.0)
            await it.tell()
        assert len(it.slack.roots("#workplace-alerts")) == 1
    database.close()


@pytest.mark.fault(21, 98)
@pytest.mark.promise("P2")
async def test_a_post_that_leaves_late_is_looked_for_from_when_its_answer_was_lost(sqlite_url: str) -> None:
    """Slack's history lags: counted from when the attempt was recorded, a single early look would prove its absence."""
    async with unanswered(sqlite_url) as (it, channel):
        send = channel.send

        async def stopped(delivery: Delivery) -> Outcome:
            it.clock.advance(60.0)
            return await send(delivery)

        channel.send = stopped  # type: ignore[method-assign]
        await it.turn()


@pytest.mark.fault(21, 98)
@pytest.mark.promise("P2")
async def test_an_answer_that_is_read_late_proves_only_what_it_was_asked_for(sqlite_url: str) -> None:
    """The process is stopped for minutes while a look-up is under way: history did not show the post yet when asked."""
    async with unanswered(sqlite_url) as (it, channel):
        await it.turn()
        look_up = channel.look_up

        async def stopped(delivery: Delivery) -> object:
            found = await look_up(delivery)
            it.clock.advance(300.0)
            return found

        channel.look_up = stopped  # type: ignore[method-assign,assignment]
