"""What Sentinel looks at in its own process: telling, polling, the clock, the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sentinel.clock import Clock
from sentinel.domain.rules import Address, Severity
from sentinel.domain.selfcheck import Findings, Symptom
from sentinel.domain.sentences import counted, duration
from sentinel.engine import figures
from sentinel.engine.offload import offload
from sentinel.engine.queries import Asked
from sentinel.engine.schedule import START_SPREAD, JumpWatch
from sentinel.engine.tick import Ticker
from sentinel.store import outbox
from sentinel.store.database import Database
from sentinel.store.outbox import Stuck

LATE = 120.0
"""Seconds after which a notice that has not left is a matter for people."""

MISSED = 3.0
"""A query without a tick for so many of its intervals is missed."""

JUMPED_FOR = 600.0
"""Seconds for which a jump of the clock stays worth knowing."""

LOW_BYTES, LOW_SHARE, ENOUGH_BYTES = 500e6, 0.10, 10e9
"""A disk is low below the first, and below the second unless the third is still free: a tenth of a large disk is much."""

LAST_BYTES = 100e6
"""Below this much free space the next commits may fail."""

SLACK = 1.2
"""A low disk is well again only when so many times the limit is free; in between nothing changes."""

_NAMED = 5
"""Channels and queries named in one sentence."""


@dataclass
class Telling:
    """Whether notices leave. One incident for each kind of channel: when Slack is down, fifty channels have one cause."""

    db: Database
    clock: Clock

    async def __call__(self) -> Iterable[Findings]:
        waiting = await offload(lambda: outbox.oldest_by_channel(self.db))
        given_up = await offload(lambda: outbox.abandoned_by_channel(self.db))
        at = self.clock.now()
        late = [one for one in waiting if at - one.oldest_at > LATE]
        return (
            Findings(rule="sentinel/outbox", symptoms=tuple(map(_late, _by_kind(late)))),
            Findings(rule="sentinel/abandoned", symptoms=tuple(map(_abandoned, _by_kind(given_up)))),
        )


def _by_kind(stuck: Iterable[Stuck]) -> Iterable[list[Stuck]]:
    kinds: dict[str, list[Stuck]] = {}
    for one in stuck:
        kinds.setdefault(one.kind, []).append(one)
    return kinds.values()


def _late(stuck: list[Stuck]) -> Symptom:
    said = f"; it says: {stuck[0].reason}" if stuck[0].reason else ""
    return Symptom(
        rule="sentinel/outbox",
        subject=stuck[0].kind,
        summary=f"Notices by {_words(stuck[0].kind)} do not leave",
        detail=f"Waiting for more than {duration(LATE)}: {_amounts(stuck)}{said}",
        hint="They are sent by themselves, in order, once the channel takes them. `sentinel notices list --state waiting` shows them.",
        severity=Severity.CRITICAL,
        broken=_channels(stuck),
    )


def _abandoned(stuck: list[Stuck]) -> Symptom:
    return Symptom(
        rule="sentinel/abandoned",
        subject=stuck[0].kind,
        summary=f"Notices by {_words(stuck[0].kind)} were given up",
        detail=f"Not told: {_amounts(stuck)}; {stuck[0].reason}",
        hint="Mend what was refused, then `sentinel notices retry --all`. `sentinel notices list --state abandoned` shows them.",
        severity=Severity.CRITICAL,
        broken=_channels(stuck),
    )


def _amounts(stuck: list[Stuck]) -> str:
    """`2 in slack:#a, 1 in slack:#b and 3 more channels`."""
    rest = len(stuck) - _NAMED
    named = ", ".join(f"{one.number} in {_channel(one)}" for one in stuck[:_NAMED])
    return f"{named} and {counted(rest, 'more channel')}" if rest > 0 else named


def _channel(stuck: Stuck) -> str:
    return Address("", stuck.kind, stuck.to).channel


def _channels(stuck: list[Stuck]) -> frozenset[str]:
    return frozenset(map(_channel, stuck))


def _words(kind: str) -> str:
    return {"slack": "Slack", "slack_webhook": "Slack webhook", "email": "e-mail"}.get(kind, kind)


@dataclass
class Polling:
    """Whether every query has its ticks. One incident for each source. `asked`: the queries asked at present."""

    ticker: Ticker
    clock: Clock
    asked: Callable[[], Sequence[Asked]]
    _since: dict[str, float] = field(default_factory=dict)

    async def __call__(self) -> Iterable[Findings]:
        steady, asked = self.clock.monotonic(), self.asked()
        missed: dict[str, list[Asked]] = {}
        fresh: set[str] = set()
        for one in asked:
            begun = self._since.setdefault(one.query.key, steady)
            last = self.ticker.ticked.get(one.query.key, 0.0)
            if last < begun:
                fresh.add(one.query.source)
            if steady - max(begun, last) > MISSED * one.every + START_SPREAD:
                missed.setdefault(one.query.source, []).append(one)
        sources = frozenset(one.query.source for one in asked)
        for source in sources:
            figures.TICKS_MISSED.labels(source).set(len(missed.get(source, ())))
        total = {source: sum(one.query.source == source for one in asked) for source in missed}
        symptoms = tuple(_missed(source, queries, total[source]) for source, queries in missed.items())
        found = Findings(rule="sentinel/ticks", symptoms=symptoms, unknown=frozenset(fresh), subjects=sources)
        return (found,) if asked else ()


def _missed(source: str, queries: list[Asked], asked: int) -> Symptom:
    named = ", ".join(sorted({one.query.service for one in queries})[:_NAMED])
    return Symptom(
        rule="sentinel/ticks",
        subject=source,
        summary=f"Source {source} is not polled as it should be",
        detail=f"{len(queries)} of {asked} queries have had no tick for three of their intervals: {named}",
        hint="Look into Sentinel's log, at the load of its machine and at the database.",
        severity=Severity.CRITICAL,
    )


@dataclass
class WallClock:
    """Whether the wall clock agrees with time itself. Over by itself."""

    clock: Clock
    host: str
    _jump: float = 0.0
    _jumped_at: float | None = None

    def __post_init__(self) -> None:
        self._watch = JumpWatch(self.clock)
        self._watch.check()

    async def __call__(self) -> Iterable[Findings]:
        steady, jump = self.clock.monotonic(), self._watch.check()
        if jump:
            self._jump, self._jumped_at = jump, steady
        lately = self._jumped_at is not None and steady - self._jumped_at < JUMPED_FOR
        return (Findings(rule="sentinel/clock", symptoms=(self._symptom(),) if lately else ()),)

    def _symptom(self) -> Symptom:
        by = duration(abs(self._jump))
        what = f"was set back by {by}" if self._jump < 0 else f"jumped forward by {by}, or the machine slept"
        return Symptom(
            rule="sentinel/clock",
            subject=self.host,
            summary=f"The clock of {self.host} jumped",
            detail=f"The clock {what}. Polling went on by the steady clock; times of that moment may look odd.",
            hint="Check the time service (NTP) of the machine.",
        )


@dataclass
class Disk:
    """How much room is left where a SQLite file lies. `folder` None: there is no file of ours."""

    folder: Path | None

    async def __call__(self) -> Iterable[Findings]:
        folder = self.folder
        if folder is None:
            return (Findings(rule="sentinel/disk"),)
        try:
            usage = await offload(lambda: shutil.disk_usage(folder))
        except OSError:
            return (Findings(rule="sentinel/disk", unknown=frozenset({str(folder)})),)
        figures.DISK_FREE.set(usage.free / usage.total)
        return (disk_findings(str(folder), usage.free, usage.total),)


def disk_findings(folder: str, free: float, total: float) -> Findings:
    """What so many free bytes of so many mean."""
    limit = max(LOW_BYTES, min(LOW_SHARE * total, ENOUGH_BYTES))
    if free >= limit * SLACK:
        return Findings(rule="sentinel/disk")
    if free >= limit:
        return Findings(rule="sentinel/disk", unknown=frozenset({folder}))
    symptom = Symptom(
        rule="sentinel/disk",
        subject=folder,
        summary="The disk of the database is nearly full",
        detail=f"{_bytes(free)} of {_bytes(total)} are free in {folder}",
        hint="Make room, or lower SENTINEL_RETENTION_DAYS. A full disk stops recording, and with it telling.",
        severity=Severity.CRITICAL if free < LAST_BYTES else Severity.WARNING,
    )
    return Findings(rule="sentinel/disk", symptoms=(symptom,))


def _bytes(amount: float) -> str:
    """Two digits are enough, and do not move with every commit."""
    return f"{amount / 1e9:.1f} GB" if amount >= 1e9 else f"{round(amount / 1e7) * 10} MB"  # noqa: PLR2004 - a GB
