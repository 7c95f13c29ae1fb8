"""Virtual time: an event loop that jumps to its next timer when it is idle, and processes that can stop or die in it."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

BOOT = 1_000.0
"""What the steady clock shows when a world begins."""


class Crash(BaseException):
    """The process is gone between two instructions. Nothing that catches exceptions may catch this."""


class Stuck(BaseException):
    """Nothing is left that could ever happen."""


@dataclass(eq=False)
class Process:
    """Whatever runs between a start and a crash: its tasks, and whether they may go on.

    `paused`: stopped in its tracks, as by SIGSTOP; its time passes all the same. `dead`: killed; what it still tries
    to do has no effect. `partitioned`: the database is out of its reach.
    """

    name: str
    paused: bool = False
    dead: bool = False
    partitioned: bool = False
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    frozen: list[asyncio.Handle] = field(default_factory=list)


RUNNING: ContextVar[Process | None] = ContextVar("process", default=None)
"""The process to which the running code belongs; None for the world around them."""


class VirtualLoop(asyncio.BaseEventLoop):
    """No sockets, no threads, no waiting. What is handed to a thread runs in its turn, one loop turn later."""

    def __init__(self) -> None:
        super().__init__()
        self._now = BOOT
        self.turns = 0
        self.slow_store: Callable[[], float] = lambda: 0.0
        self.set_task_factory(_adopting)  # type: ignore[arg-type]

    def time(self) -> float:
        return self._now

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """In place of a thread: the work is done whole, later, after `slow_store()` seconds."""
        future: asyncio.Future[T] = self.create_future()

        def work() -> None:
            try:
                result = func(*args)
            except BaseException as broken:  # noqa: BLE001  # it belongs to whoever waits
                if not future.cancelled():
                    future.set_exception(broken)
            else:
                if not future.cancelled():
                    future.set_result(result)

        wait = self.slow_store()
        if wait:
            self.call_later(wait, work)
        else:
            self.call_soon(work)
        return future

    def start(self, process: Process, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run this as the main task of a process: all tasks that come of it belong to the process."""
        context = copy_context()
        context.run(RUNNING.set, process)
        return self.create_task(work, context=context)

    def resume(self, process: Process) -> None:
        """Let a stopped process go on: what came for it meanwhile comes now, in order."""
        process.paused = False
        self._ready.extend(process.frozen)  # type: ignore[attr-defined]
        process.frozen.clear()

    async def bury(self, process: Process) -> None:
        """End all tasks of a dead process; nothing that they do on the way has an effect."""
        self.resume(process)
        while alive := [task for task in process.tasks if not task.done()]:
            for task in alive:
                task.cancel()
            await asyncio.sleep(0)

    def _run_once(self) -> None:
        """One round: what is ready; when nothing is, time jumps."""
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined]
        if not ready:
            while scheduled and scheduled[0]._cancelled:
                heapq.heappop(scheduled)._scheduled = False
            if not scheduled:
                raise Stuck
            self._now = max(self._now, scheduled[0]._when)
        while scheduled and scheduled[0]._when <= self._now:
            timer = heapq.heappop(scheduled)
            timer._scheduled = False
            ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            process = handle._context.get(RUNNING)
            if process is not None and process.paused:
                process.frozen.append(handle)
                continue
            self.turns += 1
            handle._run()

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers are dropped when their time comes."""

    def _write_to_self(self) -> None:
        """Nobody sleeps in a selector."""


def _adopting(loop: VirtualLoop, work: Coroutine[Any, Any, Any], context: Context | None = None) -> asyncio.Task[Any]:
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context)
    process = RUNNING.get() if context is None else context.get(RUNNING)
    if process is not None:
        process.tasks.add(task)
        task.add_done_callback(process.tasks.discard)
    return task
