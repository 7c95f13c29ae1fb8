"""The life of one attempt: put together, looked up if need be, recorded, made, settled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from sentinel.deliver.channel import Channel, Delivered, Delivery, Outcome, Refused, Unclear
from sentinel.domain.incidents import Story
from sentinel.domain.reports import is_report
from sentinel.engine.batch import Batch, delivery_of, digest_delivery, next_batch, next_bundle, steps_of
from sentinel.engine.desk import Desk
from sentinel.engine.reconcile import Fate, reconcile
from sentinel.engine.reports import stand_in
from sentinel.engine.settling import abandon, settle
from sentinel.engine.storm import Together, is_quiet
from sentinel.errors import StoreError
from sentinel.store import bundles, incidents, messages, outbox
from sentinel.store.notices import Lane

log = structlog.get_logger("sentinel.dispatch")

CHANNEL_MISSING = "no such channel in the present configuration"

NO_REPORT = "the rules have no such report any more"

Compose = Callable[[Desk, Batch, float], Awaitable[Delivery | None]]
"""None: what should be told is no longer known."""


async def tell_lane(desk: Desk, lane: Lane) -> bool:
    """Tell what is due in a lane, as a message of its own. True when something of it is settled."""
    at = desk.clock.now()
    waiting = await desk.store(lambda: outbox.lane(desk.db, lane))
    batch = next_batch(waiting, at)
    return await _tell(desk, batch, _alone) if batch is not None else False


async def tell_together(desk: Desk, task: Together) -> bool:
    """Tell what is due in many lanes as one message."""
    at = desk.clock.now()
    rows = await desk.store(lambda: bundles.rows(desk.db, task.lanes, task.bundle))
    batch = next_bundle(rows, task.bundle, task.digest, at)
    return await _tell(desk, batch, _digest) if batch is not None else False


async def _tell(desk: Desk, batch: Batch, compose: Compose) -> bool:
    channel = desk.channels(batch.lanes[0].address)
    if channel is None:
        # By their ids: rows carry a bundle's key only once an attempt is recorded.
        by_id = replace(batch, bundle=None)
        await abandon(desk, by_id, CHANNEL_MISSING, "unclear" if batch.is_doubtful else "refused")
        return True
    doubtful = batch.is_doubtful
    delivery = await compose(desk, batch, desk.clock.now())
    if delivery is not None and batch.open_since is not None and channel.kind == "slack":
        fate = await reconcile(desk, batch, channel, delivery)
        if fate is Fate.SETTLED or fate is Fate.OPEN:
            return fate is Fate.SETTLED
        # Nothing says that it was accepted, so the next attempt may as well tell all that has happened since.
        doubtful = fate is Fate.UNPROVABLE
        batch = batch.whole()
        delivery = await compose(desk, batch, desk.clock.now())
    if delivery is None:
        await abandon(desk, replace(batch, bundle=None), NO_REPORT, "unclear" if batch.is_doubtful else "unfit")
        return True
    says_so = doubtful and (channel.kind == "slack" or not channel.proves)
    return await _attempt(desk, batch, channel, replace(delivery, may_repeat=says_so), doubtful=doubtful)


async def _attempt(desk: Desk, batch: Batch, channel: Channel, delivery: Delivery, *, doubtful: bool) -> bool:
    await _begin(desk, batch, delivery.at, doubtful=doubtful)
    number = batch.attempts + 1
    desk.tried_at[batch.key] = number, desk.clock.monotonic()
    if not await desk.still_ours():
        # Stopped or starved since the lease was renewed: whoever leads now finds an open attempt and looks it up.
        log.warning("not sent: the lease may be somebody else's", notice=delivery.key)
        return False
    outcome = await _offer(channel, replace(delivery, still_ours=lambda: _may_go_on(desk)))
    # It may have left as late as now: this process may have been stopped with the message in its hands.
    desk.tried_at[batch.key] = number, desk.clock.monotonic()
    begun = tuple(replace(one, may_repeat=doubtful) for one in batch.notices)
    await settle(desk, replace(batch, notices=begun, open_since=None), delivery, outcome)
    return isinstance(outcome, Delivered | Refused)


async def _begin(desk: Desk, batch: Batch, at: float, *, doubtful: bool) -> None:
    epoch, bundle, chosen = desk.epoch(), batch.bundle, batch.notices
    if bundle is None:
        await desk.store(lambda: outbox.begin(desk.db, batch.ids, at, epoch, may_repeat=doubtful))
    else:
        await desk.store(lambda: bundles.begin(desk.db, bundle, chosen, at, epoch, may_repeat=doubtful))


async def _offer(channel: Channel, delivery: Delivery) -> Outcome:
    """Send, and make sure that whatever happens is an outcome: what broke half-way is unclear, never lost."""
    try:
        return await channel.send(delivery)
    except asyncio.CancelledError:
        raise
    except Exception as broken:
        log.exception("channel broke", channel=channel.kind, notice=delivery.key)
        return Unclear(f"{type(broken).__name__} inside the channel")


async def _may_go_on(desk: Desk) -> bool:
    """Whether a send of several calls may make the next one: a database that does not tell is no leave."""
    try:
        return await desk.still_ours()
    except StoreError as broken:
        log.warning("a send stops half-way: the database does not tell whose turn it is", reason=broken.message)
        return False


async def _alone(desk: Desk, batch: Batch, at: float) -> Delivery | None:
    """The message of one incident, or a report."""
    lane = batch.lanes[0]
    thread = await desk.store(lambda: messages.thread_of(desk.db, lane))
    story = await _story(desk, lane.incident, at)
    ref = thread.ref if thread is not None else None
    delivery = delivery_of(batch, story, ref, told_before=thread is not None, may_repeat=False, at=at)
    if not is_report(lane.incident):
        return delivery
    made = desk.reports
    document = await desk.store(lambda: made(lane.incident, at)) if made is not None else None
    return replace(delivery, document=document) if document is not None else None


async def _story(desk: Desk, incident: str, at: float) -> Story:
    if desk.samples is not None and incident.startswith("test-"):
        return desk.samples(incident, at)
    if is_report(incident):
        return stand_in(incident, at)
    return await desk.store(lambda: incidents.story(desk.db, incident))


async def _digest(desk: Desk, batch: Batch, at: float) -> Delivery:
    """The message of many incidents."""
    key, names = batch.digest, [lane.incident for lane in batch.lanes]
    thread = await desk.store(lambda: messages.digest_of(desk.db, key)) if key is not None else None
    found = await desk.store(lambda: messages.members(desk.db, key, names))
    told = await desk.store(lambda: messages.names(desk.db, key)) if key is not None else frozenset()
    steps = steps_of(batch, {one.id: one for one in found}, told, at)
    over = not any(one.is_open for one in found)
    weather = desk.weather(batch.lanes[0].address)
    quiet = thread is not None and is_quiet(steps, weather, over=over, storm_after=desk.patience.storm_after)
    ref = thread.ref if thread is not None else None
    return digest_delivery(batch, found, steps, ref, quiet=quiet, may_repeat=False, at=at)
