"""Waiting ends with the event, with the time, and whenever it is cancelled."""

from __future__ import annotations

import asyncio

import pytest

from sentinel.engine.waiting import interrupted, within


async def test_who_is_cancelled_while_the_event_is_set_is_cancelled() -> None:
    """Else a leader that has to stop telling goes on for ever: the waking and the cancelling come together."""
    event = asyncio.Event()
    waiting = asyncio.create_task(within(60.0, event))
    await asyncio.sleep(0)
    event.set()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_it_ends_with_the_time_and_with_the_event() -> None:
    event = asyncio.Event()
    await within(0.0, event)
    event.set()
    await within(60.0, event)


async def test_a_sleep_is_interrupted_by_the_event_and_says_so() -> None:
    event, woken = asyncio.Event(), asyncio.Event()

    async def sleep() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            woken.set()

    event.set()
    assert await interrupted(sleep(), event)
    assert woken.is_set()
    assert not event.is_set()
    assert not await interrupted(asyncio.sleep(0), event)
