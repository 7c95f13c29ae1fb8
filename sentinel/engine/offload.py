"""The one place where synchronous work (the store, deciding) leaves the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def offload(work: Callable[[], T]) -> T:
    """Run `work` in a thread and wait for it. It is never abandoned half-way: cancelling waits for its end."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # looked at, or the loop complains of it: whoever was cancelled does not ask any more
        raise
