"""The way to one Portal: few requests at once, untested credentials go alone, a refused account is left in peace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sentinel.clock import Clock
from sentinel.collect import refusals
from sentinel.domain.reading import Failure
from sentinel.fetch import Answer, Trouble

Exchange = Callable[[], Awaitable[Answer | Trouble]]

_UNAUTHORIZED = 401
_THROTTLED = 429
_OK = 200


@dataclass
class Gate:
    """Lets requests through to one Portal with one account.

    The Portal locks an account after five failed logins in a row. So the first request goes alone until one was let
    in; the first 401 stops all that wait; after `lock_wait` seconds one request tries again, alone.
    """

    clock: Clock
    permits: int
    lock_wait: float
    _trusted: bool = False
    _closed_until: float = 0.0
    _quiet_until: float = 0.0
    _troubles: int = 0
    _last_trouble: Trouble | None = None
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    _slots: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.permits)

    async def through(self, exchange: Exchange) -> Answer | Trouble | Failure:
        """The exchange's result, or why it was not tried."""
        troubles = self._troubles
        async with self._slots:
            if not self._trusted:
                async with self._alone:
                    if not self._trusted:
                        return await self._try_alone(exchange, troubles)
            return self._refusal() or self._learn(await exchange())

    async def _try_alone(self, exchange: Exchange, troubles: int) -> Answer | Trouble | Failure:
        # Who waited while another request came to nothing would wait as long for the same.
        if self._troubles > troubles and self._last_trouble is not None:
            return self._last_trouble
        return self._refusal() or self._learn(await exchange())

    def _refusal(self) -> Failure | None:
        now = self.clock.monotonic()
        if now < self._closed_until:
            return refusals.paused(self._closed_until - now)
        if now < self._quiet_until:
            return refusals.throttled(self._quiet_until - now)
        return None

    def _learn(self, result: Answer | Trouble) -> Answer | Trouble:
        if isinstance(result, Trouble):
            self._troubles += 1
            self._last_trouble = result
        elif result.status == _UNAUTHORIZED:
            self._trusted = False
            self._closed_until = self.clock.monotonic() + self.lock_wait
        elif result.status == _THROTTLED:
            wait = refusals.retry_after(result.headers, self.clock.now())
            self._quiet_until = self.clock.monotonic() + (wait or 0.0)
        elif result.status == _OK and result.body.lstrip()[:1] != b"<":
            # A page proves nothing: it may be a login form that never looked at the credentials.
            self._trusted = True
        return result
