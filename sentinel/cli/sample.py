"""An incident that never was: what `preview` shows when there is none to show yet."""

from __future__ import annotations

from sentinel.domain import sentences
from sentinel.domain.incidents import CloseReason, Event, Facts, Incident, Member, Story
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import Severity

ID = "sample"
MINUTE = 60.0

_EUROPE = ("Europe", "Switzerland")
_WORST = (
    Member((*_EUROPE, "Zürich"), Severity.CRITICAL, "38 %"),
    Member((*_EUROPE, "Geneva"), Severity.CRITICAL, "21 %"),
    Member((*_EUROPE, "Bern"), Severity.WARNING, "7.2 %"),
)


def sample(at: float, *, recovered: bool = False) -> Story:
    """A country where three of four sites have trouble with their mail, seen at `at` (Unix seconds)."""
    facts = Facts(
        summary="Devices with errors",
        subject="devices with errors / devices",
        value="38 %",
        limit="> 10 %",
        hold=10 * MINUTE,
        affected=3,
        judged=4,
        worst=_WORST,
        runbook="https://wiki.example.com/runbooks/mail",
        owner="workplace",
    )
    first = Incident(
        id=ID,
        rule="devices-in-error",
        service="Exchange Online",
        source="portal",
        hierarchy="Location",
        node=(*_EUROPE, "Zürich"),
        severity=Severity.WARNING,
        worst_severity=Severity.CRITICAL,
        opened_at=at - 29 * MINUTE,
        changed_at=at,
        members=1,
        peak_members=3,
        step=3,
        worst_value="38 %",
        facts=facts,
    )
    now = first.evolve(node=_EUROPE, severity=Severity.CRITICAL, members=3)
    steps = [
        (NoticeKind.DEGRADED, sentences.opened(first), 29.0),
        (NoticeKind.ESCALATED, sentences.severity_change(first, now), 19.0),
        (NoticeKind.WIDENED, sentences.scope(first, now), 9.0),
    ]
    if recovered:
        now = now.evolve(resolved_at=at, close_reason=CloseReason.RECOVERED, members=0, step=4)
        steps.append((NoticeKind.RECOVERED, sentences.recovered(now, at), 0.0))
    events = tuple(
        Event(incident=ID, step=number, at=at - ago * MINUTE, kind=kind.value, text=text, value=facts.value)
        for number, (kind, text, ago) in enumerate(steps, 1)
    )
    return Story(now, events)
