"""A receiver of generic webhooks on the loopback: keeps what came and answers as it is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

SECRET_PATH = "hook-S3CRET-path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request: its body as it came and its headers by lower-case name."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(slots=True)
class Receiver:
    """Answers `status` with `headers`; `drop` closes the connection after the body was read, `silent` never answers."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    silent: bool = False
    received: list[Received] = field(default_factory=list)
    port: int = 0
    _runner: web.AppRunner | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        """Where to post; a part of it is the credential."""
        return f"http://127.0.0.1:{self.port}/{SECRET_PATH}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/" + SECRET_PATH, self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def has(self, number: int) -> None:
        """Wait until so many posts have come."""
        async with asyncio.timeout(60.0), self._news:
            await self._news.wait_for(lambda: len(self.received) >= number)

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.received.append(
            Received(body=body, headers={name.lower(): value for name, value in request.headers.items()})
        )
        async with self._news:
            self._news.notify_all()
        if self.silent:
            await self._stopping.wait()
        if self.drop and request.transport is not None:
            request.transport.abort()
        return web.Response(status=self.status, headers=self.headers)
