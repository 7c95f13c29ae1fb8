"""Builders of incidents, stories and deliveries for tests: a plain degradation unless told otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentinel.deliver.channel import Delivery, Digest
from sentinel.domain import sentences
from sentinel.domain.incidents import CloseReason, Event, Facts, Incident, Member, Story
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import SOURCE_RULE, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OPENED = 1_772_438_520.0
"""2026-03-02 08:02 UTC, 09:02 in Zurich."""

ZURICH = ("Europe", "Switzerland", "Zürich")

WORST = (
    Member((*ZURICH, "Campus"), Severity.CRITICAL, "22 %"),
    Member((*ZURICH, "Airport"), Severity.CRITICAL, "14.2 %"),
    Member((*ZURICH, "West"), Severity.WARNING, "6.1 %"),
)


def facts(**changes: Any) -> Facts:
    """What is wrong: 3 of 8 nodes, worst 22 %."""
    usual: dict[str, Any] = {
        "summary": "Devices with errors",
        "subject": "devices_with_errors / devices",
        "value": "22 %",
        "limit": "> 10 %",
        "hold": 600.0,
        "affected": 3,
        "judged": 8,
        "worst": WORST,
        "runbook": "https://wiki.example.com/runbooks/exchange",
        "owner": "workplace",
        "timezone": "Europe/Zurich",
    }
    return Facts(**{**usual, **changes})


def incident(**changes: Any) -> Incident:
    """An open critical incident of Exchange Online at Zürich."""
    usual: dict[str, Any] = {
        "id": "sn-abcdefghijkl",
        "rule": "devices-in-error",
        "service": "Exchange Online",
        "source": "portal",
        "hierarchy": "Location",
        "node": ZURICH,
        "severity": Severity.CRITICAL,
        "worst_severity": Severity.CRITICAL,
        "opened_at": OPENED,
        "changed_at": OPENED,
        "members": 3,
        "peak_members": 3,
        "step": 1,
        "worst_value": "22 %",
    }
    usual["facts"] = changes.pop("facts", None) or facts()
    return Incident(**{**usual, **changes})


def ended(reason: CloseReason = CloseReason.RECOVERED, **changes: Any) -> Incident:
    """The incident after 1 h 29 min, for whatever reason."""
    usual: dict[str, Any] = {
        "resolved_at": OPENED + 5340.0,
        "close_reason": reason,
        "members": 0,
        "step": 4,
        "facts": facts(affected=0, worst=()),
    }
    return incident(**{**usual, **changes})


def source_trouble(**changes: Any) -> Incident:
    """A source that does not answer."""
    usual: dict[str, Any] = {
        "rule": SOURCE_RULE,
        "service": None,
        "hierarchy": "",
        "node": (),
        "worst_value": "",
        "facts": Facts(
            summary="Source portal gives no usable data",
            detail="The Portal answered HTTP 503 to 2 polls in a row.",
            hint="Ask whoever runs the Portal; Sentinel goes on asking.",
            affected=2,
            judged=3,
            subject="queries",
        ),
    }
    return incident(**{**usual, **changes})


def story(one: Incident | None = None, events: Iterable[Event] = ()) -> Story:
    """A story of the incident; its first event is the opening."""
    told = one or incident()
    first = Event(
        incident=told.id,
        step=1,
        at=told.opened_at,
        kind=NoticeKind.DEGRADED.value,
        text=sentences.opened(told.evolve(resolved_at=None, close_reason=None)),
        value=told.facts.value,
    )
    return Story(told, (first, *events))


def event(kind: NoticeKind, at: float, text: str, *, step: int = 2) -> Event:
    """A later line of the timeline."""
    return Event(incident="sn-abcdefghijkl", step=step, at=at, kind=kind.value, text=text)


def delivery(kind: NoticeKind = NoticeKind.DEGRADED, one: Incident | None = None, **changes: Any) -> Delivery:
    """A delivery of that kind; the first one of its channel where it opens the incident and no `ref` is given."""
    told = one or incident()
    ref: Mapping[str, str] | None = changes.get("ref")
    usual: dict[str, Any] = {
        "key": f"{told.id}/{told.step}/{kind.value}/workplace/channel",
        "kind": kind,
        "story": story(told),
        "line": _line(kind, told),
        "quiet": False,
        "first": ref is None,
        "ref": ref,
        "may_repeat": False,
        "started_at": OPENED,
        "at": OPENED + 5400.0 if told.resolved_at else OPENED + 60.0,
    }
    return Delivery(**{**usual, **changes})


def many(number: int = 17, over: int = 0) -> tuple[Incident, ...]:
    """Incidents at as many sites, every third critical; the first ones are over after ten minutes."""
    found = []
    for n in range(number):
        severity = Severity.CRITICAL if n % 3 == 0 else Severity.WARNING
        one = incident(
            id=f"sn-{n:012}",
            service="SAP" if n % 5 == 0 else "Exchange Online",
            node=("Europe", f"Site {n}"),
            severity=severity,
            members=1 + n % 4,
            opened_at=OPENED + n,
            facts=facts(value=f"{10 + n} %", worst=()),
        )
        ending = {"resolved_at": OPENED + 600.0, "close_reason": CloseReason.RECOVERED}
        found.append(one.evolve(**ending) if n < over else one)
    return tuple(found)


def digest(incidents: tuple[Incident, ...] | None = None, **changes: Any) -> Delivery:
    """A digest of these incidents: its root, or a line of its thread where a `ref` is given."""
    told = incidents if incidents is not None else many()
    usual: dict[str, Any] = {"key": "digest-a1b2", "line": "", "digest": Digest(told), "story": Story(told[0])}
    return delivery(NoticeKind.DIGEST, told[0], **{**usual, **changes})


def _line(kind: NoticeKind, told: Incident) -> str:
    if kind is NoticeKind.RECOVERED:
        return sentences.recovered(told, told.resolved_at or told.opened_at)
    if kind is NoticeKind.CLOSED and told.close_reason is not None:
        return sentences.closed(told, told.close_reason)
    if kind is NoticeKind.REMINDER:
        return sentences.still_bad(told, told.opened_at + 14400.0)
    return sentences.opened(told)
