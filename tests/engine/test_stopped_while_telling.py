"""A process that is stopped with a message in its hands: frozen, suspended, or starved of the processor."""

from __future__ import annotations

import pytest

from sentinel.deliver.channel import Delivery, Outcome
from sentinel.demo.workspace_faults import dropped_after
from sentinel.store.database import Database
from tests.engine.town import ALERTS, town


@pytest.mark.fault(21, 98)
@pytest.mark.promise("P2")
async def test_a_post_that_leaves_late_is_looked_for_from_when_its_answer_was_lost(sqlite_url: str) -> None:
    """Slack's history lags: counted from when the attempt was recorded, a single early look would prove its absence."""
    database = Database.open(sqlite_url)
    async with town(database) as it:
        it.slack.settings.history_lag_lookups = 1
        it.degrade(0)
        it.slack.inject("chat.postMessage", dropped_after())
        channel = it.dispatcher.channels(ALERTS)
        assert channel is not None
        send = channel.send

        async def stopped(delivery: Delivery) -> Outcome:
            it.clock.advance(60.0)
            return await send(delivery)

        channel.send = stopped  # type: ignore[method-assign]
        await it.turn()
        for _ in range(24):
            it.clock.advance(5.0)
            await it.tell()
        assert len(it.slack.roots("#workplace-alerts")) == 1
    database.close()
