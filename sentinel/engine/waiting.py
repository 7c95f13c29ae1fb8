"""Waiting for something, but not for ever."""

from __future__ import annotations

import asyncio
import contextlib


async def within(seconds: float, event: asyncio.Event) -> None:
    """Return when the event is set, or after so many real seconds.

    Who is cancelled at the very moment at which the event is set is cancelled; `asyncio.wait_for` of Python 3.11 is not.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
