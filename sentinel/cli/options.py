"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from sentinel.cli import screen
from sentinel.cli.moments import EXAMPLES, Instant
from sentinel.errors import ConfigError, Problem
from sentinel.history.filters import Filters

F = TypeVar("F", bound=Callable[..., Any])

DATABASE = "sqlite:///sentinel.db"
RULES = "rules.toml"

SCREENFUL = 50
"""How many rows a terminal is given when no --limit is set; pipes and JSON get all."""

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
utc = click.option("--utc", is_flag=True, help="Show times in UTC instead of local time.")
database = click.option(
    "--database", metavar="URL", help=f"Database to use [default: SENTINEL_DATABASE_URL, else {DATABASE}]."
)
rules = click.option(
    "--rules", metavar="FILE", type=click.Path(path_type=Path), help=f"Rules [default: SENTINEL_RULES, else {RULES}]."
)


def rules_file() -> Path:
    """The rules file where none is named: that of the environment, else in the working directory."""
    return Path(os.environ.get("SENTINEL_RULES") or RULES)


def in_order(since: float | None, until: float | None) -> None:
    """Refuse a span of time that ends before it begins."""
    if since is not None and until is not None and since >= until:
        raise click.UsageError("--since must be before --until, which is now unless given")


def database_url(given: str | None) -> str:
    """The database that is meant: by option, by environment, by file named in the environment, by default.

    The same as the settings of `sentinel run`; read here because loading those takes longer than the whole question.

    Raises:
        ConfigError: the named file cannot be read.
    """
    if given:
        return given
    named, file = os.environ.get("SENTINEL_DATABASE_URL"), os.environ.get("SENTINEL_DATABASE_URL_FILE")
    if file is None:
        return DATABASE if named is None else named
    if named is not None:
        raise _refused("and SENTINEL_DATABASE_URL are both set", "keep one of them")
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as broken:
        raise _refused(f"names a file that cannot be read ({type(broken).__name__})") from None


def _refused(what: str, hint: str = "") -> ConfigError:
    message = f"SENTINEL_DATABASE_URL_FILE {what}"
    return ConfigError((Problem(file="environment", line=0, column=0, code="E201", message=message, hint=hint),))


def filters(states: tuple[str, ...], window: str) -> Callable[[F], F]:
    """The filter options. `states` are the words that --state takes, `window` tells what --since is about."""
    added = (
        click.option("--service", multiple=True, metavar="GLOB", help="Only these services."),
        click.option(
            "--node", multiple=True, metavar="GLOB", help="Only these nodes and all below: 'Europe/**', Paris."
        ),
        click.option("--rule", multiple=True, metavar="GLOB", help="Only these rules."),
        click.option("--severity", multiple=True, type=click.Choice(("warning", "critical")), help="Only these."),
        click.option("--state", multiple=True, type=click.Choice(states), help="Only in these states."),
        click.option("--since", type=Instant(), help=f"{window} at or after: {EXAMPLES}."),
        click.option("--until", type=Instant(), help=f"{window} before."),
        click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many."),
    )

    def wrap(command: F) -> F:
        for option in reversed(added):
            command = option(command)
        return command

    return wrap


def filters_of(asked: dict[str, Any], *, screenful: bool = False) -> Filters:
    """The filters of a command's parameters; with `screenful` a terminal gets no more than it can show."""
    in_order(asked["since"], asked["until"])
    found = Filters(**{name: asked[name] for name in Filters.__dataclass_fields__})
    return replace(found, limit=SCREENFUL) if screenful and found.limit is None and screen.is_terminal() else found


def say_how_many(count: int, asked: int | None, limit: int | None, things: str) -> None:
    """A word when there is nothing, or when there may be more than a terminal was given."""
    if count == 0:
        screen.say(f"no {things}")
    elif asked is None and count == limit:
        screen.say(f"the newest {count} {things}; --limit shows more")
