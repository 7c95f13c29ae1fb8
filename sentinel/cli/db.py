"""`sentinel db`: the database and its schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from sentinel.cli import options, screen
from sentinel.errors import SchemaOutOfDate, StoreError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `text` says how it is, `hint` what mends it."""

    name: str
    good: bool
    text: str
    hint: str = ""


@click.group()
def db() -> None:
    """The database and its schema."""


@db.command(short_help="Bring the database to the schema of this program.")
@options.database
@options.as_json
def upgrade(*, database: str | None, as_json: bool) -> None:
    """Bring the database to the schema of this program; a SQLite file that is not there is made."""
    from sentinel.store import migrations  # noqa: PLC0415  # not for --help
    from sentinel.store.addresses import place_of  # noqa: PLC0415  # as above
    from sentinel.store.schema import current_revision  # noqa: PLC0415  # as above

    url = options.database_url(database)
    shown = place_of(url).shown
    before = current_revision(url)
    after = migrations.upgrade(url)
    if as_json:
        screen.print_json({"database": shown, "before": before, "after": after})
    elif before == after:
        screen.say(f"{shown}: schema {after} is the newest")
    else:
        screen.say(f"{shown}: schema {after}, was {before or 'empty'}")


@db.command(short_help="Look whether it is whole and takes a write.")
@options.database
@options.as_json
@click.pass_context
def check(ctx: click.Context, /, *, database: str | None, as_json: bool) -> None:
    """Look at the database: its schema, whether it is whole, whether it takes a write. Nothing is changed."""
    from sentinel.store.addresses import place_of  # noqa: PLC0415  # not for --help

    url = options.database_url(database)
    shown = place_of(url).shown
    findings = _look(url)
    bad = [one for one in findings if not one.good]
    if as_json:
        listed = [{"check": f.name, "ok": f.good, "text": f.text, "hint": f.hint or None} for f in findings]
        screen.print_json({"database": shown, "ok": not bad, "checks": listed})
    else:
        for one in findings:
            click.echo(f"{'ok  ' if one.good else 'FAIL'}  {one.name:<10}{screen.one_line(one.text)}")
        for one in bad:
            screen.complain(one.text, one.hint)
    if bad:
        ctx.exit(StoreError.exit_code)


@db.command(short_help="Copy a SQLite database, also while Sentinel runs.")
@click.argument("target", type=click.Path(path_type=Path))
@options.database
@options.as_json
def backup(*, target: Path, database: str | None, as_json: bool) -> None:
    """Copy a SQLite database to the file TARGET, also while Sentinel runs. Nothing is overwritten.

    To go back to a copy: stop Sentinel, move the database and its -wal and -shm files away, put the copy in its place.
    """
    from sentinel.store import backup as copying  # noqa: PLC0415  # not for --help
    from sentinel.store.addresses import place_of  # noqa: PLC0415  # as above

    url = options.database_url(database)
    size = copying.copy(url, target)
    if as_json:
        screen.print_json({"database": place_of(url).shown, "copy": str(target), "bytes": size})
    else:
        screen.say(f"{target}: {size:,} bytes, looked through")


def _look(url: str) -> list[Finding]:
    """The checks in their order; after one that fails, those that need it are left out."""
    from sentinel.store import migrations  # noqa: PLC0415  # not for --help
    from sentinel.store.database import Database  # noqa: PLC0415  # as above
    from sentinel.store.schema import current_revision  # noqa: PLC0415  # as above

    def schema() -> str:
        found, head = current_revision(url), migrations.head_revision()
        if found != head:
            raise SchemaOutOfDate(
                f"its schema is {found or 'empty'}, this program needs {head}", hint="run `sentinel db upgrade`"
            )
        migrations.check(url)
        return f"{head}, the newest"

    def whole() -> str:
        Database.open(url, thorough=True).close()
        return "no damage found, and a write is taken"

    findings = []
    for name, look in (("schema", schema), ("integrity", whole)):
        finding = _found(name, look)
        findings.append(finding)
        if not finding.good:
            break
    return findings


def _found(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, good=True, text=look())
    except StoreError as error:
        return Finding(name, good=False, text=error.message, hint=error.hint)
