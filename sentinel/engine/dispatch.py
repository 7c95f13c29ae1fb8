"""Drain the outbox: lane by lane, attempt recorded before it is made, outcome recorded after it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

import structlog

from sentinel.clock import Clock
from sentinel.deliver.channel import Channel, Delivered, Delivery, Later, Outcome, Refused, Unclear
from sentinel.domain.incidents import Story
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Address
from sentinel.engine import figures
from sentinel.engine.backoff import Patience, next_lookup, retry_in
from sentinel.engine.batch import Batch, delivery_of, next_batch
from sentinel.engine.offload import offload
from sentinel.engine.pacing import Pacing
from sentinel.errors import StoreError
from sentinel.store import incidents, lease, outbox
from sentinel.store.database import Database
from sentinel.store.outbox import Lane

log = structlog.get_logger("sentinel.dispatch")

CHANNEL_MISSING = "no such channel in the present configuration"

ROUND = 3
"""Lanes of one channel per round: a slow channel holds the others up for so many messages, not for its backlog."""

ONE_REPEAT = 2
"""Attempts of which nobody knows the fate: after the second one nothing is sent again, it would be a second repeat."""


class Fate(Enum):
    """What a look-up made of an attempt with an open outcome."""

    SETTLED = "settled"  # found, or given up
    OPEN = "open"  # nothing can be said yet
    NEVER_ACCEPTED = "never accepted"
    UNPROVABLE = "unprovable"  # it can never be looked up


@dataclass
class Dispatcher:
    """Tells what the outbox holds. `channels` finds an address's channel; None for one that is not configured any more.

    `only_tests` leaves all but test notices where they are, for a program whose settings may not be the service's.
    """

    db: Database
    channels: Callable[[Address], Channel | None]
    clock: Clock
    patience: Patience = field(default_factory=Patience)
    epoch: Callable[[], int | None] = lambda: None
    may_act: Callable[[], bool] = lambda: True
    dice: random.Random = field(default_factory=random.Random)
    pacing: Pacing = field(default_factory=Pacing)
    samples: Callable[[str, float], Story] | None = None
    only_tests: bool = False
    _busy: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def drain(self) -> int:
        """Work off every lane that is due now, different channels side by side. Returns in how many lanes it got on.

        Raises:
            StoreError: the outbox cannot be read or written; what was sent is looked up when it can.
            LeaseLost: another instance tells now.
        """
        at = self.clock.now()
        reach = 100_000 if self.only_tests else 100  # tests may stand behind a backlog
        lanes = await offload(lambda: outbox.due_lanes(self.db, at, reach))
        stale = await offload(lambda: outbox.stale_lanes(self.db, at, self.patience.edit_every))
        if self.only_tests:
            lanes, stale = [lane for lane in lanes if lane.incident.startswith("test-")], []
        by_channel: dict[str, list[tuple[Lane, bool]]] = {}
        for lane, refresh in [*((lane, False) for lane in lanes), *((lane, True) for lane in stale)]:
            todo = by_channel.setdefault(lane.address.channel, [])
            if len(todo) < ROUND:
                todo.append((lane, refresh))
        # All of them end before the first trouble is reported: nothing of this round goes on behind the caller's back.
        done = await asyncio.gather(
            *(self._drain_channel(channel, todo) for channel, todo in by_channel.items()), return_exceptions=True
        )
        broken = next((one for one in done if isinstance(one, BaseException)), None)
        if broken is not None:
            raise broken
        return sum(one for one in done if not isinstance(one, BaseException))

    async def clock_set_back(self) -> None:
        """What waits for an instant that now lies further ahead is offered at once: sooner does no harm."""
        at = self.clock.now()
        with contextlib.suppress(StoreError):
            await offload(lambda: outbox.offer_now(self.db, at, self.epoch()))

    async def take_over(self) -> None:
        """Another instance, whose clock was ahead of ours, may have left what waits for an instant far from now."""
        at = self.clock.now()
        with contextlib.suppress(StoreError):
            await offload(lambda: outbox.offer_now(self.db, at, self.epoch(), written_after=at))

    async def _drain_channel(self, channel: str, todo: list[tuple[Lane, bool]]) -> int:
        """The lanes of one channel one after the other: the channel's rate is shared, its order is kept."""
        moved = 0
        async with self._busy.setdefault(channel, asyncio.Lock()):
            for lane, refresh in todo:
                steady = self.clock.monotonic()
                if self.pacing.is_paused(channel, steady) or not self.may_act():
                    break  # when the pause is over the oldest lane probes the channel, and nobody overtakes it
                await self.clock.sleep(self.pacing.wait(channel, steady))
                try:
                    moved += await (self._refresh(lane) if refresh else self._work(lane))
                except StoreError:
                    raise
                except Exception as broken:
                    log.exception("lane broke", incident=lane.incident, channel=channel)
                    await self._step_aside(lane, refresh=refresh, reason=f"{type(broken).__name__} while it was told")
        return moved

    async def _step_aside(self, lane: Lane, *, refresh: bool, reason: str) -> None:
        """A lane that breaks waits, so that it does not stand before the others in every round."""
        at, epoch = self.clock.now(), self.epoch()
        if refresh:
            await offload(lambda: outbox.edited(self.db, lane, at, epoch, ref=None))
            return
        when = at + self.patience.retry_max
        waiting = await offload(lambda: outbox.lane(self.db, lane))
        begun = [one.id for one in waiting if one.state in ("sending", "unclear")]
        others = [one.id for one in waiting if one.id not in begun]
        if begun:
            await offload(lambda: outbox.unclear(self.db, begun, at, epoch, next_attempt_at=when, reason=reason))
        if others:
            await offload(lambda: outbox.postpone(self.db, others, at, epoch, next_attempt_at=when, reason=reason))

    async def _work(self, lane: Lane) -> bool:
        """Tell what is due in the lane. True when something of it is settled."""
        at = self.clock.now()
        waiting = await offload(lambda: outbox.lane(self.db, lane))
        batch = next_batch(waiting, at)
        if batch is None:
            return False
        channel = self.channels(lane.address)
        if channel is None:
            await self._abandon(batch, CHANNEL_MISSING)
            return True
        delivery = await self._delivery(lane, batch, channel, at)
        if batch.open_since is not None and channel.kind == "slack":
            found = await self._reconcile(lane, batch, channel, delivery)
            if found is not Fate.NEVER_ACCEPTED and found is not Fate.UNPROVABLE:
                return found is Fate.SETTLED
            # Nothing says that it was accepted, so the next attempt may as well tell all that has happened since.
            batch = Batch(tuple(waiting), batch.open_since)
            delivery = await self._delivery(lane, batch, channel, at)
            delivery = replace(delivery, may_repeat=found is Fate.UNPROVABLE)
        await offload(lambda: outbox.begin(self.db, batch.ids, at, self.epoch()))
        if not await self._still_ours():
            # Stopped or starved since the lease was renewed: whoever leads now finds an open attempt and looks it up.
            log.warning("not sent: the lease may be somebody else's", notice=delivery.key)
            return False
        outcome = await self._offer(channel, replace(delivery, still_ours=self._still_ours))
        await self._settle(lane, batch, delivery, outcome)
        return isinstance(outcome, Delivered | Refused)

    async def _still_ours(self) -> bool:
        """The last look before something goes out: the database says whose turn it is, the steady clock for how long.

        Raises:
            StoreError: the database does not tell, so nothing goes out.
        """
        epoch = self.epoch()
        if epoch is None or self.db.claimed or not self.may_act():
            return self.may_act()
        return await offload(lambda: lease.holds(self.db, epoch)) and self.may_act()

    async def _delivery(self, lane: Lane, batch: Batch, channel: Channel, at: float) -> Delivery:
        thread = await offload(lambda: outbox.thread_of(self.db, lane))
        story = await self._story(lane, at)
        again = batch.open_since is not None or any(one.may_repeat for one in batch.notices)
        return delivery_of(
            batch,
            story,
            thread.ref if thread else None,
            told_before=thread is not None,
            may_repeat=again and not channel.proves,
            at=at,
        )

    async def _story(self, lane: Lane, at: float) -> Story:
        if self.samples is not None and lane.incident.startswith("test-"):
            return self.samples(lane.incident, at)
        return await offload(lambda: incidents.story(self.db, lane.incident))

    async def _offer(self, channel: Channel, delivery: Delivery) -> Outcome:
        """Send, and make sure that whatever happens is an outcome: what broke half-way is unclear, never lost."""
        try:
            return await channel.send(delivery)
        except asyncio.CancelledError:
            raise
        except Exception as broken:
            log.exception("channel broke", channel=channel.kind, notice=delivery.key)
            return Unclear(f"{type(broken).__name__} inside the channel")

    async def _reconcile(self, lane: Lane, batch: Batch, channel: Channel, delivery: Delivery) -> Fate:
        """Look an unclear notice up before it may be sent again."""
        try:
            found = await channel.look_up(delivery)
        except Exception as broken:
            log.exception("look-up broke", channel=channel.kind, notice=delivery.key)
            found = Unclear(f"{type(broken).__name__} inside the look-up")
        if isinstance(found, Delivered):
            await self._settle(lane, batch, delivery, found)
            return Fate.SETTLED
        at = self.clock.now()
        since = batch.open_since or at
        if isinstance(found, Unclear):
            return await self._unprovable(lane, batch, found, at)
        wait = next_lookup(at - since, self.patience.lookup_after)
        if wait is None:
            return Fate.NEVER_ACCEPTED
        await self._unclear(batch, at, since + wait, "not found yet")
        return Fate.OPEN

    async def _unprovable(self, lane: Lane, batch: Batch, found: Unclear, at: float) -> Fate:
        """The look-up itself fails: asked again at growing distances, in the end sent once more with a word about it."""
        elapsed = at - (batch.open_since or at)
        if elapsed < max((*self.patience.lookup_after, 0.0)) + self.patience.retry_max:
            pause = min(self.patience.retry_max, max(self.patience.retry_min, elapsed))
            await self._unclear(batch, at, at + pause, found.reason)
            return Fate.OPEN
        if batch.attempts < ONE_REPEAT:
            return Fate.UNPROVABLE
        await self._abandon(batch, f"nobody can say whether {lane.address.channel} has it: {found.reason}")
        return Fate.SETTLED

    async def _settle(self, lane: Lane, batch: Batch, delivery: Delivery, outcome: Outcome) -> None:
        """Record what became of an attempt."""
        at = self.clock.now()
        name = type(outcome).__name__.lower()
        figures.DELIVERIES.labels(lane.address.kind, name).inc()
        self.pacing.sent(lane.address.channel, lane.address.kind, self.clock.monotonic())
        if isinstance(outcome, Delivered):
            ref = dict(outcome.ref) if outcome.ref is not None else None
            await offload(
                lambda: outbox.delivered(
                    self.db, batch.ids, at, self.epoch(), lane=lane, ref=ref, edited=True, note=outcome.note
                )
            )
            log.info("told", notice=delivery.key, channel=lane.address.channel, kind=delivery.kind.value)
        elif isinstance(outcome, Later):
            await self._later(lane, batch, outcome, at)
        elif isinstance(outcome, Refused):
            await self._abandon(batch, f"{outcome.reason}. {outcome.hint}".rstrip(". "))
        else:
            await self._after_unclear(lane, batch, outcome, at)

    async def _later(self, lane: Lane, batch: Batch, outcome: Later, at: float) -> None:
        wait = outcome.retry_after
        if wait is not None:
            self.pacing.pause(lane.address.channel, self.clock.monotonic(), wait)
        elif lane.address.kind == "email":
            wait = self.patience.greylist_wait
        else:
            wait = retry_in(batch.attempts + 1, self.patience, dice=self.dice.random())
        if at - batch.notices[0].notice.at > self.patience.give_up_after:
            await self._abandon(batch, f"given up after a day: {outcome.reason}")
            return
        if lane.address.kind != "email":
            # Trouble of the channel, not of the notice: the others wait behind the oldest, so that order is kept.
            self.pacing.pause(lane.address.channel, self.clock.monotonic(), wait)
        log.warning("told later", notice=batch.key, channel=lane.address.channel, reason=outcome.reason, wait=wait)
        when = at + wait
        await offload(
            lambda: outbox.later(self.db, batch.ids, at, self.epoch(), next_attempt_at=when, reason=outcome.reason)
        )

    async def _after_unclear(self, lane: Lane, batch: Batch, outcome: Unclear, at: float) -> None:
        """Slack is looked up; e-mail goes again under the same Message-ID; the others say that they may repeat."""
        log.warning("unclear", notice=batch.key, channel=lane.address.channel, reason=outcome.reason)
        if lane.address.kind == "slack":
            pause = self.patience.lookup_after[0] if self.patience.lookup_after else 0.0
        else:
            pause = retry_in(batch.attempts + 1, self.patience, dice=self.dice.random())
        repeated = lane.address.kind == "slack_webhook" and batch.attempts + 1 >= ONE_REPEAT
        if repeated or at - batch.notices[0].notice.at > self.patience.give_up_after:
            await self._abandon(batch, f"sent, perhaps more than once, and never confirmed: {outcome.reason}")
            return
        await self._unclear(batch, at, at + pause, outcome.reason)

    async def _unclear(self, batch: Batch, at: float, when: float, reason: str) -> None:
        await offload(lambda: outbox.unclear(self.db, batch.ids, at, self.epoch(), next_attempt_at=when, reason=reason))

    async def _abandon(self, batch: Batch, reason: str) -> None:
        at = self.clock.now()
        log.error("notice abandoned", notice=batch.key, reason=reason)
        await offload(lambda: outbox.abandoned(self.db, batch.ids, at, self.epoch(), reason=reason))

    async def _refresh(self, lane: Lane) -> bool:
        """Edit a message whose figures or members changed since it was last written; nobody is called by it."""
        channel = self.channels(lane.address)
        thread = await offload(lambda: outbox.thread_of(self.db, lane))
        if thread is None or not self.may_act():
            return False
        at = self.clock.now()
        if channel is None:
            # Nobody can edit there any more; without this the lane would stand before the others for ever.
            await offload(lambda: outbox.edited(self.db, lane, at, self.epoch(), ref=None))
            return False
        story = await offload(lambda: incidents.story(self.db, lane.incident))
        if not await self._still_ours():
            return False
        outcome = await channel.refresh(
            Delivery(
                key=f"{lane.incident}/refresh",
                kind=NoticeKind.WIDENED,
                story=story,
                line="",
                quiet=True,
                first=False,
                ref=thread.ref,
                may_repeat=False,
                started_at=at,
                at=at,
            )
        )
        self.pacing.sent(lane.address.channel, lane.address.kind, self.clock.monotonic())
        if isinstance(outcome, Later | Unclear):
            wait = (
                outcome.retry_after if isinstance(outcome, Later) and outcome.retry_after else self.patience.edit_every
            )
            self.pacing.pause(lane.address.channel, self.clock.monotonic(), min(wait, self.patience.edit_every))
        settled = isinstance(outcome, Delivered | Refused)
        if settled:
            # A refused edit is not tried again until the next change: the message stays as it was.
            ref = dict(outcome.ref) if isinstance(outcome, Delivered) and outcome.ref is not None else None
            await offload(lambda: outbox.edited(self.db, lane, at, self.epoch(), ref=ref))
        return settled
