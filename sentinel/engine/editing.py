"""Messages whose figures or members changed since they were last written are edited; nobody is called by it."""

from __future__ import annotations

from sentinel.deliver.channel import Channel, Delivered, Delivery, Digest, Later, Outcome, Refused, Unclear
from sentinel.deliver.digest_wording import worst_first
from sentinel.domain.incidents import Story
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Address
from sentinel.engine.desk import Desk
from sentinel.store import incidents, messages
from sentinel.store.messages import StaleDigest, Thread
from sentinel.store.notices import Lane


async def refresh_lane(desk: Desk, lane: Lane) -> bool:
    """Bring the message of one incident up to date. True when that is settled."""
    at, epoch = desk.clock.now(), desk.epoch()
    thread = await desk.store(lambda: messages.thread_of(desk.db, lane))
    channel = desk.channels(lane.address)
    if thread is None:
        return False
    if channel is None:
        # Nobody can edit there any more; without this the lane would stand before the others for ever.
        await desk.store(lambda: messages.edited(desk.db, lane, at, epoch))
        return False
    story = await desk.store(lambda: incidents.story(desk.db, lane.incident))
    if not await desk.still_ours():
        return False
    outcome = await _refresh(desk, channel, lane.address, _edit(lane.incident, story, thread, at))
    if isinstance(outcome, Delivered | Refused):
        # A refused edit is not tried again until the next change: the message stays as it was.
        ref = dict(outcome.ref) if isinstance(outcome, Delivered) and outcome.ref is not None else None
        shown = story.incident.changed_at
        await desk.store(lambda: messages.edited(desk.db, lane, at, epoch, ref=ref, shown=shown))
    return isinstance(outcome, Delivered | Refused)


async def refresh_digest(desk: Desk, stale: StaleDigest) -> bool:
    """Bring a digest up to date. True when that is settled."""
    at, epoch = desk.clock.now(), desk.epoch()
    thread = await desk.store(lambda: messages.digest_of(desk.db, stale.key))
    found = await desk.store(lambda: messages.members(desk.db, stale.key, ()))
    channel = desk.channels(stale.address)
    if thread is None or not found or not await desk.still_ours():
        return False
    outcome: Outcome = Refused("nobody can edit there any more")
    if channel is not None:
        story = Story(worst_first(found)[0])
        outcome = await _refresh(
            desk, channel, stale.address, _edit(stale.key, story, thread, at, digest=Digest(tuple(found)))
        )
    if isinstance(outcome, Delivered | Refused):
        ref = dict(outcome.ref) if isinstance(outcome, Delivered) and outcome.ref is not None else None
        await desk.store(lambda: messages.digest_edited(desk.db, stale.key, at, epoch, ref=ref, shown=found))
    return isinstance(outcome, Delivered | Refused)


def _edit(name: str, story: Story, thread: Thread, at: float, *, digest: Digest | None = None) -> Delivery:
    return Delivery(
        key=f"{name}/refresh",
        kind=NoticeKind.WIDENED if digest is None else NoticeKind.DIGEST,
        story=story,
        line="",
        quiet=True,
        first=False,
        ref=thread.ref,
        may_repeat=False,
        started_at=at,
        at=at,
        digest=digest,
    )


async def _refresh(desk: Desk, channel: Channel, address: Address, delivery: Delivery) -> Outcome:
    outcome = await channel.refresh(delivery)
    now = desk.clock.monotonic()
    desk.pacing.sent(address.channel, address.kind, now)
    if isinstance(outcome, Later | Unclear):
        if outcome.retry_after is not None:
            desk.pacing.pause(address.channel, now, outcome.retry_after)
        else:
            # That an edit failed says nothing about news: those go on.
            desk.pacing.pause_edits(address.channel, now, desk.patience.edit_every)
    return outcome
