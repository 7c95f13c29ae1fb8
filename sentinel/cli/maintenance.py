"""`sentinel maintenance`: planned work, in the rules file and declared on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import moments, muting, options, screen
from sentinel.cli.silences import aims

if TYPE_CHECKING:
    from pathlib import Path

    from sentinel.history.planned import Planned

HEADS = ("STATE", "WHAT", "FOR", "FROM", "UNTIL", "WHERE")
NEXT = 3
"""So many windows of each are told in JSON; the table has the one that runs or comes next."""


@click.group()
def maintenance() -> None:
    """Planned work: it is not told, and SLAs leave it out."""


@maintenance.command("list")
@click.option("--all", "every", is_flag=True, help="Also what is over.")
@options.rules
@options.database
@options.utc
@options.as_json
def list_(*, every: bool, rules: Path | None, database: str | None, utc: bool, as_json: bool) -> None:
    """Planned work: the windows of the rules file with when they run next, and what was declared on the spot."""
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help
    from sentinel.config.loader import load  # noqa: PLC0415  # as above
    from sentinel.history.planned import planned  # noqa: PLC0415  # as above
    from sentinel.history.record import opened  # noqa: PLC0415  # as above

    at = SystemClock().now()
    file = rules or options.rules_file()
    windows = load(file).rulebook.maintenance
    with opened(options.database_url(database)) as record:
        found = [one for one in planned(windows, record, at, NEXT) if every or one.state != "over"]
    if as_json:
        screen.print_json([one.as_json() for one in found])
        return
    times = moments.Times(at, utc=utc, terse=screen.is_terminal())
    screen.print_table(HEADS, [row(one, str(file), times) for one in found])
    options.say_how_many(len(found), None, None, "planned work")


@maintenance.command("add", short_help="Declare planned work: not told, and left out of SLAs.")
@muting.adding
def add(**asked: Any) -> None:
    """Declare planned work on the spot: it is not told, and SLAs that exclude maintenance leave it out.

    A silence with that meaning: `silences list` shows it, `silences expire` ends it early. It may be declared
    afterwards: with --from and --until in the past it only leaves SLAs as they should have been. Prints its id.
    """
    muting.add(maintenance=True, asked=asked)


def row(one: Planned, file: str, times: moments.Times) -> tuple[str, ...]:
    """Planned work as the table has it."""
    start, end = one.windows[0] if one.windows else (None, None)
    where = one.id if one.id is not None else f"{file}:{one.line}"
    return (one.state, one.name, aims(one.matchers), times.of(start), times.of(end), where)
