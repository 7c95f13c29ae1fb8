"""What became of an attempt is recorded: delivered, put off, refused, or nobody knows."""

from __future__ import annotations

import structlog

from sentinel.deliver.channel import Delivered, Delivery, Later, Outcome, Refused, Unclear
from sentinel.domain.notices import NoticeKind
from sentinel.engine import figures
from sentinel.engine.backoff import retry_in
from sentinel.engine.batch import Batch
from sentinel.engine.desk import Desk
from sentinel.store import bundles, outbox, rearming
from sentinel.store.outbox import GivenUp

log = structlog.get_logger("sentinel.dispatch")

ONE_REPEAT = 2
"""Attempts of which nobody knows the fate: after the second one nothing is sent again, it would be a second repeat."""


async def settle(desk: Desk, batch: Batch, delivery: Delivery, outcome: Outcome) -> None:
    """Record what became of an attempt. `batch.is_doubtful` says whether an earlier one may have been accepted."""
    at, address = desk.clock.now(), batch.lanes[0].address
    figures.DELIVERIES.labels(address.kind, type(outcome).__name__.lower()).inc()
    desk.pacing.sent(address.channel, address.kind, desk.clock.monotonic())
    if not isinstance(outcome, Unclear):
        desk.tried_at.pop(batch.key, None)
    if isinstance(outcome, Delivered):
        await _delivered(desk, batch, delivery, outcome, at)
    elif isinstance(outcome, Later):
        await _later(desk, batch, outcome, at)
    elif isinstance(outcome, Refused):
        desk.refusing.add(address.channel)
        fault: GivenUp = "refused" if outcome.about == "channel" else "unfit"
        reason = f"{outcome.reason}. {outcome.hint}".rstrip(". ")
        await abandon(desk, batch, reason, "unclear" if batch.is_doubtful else fault)
    else:
        await _after_unclear(desk, batch, outcome, at)


async def _delivered(desk: Desk, batch: Batch, delivery: Delivery, outcome: Delivered, at: float) -> None:
    address, epoch, lanes = batch.lanes[0].address, desk.epoch(), batch.lanes
    ref = dict(outcome.ref) if outcome.ref is not None else None
    bundle, note, found = batch.bundle, outcome.note, batch.open_since is not None
    if bundle is None:
        # A reminder is a line in the thread; the message itself stays as it was.
        edited = delivery.first or delivery.kind is not NoticeKind.REMINDER
        now = delivery.story.incident.changed_at
        await desk.store(
            lambda: outbox.delivered(
                desk.db, batch.ids, at, epoch, lane=lanes[0], ref=ref, edited=edited, shown=now, note=note, found=found
            )
        )
    else:
        digest, members = batch.digest or bundle.key, delivery.digest.incidents if delivery.digest is not None else ()
        shown = None if found else {one.id: one.changed_at for one in members}
        await desk.store(
            lambda: bundles.delivered(
                desk.db, bundle, at, epoch, digest=digest, lanes=lanes, ref=ref, shown=shown, note=note
            )
        )
    for one in batch.notices:
        figures.DELIVERY_SECONDS.labels(address.kind).observe(max(0.0, at - one.notice.at))
    seen = delivery.first or (delivery.digest is not None and not delivery.quiet)
    started = bundle.key if bundle is not None and delivery.first else None
    silent = desk.pacing.is_silent(address.channel)
    desk.pacing.accepted(address.channel, desk.clock.monotonic(), root=seen, digest=started)
    log.info("told", notice=delivery.key, channel=address.channel, kind=delivery.kind.value, lanes=len(lanes))
    if silent and address.kind != "slack":
        # What Slack may have is looked up in its own time; elsewhere only another try can tell, and now it can.
        rest = desk.patience.retry_min
        await desk.store(lambda: rearming.offer_rest(desk.db, at, epoch, channel=address, rest=rest))
    if address.channel in desk.refusing:
        again = await desk.store(lambda: rearming.rearm(desk.db, at, epoch, channel=address))
        if again:
            log.info("refused notices are offered again", channel=address.channel, notices=again)


async def _later(desk: Desk, batch: Batch, outcome: Later, at: float) -> None:
    address = batch.lanes[0].address
    if at - batch.notices[0].notice.at > desk.patience.give_up_after:
        given_up: GivenUp = "unclear" if batch.is_doubtful or outcome.accepted_by else "late"
        await abandon(desk, batch, f"given up after a day: {outcome.reason}", given_up)
        return
    wait = outcome.retry_after
    if wait is None and address.kind == "email":
        wait = desk.patience.greylist_wait
    elif wait is None:
        wait = retry_in(batch.attempts + 1, desk.patience, dice=desk.dice.random())
    if outcome.about == "notice":
        desk.pacing.unanswered(address.channel)
    elif outcome.retry_after is not None or address.kind != "email":
        # Trouble of the channel, not of the notice: the others wait behind the oldest, so that order is kept.
        desk.pacing.pause(address.channel, desk.clock.monotonic(), wait)
        desk.pacing.put_off(address.channel)
    log.warning("told later", notice=batch.key, channel=address.channel, reason=outcome.reason, wait=wait)
    epoch, when, accepted_by = desk.epoch(), at + wait, outcome.accepted_by
    await desk.store(
        lambda: outbox.later(
            desk.db,
            batch.which,
            at,
            epoch,
            next_attempt_at=when,
            reason=outcome.reason,
            accepted_by=accepted_by,
        )
    )


async def _after_unclear(desk: Desk, batch: Batch, outcome: Unclear, at: float) -> None:
    """Slack is looked up; e-mail goes again under the same Message-ID; the others say that they may repeat."""
    address, patience = batch.lanes[0].address, desk.patience
    desk.pacing.unanswered(address.channel)
    log.warning("unclear", notice=batch.key, channel=address.channel, reason=outcome.reason)
    if address.kind == "slack":
        pause = patience.lookup_after[0] if patience.lookup_after else 0.0
    else:
        pause = retry_in(batch.attempts + 1, patience, dice=desk.dice.random())
    repeated = address.kind == "slack_webhook" and batch.attempts + 1 >= ONE_REPEAT
    if repeated or at - batch.notices[0].notice.at > patience.give_up_after:
        await abandon(desk, batch, f"sent, perhaps more than once, and never confirmed: {outcome.reason}", "unclear")
        return
    await keep_unclear(desk, batch, at, at + pause, outcome.reason)


async def keep_unclear(desk: Desk, batch: Batch, at: float, when: float, reason: str) -> None:
    """Nobody knows yet; looked at again at `when`."""
    epoch = desk.epoch()
    await desk.store(lambda: outbox.unclear(desk.db, batch.which, at, epoch, next_attempt_at=when, reason=reason))


async def abandon(desk: Desk, batch: Batch, reason: str, given_up: GivenUp) -> None:
    """It stands in the list of abandoned notices from now on."""
    at, epoch = desk.clock.now(), desk.epoch()
    log.error("notice abandoned", notice=batch.key, reason=reason, certainly_not_accepted=given_up != "unclear")
    await desk.store(lambda: outbox.abandoned(desk.db, batch.which, at, epoch, reason=reason, given_up=given_up))
