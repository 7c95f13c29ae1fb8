"""A Portal for callers without an event loop: it runs in one of its own, in a daemon thread."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from sentinel.demo.portal import Portal

_T = TypeVar("_T")
_PATIENCE = 30.0


class ThreadedPortal:
    """Runs a `Portal` in a thread, as a context manager or by `start()` and `stop()`.

    The wrapped `portal` may be changed from the outside (faults, outages, switches, scripts): each change is one
    assignment or one append. Its coroutines (`refuse`, `listen`) go through `call`.
    """

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="simulated-portal", daemon=True)

    @property
    def url(self) -> str:
        """Where the Portal listens."""
        return self.portal.url

    def start(self) -> None:
        """Listen; returns once the port is open.

        Raises:
            OSError: the port is taken.
        """
        self._thread.start()
        try:
            self.call(self.portal.start())
        except BaseException:
            self._close()
            raise

    def stop(self) -> None:
        """Stop the Portal and its thread."""
        self.call(self.portal.stop())
        self._close()

    def call(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine in the Portal's loop and wait for its result, at most 30 seconds."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()
