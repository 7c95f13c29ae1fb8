"""A made-up incident for test notices and previews: what a message looks like before anything is wrong."""

from __future__ import annotations

from dataclasses import replace

from sentinel.domain.incidents import CloseReason, Event, Facts, Incident, Member, Story
from sentinel.domain.rules import Severity

_SITES = (("Europe", "Switzerland", "Zurich"), ("Europe", "Switzerland", "Geneva"))


def sample_story(incident_id: str, at: float) -> Story:
    """A degraded service at two sites, begun twelve minutes before `at` (Unix seconds); it says that it is a test."""
    facts = Facts(
        summary="Test notice: devices with errors",
        subject="devices_with_errors / devices",
        value="14.2 %",
        limit="> 10 %",
        hold=600.0,
        affected=2,
        judged=3,
        worst=tuple(
            Member(node, Severity.CRITICAL, value) for node, value in zip(_SITES, ("14.2 %", "11 %"), strict=True)
        ),
        owner="Sentinel",
    )
    incident = Incident(
        id=incident_id,
        rule="sentinel/test",
        service="Exchange Online",
        source="portal",
        hierarchy="Location",
        node=("Europe", "Switzerland"),
        severity=Severity.CRITICAL,
        worst_severity=Severity.CRITICAL,
        opened_at=at - 720.0,
        changed_at=at,
        members=2,
        peak_members=2,
        step=1,
        value=0.142,
        worst_value="14.2 %",
        facts=facts,
    )
    text = "This is a test: nothing is wrong. Critical at Europe / Switzerland: 14.2 % > 10 %"
    return Story(
        incident, (Event(incident=incident_id, step=1, at=at - 720.0, kind="degraded", text=text, value="14.2 %"),)
    )


def sample_storm(at: float, *, over: bool) -> tuple[Incident, ...]:
    """Two services degraded at forty sites, begun twelve minutes before `at`; `over`: all well again."""
    worst = sample_story("sn-sample", at).incident
    found = []
    for n in range(40):
        service, severity = ("SAP", Severity.CRITICAL) if n % 8 == 0 else ("Exchange Online", Severity.WARNING)
        one = worst.evolve(
            id=f"sn-sample{n}",
            service=service,
            node=("Europe", f"Site {n + 1}"),
            severity=severity,
            members=1,
            facts=replace(worst.facts, value=f"{6 + n % 9} %", limit="> 5 %", worst=()),
        )
        found.append(one.evolve(resolved_at=at, close_reason=CloseReason.RECOVERED) if over else one)
    return tuple(found)
