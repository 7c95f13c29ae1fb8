"""Work in a thread is never abandoned half-way, and nobody complains of it afterwards."""

from __future__ import annotations

import asyncio
import gc
import threading

from sentinel.engine.offload import offload


async def test_work_whose_caller_was_cancelled_ends_and_its_failure_is_nobodys() -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    began, may_end = threading.Event(), threading.Event()
    ended: list[bool] = []

    def work() -> None:
        began.set()
        may_end.wait(10)
        ended.append(True)
        raise ValueError("the database is gone")

    waiting = asyncio.create_task(offload(work))
    await asyncio.to_thread(began.wait, 10)
    waiting.cancel()
    await asyncio.sleep(0)
    may_end.set()
    await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled()
    assert ended == [True]
    del waiting
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []
