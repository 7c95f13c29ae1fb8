"""`sentinel history`: the recorded readings, taken out of the database and into it."""

from __future__ import annotations

from pathlib import Path

import click

from sentinel.cli import moments, options, screen
from sentinel.cli.moments import EXAMPLES, Instant

HEADS = ("SOURCE", "SERVICE", "HIERARCHY", "WHERE", "SCOPE", "READINGS", "FIRST", "LAST")


@click.group()
def history() -> None:
    """Recorded readings: what there is, and archives of them for backtests elsewhere."""


@history.command("list")
@options.database
@click.option("--archive", metavar="FILE", type=click.Path(path_type=Path), help="Look into an archive instead.")
@options.utc
@options.as_json
def list_(*, database: str | None, archive: Path | None, utc: bool, as_json: bool) -> None:
    """Of which queries readings are recorded, how many, and since when."""
    from sentinel.backtest.past import Place  # noqa: PLC0415  # not for --help
    from sentinel.clock import SystemClock  # noqa: PLC0415  # as above
    from sentinel.deliver.times import iso  # noqa: PLC0415  # as above

    place = Place(archive=archive) if archive is not None else Place(database=options.database_url(database))
    with place.opened() as past:
        found = past.spans()
    if as_json:
        screen.print_json(
            [
                {
                    **one.query.as_json(),
                    "readings": one.readings,
                    "first_at": iso(one.first_at),
                    "last_at": iso(one.last_at),
                }
                for one in found
            ]
        )
        return
    times = moments.Times(SystemClock().now(), utc=utc, terse=screen.is_terminal())
    rows = [
        (
            one.query.source,
            one.query.service,
            one.query.hierarchy,
            one.query.where,
            one.query.scope,
            str(one.readings),
            times.of(one.first_at),
            times.of(one.last_at),
        )
        for one in found
    ]
    screen.print_table(HEADS, rows)
    if not found:
        screen.say("no readings")


@history.command("export", short_help="Write recorded readings into an archive.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--since", type=Instant(), help=f"Readings from then on: {EXAMPLES} [default: all].")
@click.option("--until", type=Instant(), default="now", show_default=True, help="Readings before then.")
@click.option("--service", multiple=True, metavar="GLOB", help="Only these services.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@options.database
def export(
    *, file: Path, since: float | None, until: float, service: tuple[str, ...], force: bool, database: str | None
) -> None:
    """Write recorded readings into FILE, an archive that `sentinel backtest --archive` takes. It holds no secrets.

    numpy reads it too: see docs/reference/archive.md.
    """
    from sentinel.backtest.past import Place  # noqa: PLC0415  # not for --help
    from sentinel.domain.patterns import NamePattern  # noqa: PLC0415  # as above
    from sentinel.errors import NotFound  # noqa: PLC0415  # as above
    from sentinel.store import archiving  # noqa: PLC0415  # as above

    options.in_order(since, until)
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already; --force replaces it")
    patterns, since = [NamePattern(text) for text in service], since or 0.0
    with Place(database=options.database_url(database)).opened() as past:
        wanted = [
            query
            for query in past.recorded_queries()
            if not patterns or any(pattern.matches(query.service) for pattern in patterns)
        ]
        if not wanted or past.count(wanted, since, until) == 0:
            raise NotFound("no such readings are recorded", hint="`sentinel history list` shows what there is")
        number = archiving.write(file, past.stream(wanted, since, until))
    screen.say(f"written: {file}, {number:,} readings of {_counted(len(wanted))}")


@history.command("import", short_help="Take the readings of an archive into the database.")
@click.argument("file", type=click.Path(path_type=Path))
@options.database
def import_(*, file: Path, database: str | None) -> None:
    """Take the readings of FILE, an archive, into the database, for backtests there. They are never judged live.

    What is there already stays as it is, so doing it again adds nothing. Readings that are older than the database
    keeps any (SENTINEL_RETENTION_DAYS) are forgotten again by a running Sentinel.
    """
    from sentinel.backtest.past import Place  # noqa: PLC0415  # not for --help
    from sentinel.engine.importing import take_in  # noqa: PLC0415  # as above
    from sentinel.store.database import Database  # noqa: PLC0415  # as above

    with Place(archive=file).opened() as past:
        db = Database.open(options.database_url(database))
        try:
            wanted = past.recorded_queries()
            number = past.count(wanted, *EVER)
            new = take_in(db, past.stream(wanted, *EVER))
        finally:
            db.close()
    screen.say(f"{new:,} of {number:,} readings were new")


EVER = (0.0, 253402214400.0)
"""From 1970 to the end of the year 9999."""


def _counted(queries: int) -> str:
    return "1 query" if queries == 1 else f"{queries} queries"
