"""Everything by which Sentinel watches itself, wired."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from sentinel.clock import EARLIEST, Clock, SystemClock
from sentinel.config.settings import Settings
from sentinel.domain.rules import Severity
from sentinel.engine.health import Check
from sentinel.engine.heartbeat import Heartbeat, Pass
from sentinel.engine.instance import Instance
from sentinel.engine.lastgasp import LastGasp
from sentinel.engine.looks import Polling, Telling
from sentinel.engine.machine import CRASH_WINDOW, Disk, Handles, Restarts, WallClock, pause_after
from sentinel.engine.measuring import measure
from sentinel.engine.offload import offload
from sentinel.engine.outside import Endpoint, Outside, TokenTest
from sentinel.engine.selfwatch import Look, SelfWatch
from sentinel.engine.watchdog import Watchdog
from sentinel.errors import SentinelError, StoreError
from sentinel.fetch import Client
from sentinel.store import starts

log = structlog.get_logger("sentinel.monitoring")


class Monitoring:
    """The watch over one instance. `while_leading` runs as long as it leads, the rest from `start` to `stop`."""

    def __init__(
        self,
        instance: Instance,
        clock: Clock,
        settings: Settings,
        endpoints: Callable[[], tuple[Endpoint, ...]],
        test_token: TokenTest,
    ) -> None:
        self._instance = instance
        self._clock = clock
        self._client = Client()
        self._host = socket.gethostname()
        self._start: int | None = None
        self._crashes: tuple[float, ...] = ()
        self._tasks: list[asyncio.Task[None]] = []
        self.watch = SelfWatch(instance.ticker, clock, self._looks)
        self.watchdog = Watchdog(SystemClock().monotonic)
        self.heartbeat = self._heartbeat(settings)
        self.last_gasp = LastGasp(
            instance.db,
            clock,
            lambda: instance.ticker.rulebook,
            lambda address: instance.dispatcher.channels(address),  # noqa: PLW0108 - a reload gives it others
            lambda: instance.role == "leader",
            on_trouble=self.heartbeat.fail if self.heartbeat is not None else None,
        )
        self.outside = Outside(endpoints, lambda: instance.ticker.rulebook, clock, test_token)
        beating = (self.heartbeat.run,) if self.heartbeat is not None else ()
        self.while_leading: tuple[Callable[[], Awaitable[None]], ...] = (self.watch.run, self.outside.run, *beating)

    @contextlib.asynccontextmanager
    async def around(self, stopping: Callable[[], bool]) -> AsyncIterator[None]:
        """Watch over what runs in the block, from a clock that is set to a proper end; `stop` ends the rest.

        An exception of ours is a proper end: it refuses to run, and says why.
        """
        self.start()
        await self.await_clock(stopping)
        await self.begin(stopping)
        try:
            yield
        except SentinelError:
            await self.end()
            raise
        await self.end()

    def start(self) -> None:
        """Begin what does not depend on leading."""
        self.watchdog.start()
        works = (self.watchdog.pulse, self.last_gasp.run)
        self._tasks = [asyncio.create_task(work(), name=work.__qualname__) for work in works]

    async def stop(self) -> None:
        """End it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self.watchdog.stop()
        await self._client.close()

    async def await_clock(self, stopping: Callable[[], bool]) -> None:
        """A machine without a battery starts in 1970: nothing is asked before its clock has been set."""
        if self.clock_is_set():
            return
        log.error("clock not set", at=self._clock.now(), hint="waiting until it is: check the time service (NTP)")
        while not self.clock_is_set() and not stopping():  # noqa: ASYNC110 - nobody tells when a clock is set
            await asyncio.sleep(1.0)

    async def begin(self, stopping: Callable[[], bool]) -> None:
        """Record this start; wait a little where the ones before it ended in crashes."""
        db, at = self._instance.db, self._clock.now()
        try:
            self._crashes = await offload(lambda: starts.crashed(db, self._host, at - CRASH_WINDOW))
            self._start = await offload(lambda: starts.begin(db, self._host, at))
        except StoreError as broken:
            log.warning("start not recorded", reason=broken.message)
        pause = pause_after(len(self._crashes))
        if pause:
            log.warning("waiting: earlier starts came to no proper end", crashes=len(self._crashes), seconds=pause)
        until = self._clock.monotonic() + pause
        while self._clock.monotonic() < until and not stopping():  # noqa: ASYNC110 - a signal sets no event
            await asyncio.sleep(0.1)

    async def end(self) -> None:
        """Record that this start came to a proper end."""
        number, at = self._start, self._clock.now()
        if number is not None:
            with contextlib.suppress(StoreError):
                await offload(lambda: starts.end(self._instance.db, number, at))

    async def look_once(self) -> None:
        """For a program that asks once and ends: what can be seen without waiting."""
        await self.watch.look(
            (Telling(self._instance.db, self._clock), Handles(self._host), Disk(self._instance.db.folder))
        )

    def clock_is_set(self) -> bool:
        """Whether the wall clock can be right: it is not before this program was made."""
        return self._clock.now() >= EARLIEST

    def checks(self) -> list[Check]:
        """What the health page adds: only what keeps Sentinel from its work now, or hides that it does, is red."""
        found = [self._itself()]
        if not self.clock_is_set():
            found.append(Check("clock", good=False, text="it was never set; nothing is polled until it is"))
        if self.heartbeat is not None:
            found.append(self._beats(self.heartbeat))
        return found

    def measure(self) -> None:
        """Bring the figures of `/metrics` up to date."""
        measure(self._instance, self._clock)

    def _itself(self) -> Check:
        """Trouble with Sentinel that is critical, or that nobody could be told."""
        lasting = self.watch.open
        if not lasting:
            return Check("itself", good=True, text="no trouble")
        red = [one for one in lasting if one.severity is Severity.CRITICAL or not one.audience]
        text = "; ".join(f"{one.rule}: {one.facts.summary}" for one in (red or lasting))
        return Check("itself", good=not red, text=text)

    def _beats(self, heartbeat: Heartbeat) -> Check:
        if heartbeat.is_failing():
            return Check("heartbeat", good=False, text=f"not taken: {heartbeat.trouble}")
        if heartbeat.last_at is None:
            return Check("heartbeat", good=True, text="none yet")
        age = max(0.0, self._clock.now() - heartbeat.last_at)
        return Check("heartbeat", good=True, text=f"{age:.0f} s ago")

    def _heartbeat(self, settings: Settings) -> Heartbeat | None:
        url = settings.heartbeat_url.get_secret_value()
        if not url:
            return None
        instance = self._instance
        done = Pass(
            asked=lambda: instance.asked,
            ticked=lambda: instance.ticker.ticked,
            told_at=lambda: instance.told_at,
            may_act=instance.tenure.may_act,
        )
        return Heartbeat(url, done, self._clock, self._client, signals=settings.heartbeat_signals)

    def _looks(self) -> tuple[Look, ...]:
        instance = self._instance
        return (
            Telling(instance.db, self._clock),
            Polling(instance.ticker, self._clock, lambda: instance.asked),
            WallClock(self._clock, self._host),
            Handles(self._host),
            Restarts(self._clock, self._host, self._crashes),
            Disk(instance.db.folder),
            self.outside,
        )
