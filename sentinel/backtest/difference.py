"""Two outcomes side by side: notices that an edit adds and removes, and what it would have found sooner or later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sentinel.backtest.outcome import Outcome, Told
from sentinel.domain.hierarchy import Node, is_under
from sentinel.domain.incidents import Incident


@dataclass(frozen=True, slots=True)
class Change:
    """A notice of one run or of both: `-` only the old rules send it, `+` only the new ones, `=` both."""

    sign: str
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One channel on one day (ISO date of the report's zone): notices by old and new rules, and the difference."""

    day: str
    channel: str
    old: int
    new: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One episode that both found, told at different instants (Unix seconds)."""

    rule: str
    service: str
    node: Node
    old_at: float
    new_at: float

    @property
    def earlier(self) -> float:
        """Seconds by which the new rules find it sooner; negative for later."""
        return self.old_at - self.new_at


def changes(old: Outcome, new: Outcome) -> tuple[Change, ...]:
    """Every notice of both runs by instant, removed before added."""
    before, after = Counter(old.told), Counter(new.told)
    found = [
        *(Change("-", told) for told in (before - after).elements()),
        *(Change("+", told) for told in (after - before).elements()),
        *(Change("=", told) for told in (before & after).elements()),
    ]
    order = {"-": 0, "+": 1, "=": 2}
    return tuple(sorted(found, key=lambda one: (one.told.at, order[one.sign])))


def days(found: Iterable[Change], zone: tzinfo) -> tuple[Day, ...]:
    """How many notices each channel gets on each day of that zone; days and channels without any are left out."""
    counted: dict[tuple[str, str], Counter[str]] = {}
    for one in found:
        day = datetime.fromtimestamp(one.told.at, zone).date().isoformat()
        counted.setdefault((day, one.told.channel), Counter())[one.sign] += 1
    return tuple(
        Day(
            day=day,
            channel=channel,
            old=signs["-"] + signs["="],
            new=signs["+"] + signs["="],
            added=signs["+"],
            removed=signs["-"],
        )
        for (day, channel), signs in sorted(counted.items())
    )


def detections(old: Outcome, new: Outcome) -> tuple[Detection, ...]:
    """Episodes that both runs found at different instants, the largest gain first.

    An incident of the old run and one of the new are the same episode when rule and service are the same, they were
    open at one time, and one stands at or below the other. Of several the first counts.
    """
    found = []
    by_rule: dict[_Subject, list[Incident]] = {}
    for candidate in new.incidents:
        by_rule.setdefault(_subject(candidate), []).append(candidate)
    for one in old.incidents:
        candidates = by_rule.get(_subject(one), ())
        other = next((candidate for candidate in candidates if _same_episode(one, candidate)), None)
        if other is not None and other.opened_at != one.opened_at:
            found.append(
                Detection(
                    rule=one.rule,
                    service=one.service or "",
                    node=one.node,
                    old_at=one.opened_at,
                    new_at=other.opened_at,
                )
            )
    return tuple(sorted(found, key=lambda one: (-one.earlier, one.old_at, one.rule, one.service, one.node)))


_Subject = tuple[str, str | None, str]


def _subject(incident: Incident) -> _Subject:
    return incident.rule, incident.service, incident.source


def _same_episode(one: Incident, other: Incident) -> bool:
    return (
        (is_under(one.node, other.node) or is_under(other.node, one.node))
        and (other.resolved_at is None or one.opened_at <= other.resolved_at)
        and (one.resolved_at is None or other.opened_at <= one.resolved_at)
    )
