"""A thread that notices when the event loop stands still, since nothing within the loop can."""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from sentinel.engine import figures

log = structlog.get_logger("sentinel.watchdog")

BLOCKED = 30.0
"""Seconds without a turn of the loop after which it counts as blocked. `/livez` gets no answer then."""

PULSE = 1.0
"""Seconds between two signs of life of the loop."""

CHECK_EVERY = 5.0


@dataclass
class Watchdog:
    """Dumps the stacks of all threads to the log once per standstill, and says when it is over.

    `steady` is the steady clock; `pause` waits for so many seconds and tells whether to end.
    """

    steady: Callable[[], float]
    pause: Callable[[float], bool] | None = None
    blocked_since: float | None = None
    _beaten: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch from now on."""
        self.beat()
        self._over.clear()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def beat(self) -> None:
        """The loop turns."""
        self._beaten = self.steady()

    async def pulse(self) -> None:
        """Beat from within the loop, and measure by how much its turns come late."""
        while True:
            before = self.steady()
            await asyncio.sleep(PULSE)
            figures.LOOP_LAG.set(max(0.0, self.steady() - before - PULSE))
            self.beat()

    def check(self) -> None:
        """Look once."""
        silent = self.steady() - self._beaten
        if self.blocked_since is None and silent > BLOCKED:
            self.blocked_since = self._beaten
            figures.LOOP_BLOCKED.inc()
            log.error("event loop blocked", seconds=round(silent), stacks=stacks())
        elif self.blocked_since is not None and silent <= BLOCKED:
            log.warning("event loop turns again", seconds=round(self._beaten - self.blocked_since))
            self.blocked_since = None

    def _watch(self) -> None:
        pause = self.pause or self._over.wait
        while not pause(CHECK_EVERY):
            self.check()


def stacks() -> str:
    """Where every thread is: lines of code, no values of variables."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = sys._current_frames()  # noqa: SLF001 - the documented way to see other threads
    parts = (f"{names.get(ident, ident)}:\n{''.join(traceback.format_stack(one))}" for ident, one in frames.items())
    return "\n".join(parts)
