"""What is told in one go, as one message: the undelivered notices of one lane, or of many. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sentinel.deliver.channel import Delivery, Digest
from sentinel.deliver.digest_wording import Step, steps_line, worst_first
from sentinel.deliver.times import local_near
from sentinel.domain.incidents import Incident, Story
from sentinel.domain.notices import NoticeKind
from sentinel.engine.storm import key_of
from sentinel.store.notices import Lane
from sentinel.store.outbox import Bundle, OutboxNotice, Rows

_LINES = 5
"""How many steps one thread line tells when a backlog is told at once; the message itself shows the present truth."""

LATE = 120.0
"""Seconds after which a step that is told says when it happened."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Notices that are offered under one key. `open_since`: an earlier attempt whose outcome nobody knows.

    `rest` are later steps of the same lanes, which go along as soon as it is certain that nothing was accepted.
    `bundle` and `digest` are None for a message of one incident; of a digest itself only `digest` is.
    """

    notices: tuple[OutboxNotice, ...]
    open_since: float | None
    rest: tuple[OutboxNotice, ...] = ()
    bundle: Bundle | None = None
    digest: str | None = None

    @property
    def ids(self) -> tuple[int, ...]:
        """The rows."""
        return tuple(one.id for one in self.notices)

    @property
    def which(self) -> Rows:
        """The rows, once an attempt is recorded."""
        return self.bundle or self.ids

    @property
    def key(self) -> str:
        """The bundle's key, or that of the oldest: what was offered before is found under it again."""
        return self.bundle.key if self.bundle is not None else self.notices[0].notice.key

    @property
    def attempts(self) -> int:
        """How often the oldest was offered."""
        return self.notices[0].attempts

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Whose notices they are."""
        found = ((one.notice.incident, one.notice.address) for one in self.notices)
        return tuple(dict.fromkeys(Lane(name, address) for name, address in found if address is not None))

    @property
    def is_doubtful(self) -> bool:
        """Whether some of it may have been accepted before."""
        return self.open_since is not None or any(one.may_repeat for one in self.notices)

    def whole(self) -> Batch:
        """With all that has happened since."""
        together = tuple(sorted((*self.notices, *self.rest), key=lambda one: one.id))
        return replace(self, notices=together, rest=())


def next_batch(waiting: Sequence[OutboxNotice], at: float) -> Batch | None:
    """What to do next in a lane. An attempt with an open outcome comes first and alone; else all that is due."""
    if not waiting:
        return None
    started = [one for one in waiting if _is_open(one)]
    if started:
        if started[0].state == "unclear" and started[0].next_attempt_at > at:
            return None
        since = started[0].attempt_started_at
        together = tuple(one for one in started if one.attempt_started_at == since)
        return Batch(together, since, tuple(one for one in waiting if one not in together))
    if not _is_due(waiting[0], at):
        return None
    # What some recipients have already goes to the others as it was: what came since would never reach those.
    return Batch(tuple(one for one in waiting if one.accepted_by) or tuple(waiting), None)


def next_bundle(
    lanes: Mapping[Lane, Sequence[OutboxNotice]], key: str | None, digest: str | None, at: float
) -> Batch | None:
    """What to tell of many lanes as one. What was offered under the key before is offered under it again."""
    mine = {
        lane: rows
        for lane, rows in lanes.items()
        if not any(_is_open(one) and (one.bundle is None or one.bundle != key) for one in rows)
    }
    rows = sorted((one for waiting in mine.values() for one in waiting), key=lambda one: one.id)
    started = [one for one in rows if _is_open(one)]
    if started:
        assert key is not None, "what was begun has a key"
        if started[0].state == "unclear" and started[0].next_attempt_at > at:
            return None
        rest = tuple(one for one in rows if not _is_open(one))
        return Batch(tuple(started), started[0].attempt_started_at, rest, Bundle(key), digest)
    # A person may have let one of them be offered at once: the others go along, what becomes of it is theirs too.
    along = {lane for lane, waiting in mine.items() if key is not None and any(one.bundle == key for one in waiting)}
    due = [one for lane, waiting in mine.items() if lane in along or _is_due(waiting[0], at) for one in waiting]
    due = [one for one in due if one.accepted_by] or due
    if not due:
        return None
    chosen = tuple(sorted(due, key=lambda one: one.id))
    return Batch(chosen, None, (), Bundle(key or key_of((one.notice.key for one in chosen), digest)), digest)


def delivery_of(
    batch: Batch, story: Story, ref: Mapping[str, str] | None, *, told_before: bool, may_repeat: bool, at: float
) -> Delivery:
    """One message for the batch: the truth of now, every step in its line."""
    kinds = [one.notice.kind for one in batch.notices]
    return Delivery(
        key=batch.key,
        kind=_kind(kinds),
        story=story,
        line=_line(batch.notices, story.incident.facts.timezone, at),
        quiet=all(one.notice.quiet for one in batch.notices),
        first=not told_before,
        ref=ref,
        may_repeat=may_repeat,
        started_at=batch.open_since if batch.open_since is not None else at,
        at=at,
        accepted_by=batch.notices[0].accepted_by,
    )


def digest_delivery(
    batch: Batch,
    incidents: Sequence[Incident],
    steps: Sequence[Step],
    ref: Mapping[str, str] | None,
    *,
    quiet: bool,
    may_repeat: bool,
    at: float,
) -> Delivery:
    """One message for many incidents: a digest of them as they are now, or a line in the thread of one."""
    return Delivery(
        key=batch.key,
        kind=NoticeKind.DIGEST,
        story=Story(worst_first(incidents)[0]),
        line=steps_line(steps) if ref is not None else "",
        quiet=quiet,
        first=ref is None,
        ref=ref,
        may_repeat=may_repeat,
        started_at=batch.open_since if batch.open_since is not None else at,
        at=at,
        digest=Digest(tuple(incidents)),
        accepted_by=batch.notices[0].accepted_by,
    )


def steps_of(batch: Batch, incidents: Mapping[str, Incident], told: frozenset[str], at: float) -> list[Step]:
    """What the batch tells of each incident; of one that is told at several addresses once."""
    by_incident: dict[str, list[OutboxNotice]] = {}
    for one in batch.notices:
        by_incident.setdefault(one.notice.incident, []).append(one)
    return [
        Step(
            incident=incidents[name],
            kind=_kind([one.notice.kind for one in rows]),
            line=_line(rows, incidents[name].facts.timezone, at),
            quiet=all(one.notice.quiet for one in rows),
            told=name in told,
        )
        for name, rows in by_incident.items()
        if name in incidents
    ]


def _line(rows: Sequence[OutboxNotice], zone: str, at: float) -> str:
    """Every step in order. Where it is told late it says when it happened."""
    lines = list(dict.fromkeys(_dated(one, zone, at) for one in rows))
    if len(lines) > _LINES:
        lines = [lines[0], f"… {len(lines) - _LINES} more …", *lines[-(_LINES - 1) :]]
    return ". ".join(line.rstrip(".") for line in lines)


def _dated(one: OutboxNotice, zone: str, at: float) -> str:
    line = one.notice.line
    if not line or at - one.notice.at < LATE or one.notice.kind is NoticeKind.TEST:
        return line
    return f"{line.rstrip('.')} ({local_near(one.notice.at, at, zone)})"


def _is_open(one: OutboxNotice) -> bool:
    return one.attempt_started_at is not None and one.state in ("sending", "unclear")


def _is_due(one: OutboxNotice, at: float) -> bool:
    return max(one.next_attempt_at, one.notice.not_before) <= at


def _kind(kinds: Sequence[NoticeKind]) -> NoticeKind:
    """The last step names the message, but an escalation is not hidden by a quieter step after it."""
    if kinds[-1] in (NoticeKind.RECOVERED, NoticeKind.CLOSED, NoticeKind.REOPENED):
        return kinds[-1]
    for loud in (NoticeKind.DEGRADED, NoticeKind.REOPENED, NoticeKind.ESCALATED):
        if loud in kinds:
            return loud
    return kinds[-1]
