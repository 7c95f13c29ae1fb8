"""A sign of life to the outside after each complete pass: whoever waits for it notices when Sentinel falls silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import structlog

from sentinel.clock import Clock
from sentinel.domain.asking import Asked
from sentinel.engine import figures
from sentinel.fetch import Answer, Client

log = structlog.get_logger("sentinel.heartbeat")

Signals = Literal["success", "all"]

DEADLINE = 10.0
"""Seconds for one beat."""

BEAT_AT_MOST = 5.0
"""Seconds between two beats at least, however often is polled."""

IDLE = 60.0
"""Seconds that a pass takes when nothing is asked at all."""

RETRY_AFTER = 30.0
"""Seconds after which a beat that failed is tried again."""

FAILING = 300.0
"""Seconds of failing after which health is red."""

_GOOD = range(200, 300)


@dataclass
class Pass:
    """Whether Sentinel has done all of its work once since an instant of the steady clock."""

    asked: Callable[[], Sequence[Asked]]
    ticked: Callable[[], Mapping[str, float]]
    told_at: Callable[[], float]
    may_act: Callable[[], bool]

    def is_complete(self, since: float, now: float) -> bool:
        """Every query has a committed tick, the outbox was gone through, and the lease is ours."""
        asked, ticked = self.asked(), self.ticked()
        polled = all(ticked.get(one.query.key, 0.0) > since for one in asked) if asked else now - since >= IDLE
        return polled and self.told_at() > since and self.may_act()


@dataclass
class Heartbeat:
    """Asks for one URL, which is a secret: nothing of it is ever logged but the host.

    `signals` "all" also asks for `<url>/start` and `<url>/fail`. `last_at` is the wall time of the last beat that was
    taken, `failing_since` (steady clock) the first one that was not since then, `trouble` why.
    """

    url: str
    done: Pass
    clock: Clock
    client: Client
    signals: Signals = "success"
    last_at: float | None = None
    failing_since: float | None = None
    trouble: str = ""

    async def run(self) -> None:
        """Beat for as long as this instance leads; trouble of an earlier turn is no trouble of this one."""
        self.failing_since, self.trouble = None, ""
        try:
            await self._beat_on()
        finally:
            self.failing_since = None

    async def _beat_on(self) -> None:
        if self.signals == "all":
            await self._ask("/start")
        since = self.clock.monotonic()
        next_at = since
        while True:
            await asyncio.sleep(1.0)
            now = self.clock.monotonic()
            if now < next_at or not self.done.is_complete(since, now):
                continue
            if await self.beat():
                since, next_at = now, now + BEAT_AT_MOST
            else:
                next_at = now + RETRY_AFTER

    async def beat(self) -> bool:
        """One sign of life; whether it was taken. Trouble is counted, and told in the log when it begins and ends."""
        trouble = await self._ask("")
        if trouble:
            figures.HEARTBEATS.labels("failed").inc()
            if self.failing_since is None:
                self.failing_since = self.clock.monotonic()
                log.warning("heartbeat not taken", reason=trouble)
            self.trouble = trouble
            return False
        figures.HEARTBEATS.labels("sent").inc()
        if self.failing_since is not None:
            log.info("heartbeat taken again")
        self.failing_since, self.trouble, self.last_at = None, "", self.clock.now()
        figures.HEARTBEAT_LAST.set(self.last_at)
        return True

    async def fail(self) -> None:
        """Say that Sentinel is alive and cannot work, where the other side takes that."""
        if self.signals == "all":
            await self._ask("/fail")

    def is_failing(self) -> bool:
        """Whether nobody has taken a sign of life for too long."""
        return self.failing_since is not None and self.clock.monotonic() - self.failing_since >= FAILING

    async def _ask(self, suffix: str) -> str:
        """Empty, or why it was not taken."""
        answer = await self.client.exchange("GET", with_suffix(self.url, suffix), timeout=DEADLINE)
        if isinstance(answer, Answer):
            return "" if answer.status in _GOOD else f"it answered HTTP {answer.status}"
        return answer.text


def with_suffix(url: str, suffix: str) -> str:
    """The URL with something at the end of its path; query and host stay."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + suffix)) if suffix else url
