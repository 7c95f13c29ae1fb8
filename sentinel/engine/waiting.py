"""Waiting for something, but not for ever."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any


async def within(seconds: float, event: asyncio.Event) -> None:
    """Return when the event is set, or after so many real seconds.

    Who is cancelled at the very moment at which the event is set is cancelled; `asyncio.wait_for` of Python 3.11 is not.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


async def interrupted(sleep: Coroutine[Any, Any, None], event: asyncio.Event) -> bool:
    """Whether the event was set before the sleep was over; it is cleared then."""
    tasks = [asyncio.ensure_future(sleep), asyncio.ensure_future(event.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    came = event.is_set()
    event.clear()
    return came
