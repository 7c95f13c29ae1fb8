"""Run the HTTP door inside the program's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_SECONDS = 10.0
"""A request's line and headers must be there by then, or the connection is closed: slow ones cannot pile up."""

CONNECTIONS = 200
"""At once; what comes beyond is closed unanswered, so that the program keeps its file descriptors."""

_HEAD_BYTES = 16 * 1024


class _Connection(H11Protocol):
    """uvicorn's, with an end to waiting and to how many there are."""

    def __init__(self, *arguments: Any, head_seconds: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_seconds = head_seconds
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the library has it
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            transport.abort()
            return
        self._deadline = self.loop.call_later(self._head_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = self.loop.call_later(self._head_seconds, self._too_slow)

    def _too_slow(self) -> None:
        """Close while no answer is under way; one that is ends by itself and starts the time anew."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.abort()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the program decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@dataclass
class Door:
    """An HTTP server on one address. `port` is known once started (0 asks for a free one)."""

    app: ASGIApp
    host: str
    port: int
    head_seconds: float = HEAD_SECONDS
    _server: _Server | None = None
    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address is taken or not ours.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self.host, self.port))
        except OSError:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self.app,
            http=functools.partial(_Connection, head_seconds=self.head_seconds),  # type: ignore[arg-type]  # called only
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=_HEAD_BYTES,
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve([listener]), name="http door")
        while not self._server.started and not self._task.done():  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Answer what is under way, then close."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        await asyncio.gather(self._task, return_exceptions=True)
        self._server = self._task = None
