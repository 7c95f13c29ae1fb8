"""What Sentinel looks at in its own work: whether notices leave, and whether every query has its ticks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sentinel.clock import Clock
from sentinel.domain.asking import Asked
from sentinel.domain.rules import Address, Severity
from sentinel.domain.selfcheck import Sighting, Symptom
from sentinel.domain.sentences import counted, duration
from sentinel.engine import figures
from sentinel.engine.offload import offload
from sentinel.engine.schedule import START_SPREAD
from sentinel.engine.tick import Ticker
from sentinel.store import outbox
from sentinel.store.database import Database
from sentinel.store.outbox import Stuck

LATE = 120.0
"""Seconds after which a notice that has not left is a matter for people."""

MISSED = 3.0
"""A query without a tick for so many of its intervals is missed."""

_NAMED = 5
"""Channels and queries named in one sentence."""


@dataclass
class Telling:
    """Whether notices leave. One incident for each kind of channel: when Slack is down, fifty channels have one cause."""

    db: Database
    clock: Clock

    async def __call__(self) -> Iterable[Sighting]:
        waiting = await offload(lambda: outbox.oldest_by_channel(self.db))
        given_up = await offload(lambda: outbox.abandoned_by_channel(self.db))
        at = self.clock.now()
        late = [one for one in waiting if at - one.oldest_at > LATE]
        return (
            Sighting(rule="sentinel/outbox", symptoms=tuple(map(_late, _by_kind(late)))),
            Sighting(rule="sentinel/abandoned", symptoms=tuple(map(_abandoned, _by_kind(given_up)))),
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
        summary=f"Notices by {_words(stuck[0].kind)} are late",
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

    async def __call__(self) -> Iterable[Sighting]:
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
        found = Sighting(rule="sentinel/ticks", symptoms=symptoms, unknown=frozenset(fresh), subjects=sources)
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
