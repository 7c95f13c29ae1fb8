"""What is told in one go: the undelivered notices of one incident for one address become one message. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentinel.deliver.channel import Delivery
from sentinel.domain.incidents import Story
from sentinel.domain.notices import NoticeKind
from sentinel.store.outbox import OutboxNotice

_LINES = 5
"""How many steps one thread line tells when a backlog is told at once; the message itself shows the present truth."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Notices that are offered under one key. `open_since`: an earlier attempt whose outcome nobody knows."""

    notices: tuple[OutboxNotice, ...]
    open_since: float | None

    @property
    def ids(self) -> tuple[int, ...]:
        """The rows."""
        return tuple(one.id for one in self.notices)

    @property
    def key(self) -> str:
        """The key of the oldest: what was offered before is found under it again."""
        return self.notices[0].notice.key

    @property
    def attempts(self) -> int:
        """How often the oldest was offered."""
        return self.notices[0].attempts


def next_batch(waiting: Sequence[OutboxNotice], at: float) -> Batch | None:
    """What to do next in a lane. An attempt with an open outcome comes first and alone; else all that is due."""
    if not waiting:
        return None
    started = [one for one in waiting if one.attempt_started_at is not None and one.state in ("sending", "unclear")]
    if started:
        if started[0].state == "unclear" and started[0].next_attempt_at > at:
            return None
        since = started[0].attempt_started_at
        together = tuple(one for one in started if one.attempt_started_at == since)
        return Batch(together, since)
    due = [one for one in waiting if max(one.next_attempt_at, one.notice.not_before) <= at]
    if not due or due[0] is not waiting[0]:
        return None
    return Batch(tuple(waiting), None)


def delivery_of(
    batch: Batch, story: Story, ref: Mapping[str, str] | None, *, told_before: bool, may_repeat: bool, at: float
) -> Delivery:
    """One message for the batch: the truth of now, every step in its line."""
    notices = [one.notice for one in batch.notices]
    lines = list(dict.fromkeys(notice.line for notice in notices))
    if len(lines) > _LINES:
        lines = [lines[0], f"… {len(lines) - _LINES} more …", *lines[-(_LINES - 1) :]]
    return Delivery(
        key=batch.key,
        kind=_kind([notice.kind for notice in notices]),
        story=story,
        line=". ".join(line.rstrip(".") for line in lines),
        quiet=all(notice.quiet for notice in notices),
        first=not told_before,
        ref=ref,
        may_repeat=may_repeat,
        started_at=batch.open_since if batch.open_since is not None else at,
        at=at,
    )


def _kind(kinds: Sequence[NoticeKind]) -> NoticeKind:
    """The last step names the message, but an escalation is not hidden by a quieter step after it."""
    if kinds[-1] in (NoticeKind.RECOVERED, NoticeKind.CLOSED, NoticeKind.REOPENED):
        return kinds[-1]
    for loud in (NoticeKind.DEGRADED, NoticeKind.REOPENED, NoticeKind.ESCALATED):
        if loud in kinds:
            return loud
    return kinds[-1]
