"""`sentinel status`: what is wrong now."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import moments, options, screen

if TYPE_CHECKING:
    from sentinel.history.alerts import AlertStatus
    from sentinel.history.queries import QueryStatus
    from sentinel.history.status import Status

STATES = ("pending", "warning", "critical", "unknown")
HEADS = ("STATE", "SERVICE", "NODE", "RULE", "VALUE", "LIMIT", "SINCE", "ACK", "INCIDENT", "MUTED BY")

_NOT_LEFT = ("unclear", "abandoned")


@click.command()
@options.filters(STATES, "In their state since")
@options.database
@options.utc
@options.as_json
@click.option("--exit-code", is_flag=True, help="Exit with 1 when anything is wrong.")
@click.pass_context
def status(
    ctx: click.Context, /, *, database: str | None, utc: bool, as_json: bool, exit_code: bool, **asked: Any
) -> None:
    """What is wrong now: alerts that are not quietly ok, worst first.

    Sources without figures, polling that stands still and notices that have not left are named above the list.
    """
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help
    from sentinel.history.record import opened  # noqa: PLC0415  # as above
    from sentinel.history.status import status as status_of  # noqa: PLC0415  # as above

    with opened(options.database_url(database)) as record:
        found = status_of(record, SystemClock().now(), options.filters_of(asked))
    if as_json:
        screen.print_json(found.as_json())
    else:
        times = moments.Times(found.at, utc=utc, terse=screen.is_terminal())
        for line in headlines(found, replace(times, terse=True)):
            screen.say(line)
        screen.print_table(HEADS, [row(alert, times) for alert in found.alerts])
    if exit_code and found.is_wrong:
        ctx.exit(1)


def headlines(found: Status, times: moments.Times) -> list[str]:
    """How things stand in one line, and a line for each thing that keeps Sentinel from knowing or telling."""
    counts = Counter(alert.state for alert in found.alerts)
    parts = [f"{counts[state]} {state}" for state in ("critical", "warning", "unknown", "pending") if counts[state]]
    muted = sum(bool(alert.muted_by) for alert in found.alerts)
    parts += [f"{muted} of them muted"] if muted else []
    parts += [f"{found.lulls} flapping, well at present"] if found.lulls else []
    lines = [" · ".join([*(parts or ["nothing wrong"]), _polled(found), _unsent(found)])]
    lines += [f"{_asked(one)}: {screen.one_line(one.trouble)}" for one in found.queries if one.state == "failing"]
    stale = [one for one in found.queries if one.state == "stale"]
    if stale:
        lines.append(_standing_still(stale, found, times))
    if found.outbox.abandoned:
        lines.append("Some notices were abandoned: `sentinel notices list --state abandoned` says why")
    return lines


def row(alert: AlertStatus, times: moments.Times) -> tuple[str, ...]:
    """An alert as the table has it."""
    return (
        alert.state,
        alert.about,
        " / ".join(alert.node),
        alert.rule,
        alert.shown_value or ("" if alert.value is None else f"{alert.value:.6g}"),
        alert.limit,
        times.since(alert.since),
        alert.acknowledged_by or "",
        alert.incident or "",
        alert.muted_by,
    )


def _polled(found: Status) -> str:
    latest = max((one.last_reading_at for one in found.queries if one.last_reading_at is not None), default=None)
    return "nothing polled yet" if latest is None else f"last poll {moments.span(found.at - latest)} ago"


def _unsent(found: Status) -> str:
    outbox = found.outbox
    parts = [f"{outbox.waiting} unsent"]
    parts += [f"{getattr(outbox, name)} {name}" for name in _NOT_LEFT if getattr(outbox, name)]
    if outbox.oldest_waiting_seconds is not None:
        parts[0] += f" (oldest {moments.span(outbox.oldest_waiting_seconds)})"
    return ", ".join(parts)


def _standing_still(stale: list[QueryStatus], found: Status, times: moments.Times) -> str:
    last = max(one.last_reading_at or 0.0 for one in stale)
    since = times.of(last)
    if len(stale) == len(found.queries):
        return f"No reading since {since}: what is listed is as of then. Is `sentinel run` running?"
    named = ", ".join(_asked(one) for one in stale[:3]) + (f" and {len(stale) - 3} more" if stale[3:] else "")
    return f"No reading since {since} of {named}"


def _asked(query: QueryStatus) -> str:
    where = query.level or ("/".join(query.path) if query.path else "top")
    return screen.one_line(f"{query.source}: {query.service}, {query.hierarchy} by {where}")
