"""Drain the outbox: what is due, channel by channel, each at its own pace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

import structlog

from sentinel.deliver.channel import Channel
from sentinel.domain.rules import Address
from sentinel.engine.attempt import tell_lane, tell_together
from sentinel.engine.backoff import Patience
from sentinel.engine.desk import Desk
from sentinel.engine.editing import refresh_digest, refresh_lane
from sentinel.engine.pacing import Weather
from sentinel.engine.storm import Task, Together, plan
from sentinel.errors import StoreError
from sentinel.store import bundles, messages, outbox, rearming
from sentinel.store.due import REACH, Due, due
from sentinel.store.messages import StaleDigest
from sentinel.store.notices import Lane

log = structlog.get_logger("sentinel.dispatch")

ROUND = 3
"""Messages to one channel per round: a slow channel holds the others up for so many, not for its backlog."""

UNDER_WAY = 40.0
"""Seconds after which nothing that a dead process had sent arrives any more: `SlackSettings.deadline`, and longer than that
again for what lies between."""

_EVERYTHING = 100_000
"""Lanes to look at when only tests count, which may stand behind a backlog."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A message that shows an older state."""

    stale: Lane | StaleDigest


Todo = dict[str, list[Task | Edit]]
"""Per channel what is to be done there, in order."""


Way = Callable[[str, Iterable[Task | Edit]], Awaitable[int]]
"""How tasks of a channel are worked off; with how many of them it got on."""


@dataclass(frozen=True, slots=True)
class Run:
    """Work under way on a channel: its tasks one after the other, or `beside` others the one that tells these lanes."""

    channel: str
    work: asyncio.Task[None]
    beside: frozenset[Lane] = frozenset()


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Edits that one of a dead predecessor's may overtake: ours from `since` on, until that instant of the steady clock."""

    since: float
    until: float


class Hurry(Enum):
    """Which of the notices that wait for an instant ahead are offered at once."""

    ALL = "all"
    DATED_AHEAD = "written by a clock ahead of ours"


