"""`sentinel incidents`: what was wrong, since when, for how long, and who was told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import moments, options, screen
from sentinel.cli.people import ack, note, unack

if TYPE_CHECKING:
    from sentinel.history.incidents import IncidentRow, IncidentStory
    from sentinel.history.notices import NoticeRow

STATES = ("open", "resolved")
HEADS = ("STATE", "SEVERITY", "SERVICE", "NODE", "RULE", "OPENED", "LASTED", "NODES", "ACK", "ID")


@click.group()
def incidents() -> None:
    """Incidents, past and present."""


@incidents.command("list")
@options.filters(STATES, "Open")
@options.database
@options.utc
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="Print ids only.")
def list_(*, database: str | None, utc: bool, as_json: bool, quiet: bool, **asked: Any) -> None:
    """Incidents, newest first.

    With --since and --until: those that were open at any time in between, however long before they began.
    """
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help
    from sentinel.history.incidents import incidents as found_in  # noqa: PLC0415  # as above
    from sentinel.history.record import opened  # noqa: PLC0415  # as above

    wanted = options.filters_of(asked, screenful=not as_json and not quiet)
    with opened(options.database_url(database)) as record:
        found = list(found_in(record, wanted))
    at = SystemClock().now()
    if as_json:
        screen.print_json([one.as_json() for one in found])
    elif quiet:
        for one in found:
            click.echo(one.id)
    else:
        times = moments.Times(at, utc=utc, terse=screen.is_terminal())
        screen.print_table(HEADS, [row(one, times) for one in found])
        options.say_how_many(len(found), asked["limit"], wanted.limit, "incidents")


@incidents.command()
@click.argument("incident")
@options.database
@options.utc
@options.as_json
def show(*, incident: str, database: str | None, utc: bool, as_json: bool) -> None:
    """One incident with its timeline and its notices. The beginning of its id is enough."""
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help
    from sentinel.history.incidents import incident as story_of  # noqa: PLC0415  # as above
    from sentinel.history.record import opened  # noqa: PLC0415  # as above

    with opened(options.database_url(database)) as record:
        story = story_of(record, incident)
    if as_json:
        screen.print_json(story.as_json())
    else:
        for line in page(story, SystemClock().now(), utc=utc):
            click.echo(line)


def row(one: IncidentRow, times: moments.Times) -> tuple[str, ...]:
    """An incident as the table has it: one that has ended stands there with how it ended."""
    state = one.close_reason or ("muted" if one.muted_by else "flapping" if one.flapping else one.state)
    return (
        state.replace("_", " ") if times.terse else state,
        one.severity,
        one.about,
        " / ".join(one.node),
        one.rule,
        times.of(one.opened_at),
        moments.span(one.lasted(times.at)),
        str(one.members if one.state == "open" else one.peak_members),
        one.acknowledged_by or "",
        one.id,
    )


def page(story: IncidentStory, at: float, *, utc: bool = False) -> list[str]:
    """An incident as `show` prints it."""
    one, facts = story.incident, story.incident.facts
    where = " / ".join(one.node) or (f"all of {one.hierarchy}" if one.hierarchy else "")
    about = (
        f"{one.about} at {where}" if one.service is not None else ": ".join(part for part in (one.about, where) if part)
    )
    fields = (
        ("id", one.id),
        ("state", _state(one)),
        ("rule", one.rule),
        ("muted by", one.muted_by),
        ("opened", moments.precise(one.opened_at, utc=utc)),
        ("ended", _ended(one, utc=utc)),
        ("lasted", moments.span(one.lasted(at))),
        ("nodes", f"{one.members} now, {one.peak_members} at its worst"),
        (
            "value",
            ", ".join(
                part
                for part in (facts.get("value", ""), f"limit {facts['limit']}" if facts.get("limit") else "")
                if part
            ),
        ),
        ("worst", one.worst_value),
        ("reopened", f"{one.reopened} times" if one.reopened else ""),
        ("ack", _acknowledged(one, utc=utc)),
        *((name, facts.get(name, "")) for name in ("detail", "hint", "runbook")),
    )
    title = about + (f" – {facts['summary']}" if facts.get("summary") else "")
    return [
        screen.one_line(title),
        *(f"  {name:<9}{screen.one_line(value)}" for name, value in fields if value),
        "",
        "Timeline",
        *(
            f"  {moments.precise(step.at, utc=utc)}  {step.kind:<12}  {screen.one_line(step.text)}"
            for step in story.timeline
        ),
        "",
        "Notices",
        *([f"  {_notice(notice, utc=utc)}" for notice in story.notices] or ["  none"]),
    ]


def _acknowledged(one: IncidentRow, *, utc: bool) -> str:
    """By whom and since when; how long it took until anybody did, though it may have been given back since."""
    took = one.time_to_acknowledge
    first = f", by {one.first_acknowledged_by}" if one.first_acknowledged_by != one.acknowledged_by else ""
    after = f"first after {moments.span(took)}{first}" if took is not None else ""
    if one.acknowledged_by is None or one.acknowledged_at is None:
        return f"nobody now, {after}" if after else ""
    who = f"{one.acknowledged_by} since {moments.precise(one.acknowledged_at, utc=utc)}"
    return f"{who} ({after})" if after else who


def _state(one: IncidentRow) -> str:
    if one.flapping and not one.members:
        return f"{one.state}, flapping, within the limit now"
    words = [one.state, one.severity]
    words += ["flapping"] if one.flapping else []
    words += ["no data now"] if one.facts.get("unknown") else []
    return ", ".join(words)


def _notice(notice: NoticeRow, *, utc: bool) -> str:
    to = f"{notice.receiver} by {notice.channel}" if notice.receiver else "nobody"
    told = notice.state.replace("_", " ") + (f" ({notice.reason})" if notice.reason else "")
    return f"{moments.precise(notice.decided_at, utc=utc)}  {notice.kind:<12}  " + screen.one_line(f"{to}: {told}")


def _ended(one: IncidentRow, *, utc: bool) -> str:
    if one.resolved_at is None:
        return ""
    reason = (one.close_reason or "").replace("_", " ")
    into = f" into {one.merged_into}" if one.merged_into else ""
    return f"{moments.precise(one.resolved_at, utc=utc)} ({reason}{into})"


for command in (ack, unack, note):
    incidents.add_command(command)
