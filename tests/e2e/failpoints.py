"""Where the program dies: a point by name, at its n-th passing, by its own SIGKILL.

`SENTINEL_FAILPOINT=K4:2` names one for the whole life of the process; `SENTINEL_FAILPOINT=@file` reads the same from a
file at every passing, so that a running process can be armed. At the points of delivery the three channels wait for each
other: the process dies when all of them stand there, so that one death shows all three.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections import Counter
from contextvars import ContextVar
from pathlib import Path
from typing import NoReturn

CHANNELS = frozenset({"slack", "webhook", "email"})
VARIABLE = "SENTINEL_FAILPOINT"

channel: ContextVar[str] = ContextVar("channel", default="")
"""The kind of the channel that the present work is for."""


class FailPoint:
    """The one point that the process dies at, if any."""

    def __init__(self, given: str) -> None:
        self._given = given
        self._passed: Counter[tuple[str, str]] = Counter()
        self._there: set[str] = set()
        self._turn = threading.Lock()

    def reached(self, name: str, *, together: frozenset[str] = frozenset()) -> bool:
        """Note a passing; dies here when it is the one. True when the caller must wait for the other channels."""
        wanted = self._wanted()
        point, _, number = wanted.partition(":")
        if point != name:
            return False
        with self._turn:
            self._passed[wanted, channel.get()] += 1
            if self._passed[wanted, channel.get()] < int(number or "1"):
                return False
            self._there.add(channel.get())
            if together <= self._there:
                die()
        return True

    def here(self, name: str, *, together: frozenset[str] = frozenset()) -> None:
        """A point in a thread of its own."""
        if self.reached(name, together=together):
            threading.Event().wait()

    async def within(self, name: str, *, together: frozenset[str] = frozenset()) -> None:
        """A point in the event loop."""
        if self.reached(name, together=together):
            await asyncio.Event().wait()

    def _wanted(self) -> str:
        if not self._given.startswith("@"):
            return self._given
        file = Path(self._given[1:])
        return file.read_text(encoding="ascii").strip() if file.exists() else ""


def die() -> NoReturn:
    """SIGKILL to oneself: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a process does not survive its own SIGKILL")