@dataclass
class Dispatcher(Desk):
    """Tells what the outbox holds."""

    on_progress: Callable[[], None] = lambda: None
    _busy: dict[str, asyncio.Lock] = field(default_factory=dict)
    _running: list[Run] = field(default_factory=list)
    _broken: list[Exception] = field(default_factory=list)
    _started: bool = False
    _hurries: list[Hurry] = field(default_factory=list)
    _overtaken: Overtaken | None = None

    async def drain(self) -> int:
        """Work off what is due now, different channels side by side. Returns with how much of it it got on.

        Raises:
            StoreError: the outbox cannot be read or written; what was sent is looked up when it can.
            LeaseLost: another instance tells now.
        """
        todo = await self._due()
        # All of them end before the first trouble is reported: nothing of this round goes on behind the caller's back.
        done = await asyncio.gather(*(self._in_turn(*one) for one in todo.items()), return_exceptions=True)
        broken = next((one for one in done if isinstance(one, BaseException)), None)
        if broken is not None:
            raise broken
        return sum(one for one in done if not isinstance(one, BaseException))

    async def set_going(self) -> None:
        """Start on every channel that is not busy what is due there. A slow channel keeps no other one waiting.

        `on_progress` is called when a channel has got on with something and may be asked for more.

        Raises:
            StoreError, LeaseLost: as `drain`, of now or of something that has ended since.
        """
        self._running = [run for run in self._running if not run.work.done()]
        if self._broken:
            raise self._broken.pop()
        for channel, tasks in (await self._due()).items():
            self._running += self._begun(channel, tasks)

    def _begun(self, channel: str, tasks: list[Task | Edit]) -> list[Run]:
        """Start what may be started now. Notices of their own may go beside each other where the channel can bear it."""
        busy = [run for run in self._running if run.channel == channel]
        lanes = [_lanes_beside(task) for task in tasks]
        kinds = {one.address.kind for told in lanes for one in told}
        width = min((self.pacing.width(channel, kind) for kind in kinds), default=1) if all(lanes) else 1
        if width == 1 or not all(run.beside for run in busy):
            return [] if busy else [Run(channel, self._going(channel, self._in_turn, tasks))]
        chosen = list(zip(tasks, lanes, strict=True))[: max(0, width - len(busy))]
        return [Run(channel, self._going(channel, self._work_off, [task]), told) for task, told in chosen]

    def _going(self, channel: str, way: Way, tasks: list[Task | Edit]) -> asyncio.Task[None]:
        async def go() -> None:
            try:
                if await way(channel, tasks):
                    self.on_progress()
            except Exception as broken:  # noqa: BLE001  # told to whoever sets the next ones going
                self._broken.append(broken)

        return asyncio.create_task(go(), name=f"tell {channel}")

    def adopt(self, channels: Callable[[Address], Channel | None], patience: Patience) -> None:
        """Tell by other settings from now on; what was refused may be accepted by them."""
        self.channels, self.patience, self._started = channels, patience, False

    def under_way(self) -> frozenset[asyncio.Task[None]]:
        """What was set going and has not ended."""
        return frozenset(run.work for run in self._running if not run.work.done())

    async def ended(self, tasks: frozenset[asyncio.Task[None]]) -> None:
        """Wait for the end of what was set going."""
        if tasks:
            await asyncio.wait(tasks)

    async def let_end(self, seconds: float) -> None:
        """Give what runs so long to end; the rest is parked in the outbox."""
        running, self._running = [run.work for run in self._running], []
        if running and seconds > 0:
            await asyncio.wait(running, timeout=seconds)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def clock_set_back(self) -> None:
        """What waits for an instant that now lies further ahead is offered at the next look: sooner does no harm."""
        self._hurries.append(Hurry.ALL)
        if self._overtaken is not None:
            self._overtaken = replace(self._overtaken, since=self.clock.now())

    def take_over(self, *, after_death: bool = False) -> None:
        """Another instance, whose clock was ahead of ours, may have left what waits for an instant far from now.

        `after_death`: an edit of it may still be under way, arrive after ours, and put an older state over it.
        """
        self._hurries.append(Hurry.DATED_AHEAD)
        self._overtaken = Overtaken(self.clock.now(), self.clock.monotonic() + UNDER_WAY) if after_death else None

    async def _edit_again(self) -> None:
        """Once nothing of a dead predecessor's can arrive any more: what we have written meanwhile is written once more."""
        edits = self._overtaken
        if edits is not None and self.clock.monotonic() >= edits.until:
            await self.store(lambda: messages.distrust(self.db, edits.since, self.epoch()))
            self._overtaken = None

    async def _catch_up(self, at: float) -> None:
        """Do what was asked for above; it stays asked for until the store has done it."""
        wanted = tuple(self._hurries)
        if wanted:
            since = None if Hurry.ALL in wanted else at
            await self.store(lambda: outbox.offer_now(self.db, at, self.epoch(), written_after=since))
            del self._hurries[: len(wanted)]

    async def _due(self) -> Todo:
        """What is due on each channel that takes something now."""
        at = self.clock.now()
        await self._catch_up(at)
        await self._edit_again()
        if not self._started and not self.only_tests:
            # Settings may have changed since what was refused was refused.
            await self.store(lambda: rearming.rearm(self.db, at, self.epoch()))
            self._started = True
        reach = _EVERYTHING if self.only_tests else REACH
        lanes = await self.store(lambda: due(self.db, at, reach))
        by_channel: dict[str, list[Due]] = {}
        under_way = {lane for run in self._running for lane in run.beside}
        for one in lanes:
            if (one.test or not self.only_tests) and one.lane not in under_way:
                by_channel.setdefault(one.lane.address.channel, []).append(one)
        steady = self.clock.monotonic()
        todo: Todo = {
            channel: list(plan(found, self._weather(channel, steady), self.patience.storm_after)[:ROUND])
            for channel, found in by_channel.items()
        }
        for stale in await self._stale(at):
            there = todo.setdefault(stale.address.channel, [])
            if len(there) < ROUND and self.pacing.takes_edits(stale.address.channel, steady):
                there.append(Edit(stale))
        return {channel: tasks for channel, tasks in todo.items() if not self.pacing.is_paused(channel, steady)}

    def _weather(self, channel: str, steady: float) -> Weather:
        """What a channel has been through, what is on its way to it included."""
        weather = self.pacing.weather(channel, steady)
        on_the_way = sum(run.channel == channel and bool(run.beside) for run in self._running)
        return replace(weather, roots=weather.roots + on_the_way)

    async def _stale(self, at: float) -> list[Lane | StaleDigest]:
        if self.only_tests:
            return []
        every = self.patience.edit_every
        digests = await self.store(lambda: messages.stale_digests(self.db, at, every))
        return [*digests, *await self.store(lambda: messages.stale_lanes(self.db, at, every))]

    async def _in_turn(self, channel: str, tasks: Iterable[Task | Edit]) -> int:
        """The tasks of one channel while nobody else works on it: the channel's rate is shared, its order is kept."""
        async with self._busy.setdefault(channel, asyncio.Lock()):
            return await self._work_off(channel, tasks)

    async def _work_off(self, channel: str, tasks: Iterable[Task | Edit]) -> int:
        """One task after the other."""
        moved = 0
        for task in tasks:
            steady = self.clock.monotonic()
            if self.pacing.is_paused(channel, steady) or not self.may_act():
                break  # when the pause is over the oldest lane probes the channel, and nobody overtakes it
            await self.clock.sleep(self.pacing.wait(channel, steady))
            try:
                moved += await self._do(task)
            except StoreError:
                raise
            except Exception as broken:
                log.exception("telling broke", channel=channel)
                await self._step_aside(task, f"{type(broken).__name__} while it was told")
        return moved

    async def _do(self, task: Task | Edit) -> bool:
        if isinstance(task, Together):
            return await tell_together(self, task)
        if isinstance(task, Lane):
            return await tell_lane(self, task)
        stale = task.stale
        return await (refresh_lane(self, stale) if isinstance(stale, Lane) else refresh_digest(self, stale))

    async def _step_aside(self, task: Task | Edit, reason: str) -> None:
        """What breaks waits, so that it does not stand before the others in every round."""
        at, epoch = self.clock.now(), self.epoch()
        if isinstance(task, Edit):
            await self._leave_as_it_is(task.stale, at)
            return
        lanes, bundle = (task.lanes, task.bundle) if isinstance(task, Together) else ((task,), None)
        rows = await self.store(lambda: bundles.rows(self.db, lanes, bundle))
        waiting = [one for found in rows.values() for one in found]
        when = at + self.patience.retry_max
        begun = [one.id for one in waiting if one.state in ("sending", "unclear")]
        others = [one.id for one in waiting if one.state == "waiting"]
        if begun:
            await self.store(lambda: outbox.unclear(self.db, begun, at, epoch, next_attempt_at=when, reason=reason))
        if others:
            await self.store(lambda: outbox.postpone(self.db, others, at, epoch, next_attempt_at=when, reason=reason))

    async def _leave_as_it_is(self, stale: Lane | StaleDigest, at: float) -> None:
        epoch = self.epoch()
        if isinstance(stale, Lane):
            await self.store(lambda: messages.edited(self.db, stale, at, epoch))
        else:
            await self.store(lambda: messages.digest_edited(self.db, stale.key, at, epoch, ref=None, shown=None))


def _lanes_beside(task: Task | Edit) -> frozenset[Lane]:
    """The lanes of a message that may be on its way beside others; none for an edit, and for what makes a new digest.

    A digest stands before others may join it.
    """
    if isinstance(task, Edit):
        return frozenset()
    if isinstance(task, Together):
        return frozenset(task.lanes if task.digest or task.bundle else ())
    return frozenset((task,))
