"""Fakes that live in an event loop, for tests of real processes: the loop turns in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from typing import Any

_PATIENCE = 30.0


@contextmanager
def in_background(*fakes: AbstractAsyncContextManager[Any]) -> Iterator[None]:
    """Enter all of them in one loop in a thread; they are left when the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fakes", daemon=True)
    thread.start()
    stack = AsyncExitStack()

    async def enter() -> None:
        for one in fakes:
            await stack.enter_async_context(one)

    def run(work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(_PATIENCE)

    try:
        run(enter())
        yield
    finally:
        run(stack.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE)
        loop.close()
