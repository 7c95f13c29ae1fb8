"""The main job from the Portal's answer to the Slack message, on SQLite and on Postgres."""

from __future__ import annotations

import pytest

from sentinel.store import outbox
from sentinel.store.database import Database
from tests.engine.town import town


async def test_one_message_degrades_widens_and_recovers(database: Database) -> None:
    async with town(database) as it:
        await it.turn()
        assert it.story == []
        it.degrade(0)
        await it.turn()
        assert it.story == ["posted"]
        assert "Aland 1" in it.headline
        it.degrade(0, 1, 2)
        await it.turn()
        assert it.story == ["posted", "edited", "replied"]
        assert "Aland" in it.headline
        it.degrade()
        await it.turn()
        assert it.story == ["posted", "edited", "replied", "edited", "replied"]
        assert "ecovered" in it.headline
        assert len(it.slack.roots("#workplace-alerts")) == 1
        assert outbox.depth(database, it.clock.now()).waiting == 0


@pytest.mark.promise("P5")
async def test_a_restart_announces_nothing_again(database: Database) -> None:
    async with town(database) as it:
        it.degrade(0)
        await it.turn()
        for _ in range(5):
            it.ticker.forget()
            await it.turn()
        assert it.story == ["posted"]
        it.degrade()
        it.ticker.forget()
        await it.turn()
        assert it.story == ["posted", "edited", "replied"]


@pytest.mark.fault(45, 46)
@pytest.mark.promise("P4", "P6")
async def test_a_failing_portal_is_one_incident_and_nothing_recovers(database: Database) -> None:
    async with town(database) as it:
        it.degrade(0)
        await it.turn()
        await it.portal.refuse()
        for _ in range(4):
            await it.turn()
        roots = [message.text for message in it.slack.roots("#workplace-alerts")]
        assert len(roots) == 2
        assert "portal" in roots[1]
        await it.portal.listen()
        await it.turn()
        texts = [message.text for message in it.slack.roots("#workplace-alerts")]
        assert "ecovered" in texts[1]
        assert "ecovered" not in texts[0]


async def test_figures_that_move_are_edited_without_a_thread_line(database: Database) -> None:
    async with town(database) as it:
        it.degrade(0, share=0.3)
        await it.turn()
        it.degrade(0, share=0.6)
        await it.turn()
        assert it.story == ["posted", "edited"]
        assert "60" in it.headline
