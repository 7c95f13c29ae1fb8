"""An attempt with an open outcome is looked up before anything is sent again."""

from __future__ import annotations

from enum import Enum

import structlog

from sentinel.deliver.channel import Channel, Delivered, Delivery, Unclear
from sentinel.engine.backoff import next_lookup
from sentinel.engine.batch import Batch
from sentinel.engine.desk import Desk
from sentinel.engine.settling import ONE_REPEAT, abandon, keep_unclear, settle

log = structlog.get_logger("sentinel.dispatch")


class Fate(Enum):
    """What a look-up made of an attempt with an open outcome."""

    SETTLED = "settled"  # found, or given up
    OPEN = "open"  # nothing can be said yet
    NEVER_ACCEPTED = "never accepted"
    UNPROVABLE = "unprovable"  # it can never be looked up


async def reconcile(desk: Desk, batch: Batch, channel: Channel, delivery: Delivery) -> Fate:
    """Find out whether an unclear notice was accepted after all.

    What is not there proves something of the instant it was asked for, not of when the answer is read: in between this
    process may have been stopped for long.
    """
    asked_after = _elapsed(desk, batch)
    try:
        found = await channel.look_up(delivery)
    except Exception as broken:
        log.exception("look-up broke", channel=channel.kind, notice=delivery.key)
        found = Unclear(f"{type(broken).__name__} inside the look-up")
    if not isinstance(found, Unclear):
        desk.blind_since.pop(batch.key, None)
    if isinstance(found, Delivered):
        await settle(desk, batch, delivery, found)
        return Fate.SETTLED
    at = desk.clock.now()
    if isinstance(found, Unclear):
        return await _unprovable(desk, batch, found, at)
    wait = next_lookup(asked_after, desk.patience.lookup_after)
    if wait is None:
        return Fate.NEVER_ACCEPTED
    await keep_unclear(desk, batch, at, at + max(0.0, wait - _elapsed(desk, batch)), "not found yet")
    return Fate.OPEN


def _elapsed(desk: Desk, batch: Batch) -> float:
    """Seconds since the attempt, by the steady clock: a wall clock that was set makes no message appear or vanish.

    An attempt of another process, also one after our own, counts from when it was first looked at here: that one's
    clock may be minutes apart, and it may have posted as late as just before its end.
    """
    steady = desk.clock.monotonic()
    number, since = desk.tried_at.get(batch.key, (0, steady))
    if number != batch.attempts:
        desk.tried_at[batch.key], since = (batch.attempts, steady), steady
    return steady - since


async def _unprovable(desk: Desk, batch: Batch, found: Unclear, at: float) -> Fate:
    """The look-up itself fails: asked again at growing distances, in the end sent once more with a word about it."""
    patience, steady = desk.patience, desk.clock.monotonic()
    elapsed = steady - desk.blind_since.setdefault(batch.key, steady)
    if elapsed < max((*patience.lookup_after, 0.0)) + patience.retry_max:
        pause = min(patience.retry_max, max(patience.retry_min, elapsed))
        await keep_unclear(desk, batch, at, at + max(pause, found.retry_after or 0.0), found.reason)
        return Fate.OPEN
    del desk.blind_since[batch.key]
    if batch.attempts < ONE_REPEAT:
        return Fate.UNPROVABLE
    channel = batch.lanes[0].address.channel
    await abandon(desk, batch, f"nobody can say whether {channel} has it: {found.reason}", "unclear")
    return Fate.SETTLED
