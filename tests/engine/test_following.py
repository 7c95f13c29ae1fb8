"""What is polled follows the services that there are; those polled already keep their rhythm."""

from __future__ import annotations

import asyncio
from collections import Counter

from sentinel.clock import SystemClock
from sentinel.domain.asking import Asked
from sentinel.domain.reading import Query
from sentinel.engine.schedule import Schedule


def asked(name: str) -> Asked:
    return Asked(Query("portal", name, "Location", "Site"), (), 0.02)


async def test_a_new_service_is_polled_and_one_that_is_gone_is_not() -> None:
    turns: Counter[str] = Counter()
    changed = asyncio.Condition()

    async def turn(one: Asked) -> None:
        turns[one.query.service] += 1
        async with changed:
            changed.notify_all()

    async def until(*names: str) -> None:
        wanted = {name: turns[name] + 2 for name in names}
        async with asyncio.timeout(10.0), changed:
            await changed.wait_for(lambda: all(turns[name] >= count for name, count in wanted.items()))

    schedule = Schedule(SystemClock(), turn)
    schedule.start([asked("Mail"), asked("Chat")])
    await until("Mail", "Chat")
    schedule.start([asked("Mail"), asked("Files")])
    await until("Mail", "Files")
    before = turns["Chat"]
    await until("Mail", "Files")
    await schedule.stop(1.0)
    assert turns["Chat"] == before
