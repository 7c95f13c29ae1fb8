"""The steps of an incident in one sentence each, as timelines and threads show them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sentinel.domain.hierarchy import Node
from sentinel.domain.incidents import CloseReason, Facts, Flaps, Incident
from sentinel.domain.rules import SELF_RULES


def place(node: Node, hierarchy: str) -> str:
    """A node as people read it; the whole hierarchy has the hierarchy's name."""
    return " / ".join(node) if node else f"all of {hierarchy}" if hierarchy else "all"


def duration(seconds: float) -> str:
    """`1 h 29 min`, `12 min`, `40 s`, `3 d 2 h`: the two largest units that say something; `0 s` for less than none."""
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    rest = max(0, round(seconds))
    parts: list[str] = []
    for name, size in units:
        count, rest = divmod(rest, size)
        if count and (name != "s" or not parts):
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def counted(count: int, word: str) -> str:
    """`1 node`, `3 nodes`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _figure(facts: Facts) -> str:
    if facts.value and facts.limit:
        what = f"{facts.subject} " if facts.detail else ""  # of a budget the figure alone says nothing
        return f"{what}{facts.value} {facts.limit}"
    return facts.value or facts.detail


def opened(incident: Incident) -> str:
    """What is wrong, where, how bad against what."""
    facts = incident.facts
    where = f" at {place(incident.node, incident.hierarchy)}" if incident.service is not None else ""
    figure = _figure(facts)
    return f"{incident.severity.word.capitalize()}{where}" + (f": {figure}" if figure else "")


def scope(before: Incident, after: Incident) -> str:
    """Where it stands now, and how many nodes are affected."""
    affected = f"{counted(after.members, 'node')} affected"
    if after.node == before.node:
        return f"Now {affected}"
    now = f"{place(after.node, after.hierarchy)} ({affected})"
    return f"Now {now}, was {place(before.node, before.hierarchy)}"


def severity_change(before: Incident, after: Incident) -> str:
    """From one severity to the other, with the figure."""
    figure = _figure(after.facts)
    return f"{after.severity.word.capitalize()} now, was {before.severity.word}" + (f": {figure}" if figure else "")


def reopened(incident: Incident) -> str:
    """Bad again within the time in which it is the same incident."""
    times = "" if incident.reopened == 1 else f" ({incident.reopened} times)"
    return f"Bad again{times}: {opened(incident)}"


def recovered(incident: Incident, at: float) -> str:
    """How long it lasted and how bad it was; when nobody saw it recover, between which instants it must have been."""
    worst = f", worst {incident.worst_value}" if incident.worst_value else ""
    flapped = f"; flapped, {flips(incident.flaps)}" if incident.flaps.since is not None else ""
    unseen = between(incident.facts)
    if unseen:
        return f"Recovered {unseen}{worst}{flapped}"
    return f"Recovered after {duration(at - incident.opened_at)}{worst}{flapped}"


CALMED = "Within the limit again"
"""A recovery of an incident that flaps: perhaps not the end."""


def flapping(incident: Incident) -> str:
    """That it changes too often, and when there will be another word."""
    again = "" if incident.flaps.announced else f"{reopened(incident)}. "
    return f"{again}{restless(incident.flaps)}"


def restless(flaps: Flaps) -> str:
    """The same of its changes alone."""
    return f"Flapping, {changes(flaps)}; next word when steady for {duration(flaps.wait)}"


def steady(incident: Incident) -> str:
    """It flaps no more and is bad."""
    flaps = incident.flaps
    how_long = f", steady for {duration(flaps.calm)}" if flaps.calm >= flaps.wait else ""
    return f"No longer flapping{how_long}: {opened(incident)} ({flips(flaps)})"


def flapping_over(line: str) -> str:
    """How it ended, for those who have known it for over but for its flapping."""
    return f"No longer flapping: {line[:1].lower()}{line[1:]}"


def flips(flaps: Flaps) -> str:
    """`9 changes in 50 min, bad for 46 % of it`."""
    span = flaps.last - flaps.first
    return changes(flaps) + (f", bad for {100 * flaps.bad / span:.0f} % of it" if span > 0 else "")


def changes(flaps: Flaps) -> str:
    """`9 changes in 50 min`."""
    return f"{counted(flaps.number, 'change')} in {duration(flaps.last - flaps.first)}"


def between(facts: Facts) -> str:
    """`between 02:10 and 05:12 UTC+01:00 (Sentinel was down)`; empty when the recovery was seen."""
    if not facts.unseen_why:
        return ""
    try:
        zone = ZoneInfo(facts.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    first, last = (datetime.fromtimestamp(max(0.0, at), zone) for at in (facts.unseen_from, facts.unseen_to))
    day = "" if first.date() == last.date() else "%Y-%m-%d "
    other = "" if first.tzname() == last.tzname() else " %Z"
    return f"between {first:{day}%H:%M{other}} and {last:{day}%H:%M %Z} ({facts.unseen_why})"


def closed(incident: Incident, reason: CloseReason) -> str:
    """Why it ended, when it was no recovery."""
    if incident.rule in SELF_RULES and reason is CloseReason.NOT_REPORTED:
        return "Closed: Sentinel no longer uses it"
    texts = {
        CloseReason.MERGED: f"Part of {incident.merged_into} now",
        CloseReason.RULE_REMOVED: "Closed: the rule was removed; nothing is known about recovery",
        CloseReason.RULE_CHANGED: "Closed: the rule was changed and no longer finds fault; the service may be as it was",
        CloseReason.NOT_REPORTED: "Closed: the source no longer reports the affected nodes",
    }
    return texts[reason]


def unknown(incident: Incident) -> str:
    """The figures are gone while the incident is open."""
    last = f"; last figure {incident.facts.value}" if incident.facts.value else ""
    return f"No data for the affected nodes{last}"


def still_bad(incident: Incident, at: float) -> str:
    """A reminder."""
    lasting = duration(at - incident.opened_at)
    return f"Still {incident.severity.word} after {lasting}, acknowledged by nobody: {opened(incident)}"


def escalated_to(incident: Incident, receivers: tuple[str, ...], at: float) -> str:
    """Others are told now, and why; for them it is the first they hear of it."""
    since = incident.opened_at if incident.attention.waits_since is None else incident.attention.waits_since
    who = " and ".join(receivers)
    return f"Escalated to {who}: acknowledged by nobody for {duration(at - since)}. {opened(incident)}"


def acknowledged(incident: Incident, *, before: str | None) -> str:
    """Who has it in hand from now on, and what they said; `before` is who had."""
    taken = f", taken over from {before}" if before is not None else ""
    said = f": {incident.attention.note}" if incident.attention.note else ""
    return f"Acknowledged by {incident.acknowledged_by}{taken}{said}"


def given_back(by: str, before: str) -> str:
    """Nobody has it in hand any more."""
    whose = "their own acknowledgement" if by == before else f"the acknowledgement of {before}"
    return f"No longer acknowledged: {by} has taken back {whose}"


def noted(by: str, text: str) -> str:
    """What somebody wrote."""
    return f"{by}: {text}"
