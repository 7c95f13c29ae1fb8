"""`sentinel check`: every problem of a rules file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from sentinel.cli import options, screen
from sentinel.errors import ConfigError, Problem

FORMATS = ("text", "json", "github")


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to show it.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_context
def check(ctx: click.Context, /, *, file: Path | None, form: str, as_json: bool) -> None:
    """Check a rules file: every problem at once, with its place, the line, and what mends it.

    FILE is SENTINEL_RULES or rules.toml unless given. Exit code 2 when there are errors; warnings alone do no harm.
    --format github makes annotations of a code review.
    """
    from sentinel.config import report  # noqa: PLC0415  # not for --help
    from sentinel.config.loader import load  # noqa: PLC0415  # as above

    path = file or Path(os.environ.get("SENTINEL_RULES") or options.RULES)
    good = ""
    try:
        loaded = load(path)
    except ConfigError as error:
        problems = error.problems
    else:
        problems = loaded.warnings
        book = loaded.rulebook
        good = f"{_counted(len(book.rules), 'rule')}, {_counted(len(book.routes), 'route')}: good"
    if as_json or form == "json":
        click.echo(report.as_json(problems))
    elif form == "github":
        click.echo(report.as_github(problems), nl=False)
    elif problems:
        click.echo(told(problems, colour=screen.wants_colour()))
    if problems:
        screen.say(report.summary(problems))
    if good and form == "text" and not as_json:
        click.echo(good)
    if not good:
        ctx.exit(ConfigError.exit_code)


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


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
