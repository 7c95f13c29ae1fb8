"""`sentinel check`: every problem of a rules file."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentinel.cli import options, screen
from sentinel.errors import ConfigError, Problem

if TYPE_CHECKING:
    from sentinel.config.definitions import Loaded

FORMATS = ("text", "json", "github")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is looked at besides the file: `database` is the URL of the record, empty for none."""

    strict: bool
    database: str


@click.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to show it.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--strict", is_flag=True, help="Ask for runbook and owner too, and exit with 2 on warnings.")
@click.option("--record", is_flag=True, help="Compare services, hierarchies and nodes with those in the database.")
@options.database
@click.pass_context
def check(  # one parameter per option
    ctx: click.Context,
    /,
    *,
    files: tuple[Path, ...],
    form: str,
    as_json: bool,
    strict: bool,
    record: bool,
    database: str | None,
) -> None:
    """Check rules files: every problem at once, with its place, the line, and what mends it.

    FILE is SENTINEL_RULES or rules.toml unless given. Exit code 2 when there are errors; warnings alone do no harm
    without --strict. --format github makes annotations of a code review. `sentinel explain E107` says more of a code.
    """
    from sentinel.config import report  # noqa: PLC0415  # not for --help

    paths = files or (options.rules_file(),)
    asked = _Asked(strict, options.database_url(database) if record or database else "")
    problems: list[Problem] = []
    good: list[str] = []
    for path in paths:
        found, loaded = _judged(path, asked)
        problems += found
        if loaded is not None:
            named = f"{screen.one_line(str(path))}: " if len(paths) > 1 else ""
            good.append(f"{named}{_size(loaded)}: good")
    form = "json" if as_json else form
    if form == "json":
        click.echo(report.as_json(problems))
    elif form == "github":
        click.echo(report.as_github(problems), nl=False)
    elif problems:
        click.echo(told(problems, colour=screen.wants_colour()))
    if problems:
        more = f"; `sentinel explain {problems[0].code}` says more" if form == "text" else ""
        screen.say(report.summary(problems) + more)
    for line in good if form == "text" else ():
        click.echo(line)
    if len(good) < len(paths):
        ctx.exit(ConfigError.exit_code)


def _judged(path: Path, asked: _Asked) -> tuple[tuple[Problem, ...], Loaded | None]:
    """The problems of a file, and what it says where it passes."""
    from sentinel.config.loader import load  # noqa: PLC0415  # not for --help

    try:
        loaded = load(path)
    except ConfigError as error:
        return error.problems, None
    found = loaded.warnings
    if asked.strict:
        from sentinel.config.manners import missing_manners  # noqa: PLC0415  # only when asked

        found += missing_manners(loaded)
    if asked.database:
        found += _unseen(loaded, asked.database)
    found = tuple(sorted(found, key=lambda one: (one.line, one.column)))
    return found, None if asked.strict and found else loaded


def _unseen(loaded: Loaded, url: str) -> tuple[Problem, ...]:
    from sentinel.config.remembered import unseen_names  # noqa: PLC0415  # only when asked
    from sentinel.store.database import Database  # noqa: PLC0415  # as above
    from sentinel.store.queries import load as load_queries  # noqa: PLC0415  # as above

    database = Database.open(url, read_only=True)
    try:
        with database.reading() as connection:
            states = load_queries(connection)
    finally:
        database.close()
    return unseen_names(loaded, states.values())


def told(problems: Iterable[Problem], *, colour: bool | None = None) -> str:
    """The problems with their lines, as people read them; on stderr unless `colour` is given."""
    from sentinel.config import report  # noqa: PLC0415  # not for --help

    found = tuple(problems)
    texts = {name: text for name in {one.file for one in found} if (text := _text_of(name)) is not None}
    coloured = screen.coloured(sys.stderr) if colour is None else colour
    return report.as_text(found, texts, colour=coloured).rstrip("\n")


def _text_of(name: str) -> str | None:
    """The text of a file that problems are about, None where there is none to show."""
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _size(loaded: Loaded) -> str:
    book = loaded.rulebook
    written = [rule for rule in book.rules if not rule.is_alarm]
    agreed = f"{_counted(len(book.slas), 'SLA')}, " if book.slas else ""
    return f"{_counted(len(written), 'rule')}, {agreed}{_counted(len(book.routes), 'route')}"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
