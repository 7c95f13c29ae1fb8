"""`sentinel init`: a few questions, and a rules file that works."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import options, screen

if TYPE_CHECKING:
    from sentinel.cli.interview import Seen
    from sentinel.config.starter import Answers

SCHEMA = "rules.schema.json"


@dataclass(frozen=True, slots=True)
class _Files:
    """What is written: the rules, the schema beside them, and perhaps an example of the environment."""

    rules: Path
    environment: Path | None
    force: bool

    @property
    def schema(self) -> Path:
        return self.rules.parent / SCHEMA


@click.command("init")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--url", metavar="URL", help="Address of the Portal.")
@click.option("--service", multiple=True, metavar="NAME", help="Watch these services [default: all].")
@click.option("--hierarchy", metavar="NAME", help="In this hierarchy [default: the first one found, else Location].")
@click.option("--level", metavar="NAME", help="At this level [default: the lowest one found, else Site].")
@click.option("--slack", metavar="CHANNEL", help="Tell this Slack channel: '#workplace-alerts'.")
@click.option("--email", multiple=True, metavar="ADDRESS", help="Tell these addresses.")
@click.option("--timezone", metavar="ZONE", help="Of the times in messages [default: that of this machine].")
@click.option("--environment", metavar="FILE", type=click.Path(path_type=Path), help="Write an example of it, too.")
@click.option("--offline", is_flag=True, help="Do not ask the Portal.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing: what is not given takes its default.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.pass_context
def init(
    ctx: click.Context,
    /,
    *,
    file: Path | None,
    environment: Path | None,
    offline: bool,
    yes: bool,
    force: bool,
    **given: Any,
) -> None:
    """Write a first rules file: commented, checked, ready for `sentinel run`.

    Asks for the Portal, what to watch and whom to tell, unless options say it; where nobody can be asked (no terminal,
    --yes) only --url is needed. With SENTINEL_SOURCE_PORTAL_USERNAME and _PASSWORD set, or typed in, the Portal is asked
    what it has; they are never written. FILE is SENTINEL_RULES or rules.toml unless given; nothing is overwritten without
    --force.

    When the Portal cannot be asked the file is written all the same, and the exit code is 3, or 5 when it refuses the
    credentials. Exit code 2: an answer cannot be used, or a file is there.
    """
    from sentinel.cli.interview import Interview  # noqa: PLC0415  # not for --help

    files = _Files(file or options.rules_file(), environment, force)
    _check_free(files)
    given["services"] = given.pop("service")
    answers, seen = Interview(given, silent=yes or not _is_somebody_there(), offline=offline).answers()
    _write(files, answers)
    _say_what_next(files, answers, seen)
    ctx.exit(seen.exit_code)


def _is_somebody_there() -> bool:
    """Whether questions reach a person."""
    return sys.stdin.isatty()


def _check_free(files: _Files) -> None:
    for path in (files.rules, files.environment):
        if path is not None and path.exists() and not files.force:
            raise click.UsageError(f"{path} is there already: --force overwrites it, or name another FILE")


def _write(files: _Files, answers: Answers) -> None:
    from sentinel.config import starter  # noqa: PLC0415  # not for --help
    from sentinel.config.json_schema import schema_text  # noqa: PLC0415  # as above

    wanted = {files.rules: starter.starter(answers)}
    if not files.schema.exists() or files.force:
        wanted[files.schema] = schema_text()
    if files.environment is not None:
        wanted[files.environment] = starter.environment(answers)
    for path, text in wanted.items():
        try:
            with path.open("w" if files.force else "x", encoding="utf-8") as file:
                file.write(text)
        except OSError as broken:
            raise click.UsageError(f"{path} cannot be written: {broken.strerror or broken}") from None
        click.echo(f"{path} written")


def _say_what_next(files: _Files, answers: Answers, seen: Seen) -> None:
    from sentinel.config.settings import Settings  # noqa: PLC0415  # not for --help
    from sentinel.config.starter import variables  # noqa: PLC0415  # as above

    for line in seen.remarks:
        screen.say(screen.one_line(line))
    unset = variables(answers, Settings.load())
    if unset:
        screen.say(f"To be set in the environment: {', '.join(unset)}")
    screen.say("Next: `sentinel doctor` looks at everything, `sentinel run --once` asks once, `sentinel run` watches.")
    if files.rules != options.rules_file():
        screen.say(f"The file is found with SENTINEL_RULES={files.rules}")
