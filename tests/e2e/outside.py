"""A receiver of webhooks, a mailbox and a taker of heartbeats in a thread: they keep what came while programs die."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from aiohttp import web

from tests.deliver.receiver import Receiver
from tests.fakes.mailbox import Mailbox

T = TypeVar("T")
SENDER = "sentinel@example.com"
READER = "team@example.com"


@dataclass(slots=True)
class Pulse:
    """Counts the heartbeats that it takes."""

    beats: int = 0
    port: int = 0
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/beat", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, _: web.Request) -> web.Response:
        self.beats += 1
        return web.Response()


@dataclass(frozen=True, slots=True)
class Outside:
    """All of them, listening. Read what they hold from any thread."""

    hook: Receiver
    mailbox: Mailbox
    pulse: Pulse

    @property
    def receiver_lines(self) -> str:
        """Two more channels for a receiver of the rules file."""
        return f'webhook = {{ name = "hook", url = "{self.hook.url}" }}\nemail = {{ to = ["{READER}"] }}\n'

    @property
    def given(self) -> dict[str, str]:
        """The variables that lead the program to the mailbox and to the taker of heartbeats."""
        return {
            "SENTINEL_HEARTBEAT_URL": f"http://127.0.0.1:{self.pulse.port}/beat",
            "SENTINEL_SMTP_HOST": "127.0.0.1",
            "SENTINEL_SMTP_PORT": str(self.mailbox.port),
            "SENTINEL_SMTP_SECURITY": "none",
            "SENTINEL_SMTP_FROM": SENDER,
        }


@contextmanager
def outside() -> Iterator[Outside]:
    """All of them for the length of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="outside", daemon=True)
    thread.start()

    def run(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30.0)

    they = Outside(Receiver(), Mailbox(), Pulse())
    everybody = (they.hook, they.mailbox, they.pulse)
    for one in everybody:
        run(one.__aenter__())
    try:
        yield they
    finally:
        for one in everybody:
            run(one.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
