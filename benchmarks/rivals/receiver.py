"""The receiver of webhooks that both are made to use: it throws seeded dice, and keeps what it accepted."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web

from benchmarks.rivals.episodes import Episode

LIMITED, SILENT, BROKEN = 0.05, 0.03, 0.02
"""Shares of the requests that are answered 429, that are accepted and never answered, and that are answered 500."""

RETRY_AFTER = "1"


@dataclass(frozen=True, slots=True)
class Post:
    """One request as its sender's module reads it: the steps that it tells, and whether it says that it may repeat.

    `steps` are the episode and `open` or `close`; several when one message tells a whole episode. `digest` is the key
    of a message about many incidents: it lists where all of them stand, so that what it lists need not be news.
    """

    steps: tuple[tuple[Episode, str], ...]
    marked: bool = False
    digest: str = ""


Read = Callable[[bytes], Sequence[Post]]
"""What a body of a request means, given by the sender's module."""


@dataclass
class Receiver:
    """Keeps (instant, post) of everything that it accepted. `down`: every request is answered 503 and not accepted."""

    seed: int
    read: Read
    now: Callable[[], float]
    down: bool = False
    dice: bool = True
    accepted: list[tuple[float, Post]] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    port: int = 0
    _tries: Counter[str] = field(default_factory=Counter)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where to post to."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def take(self, request: web.Request) -> web.Response:
        """One request."""
        posts = self.read(await request.read())
        fate = self.fate(posts)
        self.answers[fate] += 1
        if fate in ("200", "silent"):
            self.accepted += [(self.now(), post) for post in posts]
        if fate == "silent":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), 120.0)
        headers = {"Retry-After": RETRY_AFTER} if fate == "429" else {}
        return web.Response(status=200 if fate == "silent" else int(fate), headers=headers)

    def fate(self, posts: Sequence[Post]) -> str:
        """The same for the same step at the same try, whoever asks."""
        if self.down:
            return "503"
        if not self.dice or not posts or not posts[0].steps:
            return "200"
        episode, step = posts[0].steps[0]
        name = f"{self.seed}/{episode.site}/{episode.number}/{step}"
        self._tries[name] += 1
        thrown = random.Random(f"{name}/{self._tries[name]}").random()  # noqa: S311  # no secret hangs on it
        for fate, share in (("429", LIMITED), ("silent", SILENT), ("500", BROKEN)):
            if thrown < share:
                return fate
            thrown -= share
        return "200"

    def end(self) -> None:
        """Let go of those who wait for an answer."""
        self._over.set()


@contextmanager
def listening(receivers: Sequence[Receiver]) -> Iterator[None]:
    """All of them, each on a port of its own, in one thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="receivers", daemon=True)
    thread.start()
    runners = [asyncio.run_coroutine_threadsafe(_listen(one), loop).result(30.0) for one in receivers]
    try:
        yield
    finally:
        for one, runner in zip(receivers, runners, strict=True):
            loop.call_soon_threadsafe(one.end)
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30.0)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _listen(receiver: Receiver) -> web.AppRunner:
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = int(runner.addresses[0][1])
    return runner
