"""`sentinel test`: rules tested before they page anybody."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentinel.cli import options, screen
from sentinel.errors import ConfigError, Problem

if TYPE_CHECKING:
    from sentinel.cli.rehearsing import Chosen
    from sentinel.config.rule_test_loader import RuleTests
    from sentinel.domain.rehearsal_verdict import Outcome

FAILED = 1


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("-k", "pattern", metavar="PATTERN", help="Only tests whose name has this in it; * and ? are wildcards.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes [default: as many as it pays].")
@click.option("--junit", metavar="FILE", type=click.Path(path_type=Path), help="Also write a JUnit report (XML).")
@options.as_json
@click.pass_context
def test(
    ctx: click.Context,
    /,
    *,
    files: tuple[Path, ...],
    pattern: str | None,
    jobs: int | None,
    junit: Path | None,
    as_json: bool,
) -> None:
    """Test rules: written figures in, states and notices out. Nothing is asked, nothing is sent.

    Each FILE has tests (docs/reference/rule-tests.md) and names its rules file, or holds rules of its own. The program
    that judges them is the one that runs. Of a failed test both timelines are shown, the expected and the actual one.

    Exit code 1 when a test failed, 2 when a file cannot be used or there is no test.
    """
    from sentinel.cli.rehearsing import play  # noqa: PLC0415  # not for --help

    if not files:
        raise click.UsageError("Name a file of rule tests, such as rules-tests.toml (see rules-tests.example.toml).")
    found = _loaded(files)
    chosen = _chosen(found, pattern)
    outcomes = _watched(play(found, chosen, jobs), len(chosen))
    done: list[Outcome] = []
    try:
        for one in outcomes:
            done.append(one)
            if not as_json:
                _show(one)
    except KeyboardInterrupt:
        _summarise(done)
        raise
    if as_json:
        from sentinel.cli.rehearsal_report import as_objects  # noqa: PLC0415  # only for programs

        screen.print_json(as_objects(done))
    if junit is not None:
        _write_junit(junit, done)
    _summarise(done)
    ctx.exit(0 if all(one.passed for one in done) else FAILED)


def _loaded(files: Iterable[Path]) -> list[RuleTests]:
    """Every file, or every problem of all of them at once."""
    from sentinel.config.rule_test_loader import load_tests  # noqa: PLC0415  # not for --help

    found: list[RuleTests] = []
    problems: dict[Problem, None] = {}
    for path in dict.fromkeys(files):
        try:
            found.append(load_tests(path))
        except ConfigError as error:
            problems |= dict.fromkeys(error.problems)
        else:
            problems |= dict.fromkeys(found[-1].warnings)
    if any(problem.severity == "error" for problem in problems):
        raise ConfigError(tuple(problems))
    if problems:
        from sentinel.cli.check import told  # noqa: PLC0415  # seldom

        click.echo(told(problems), err=True)
    return found


def _chosen(found: list[RuleTests], pattern: str | None) -> list[Chosen]:
    every = [(file, number) for file, one in enumerate(found) for number in range(len(one.tests))]
    for one in found:
        if not one.tests:
            screen.say(f"{screen.one_line(one.file)} has no [[test]]")
    if not every:
        raise click.UsageError("There is no test; docs/how-to/test-rules.md shows how to write one.")
    if pattern is None:
        return every
    chosen = [(file, number) for file, number in every if _matches(found[file].tests[number].name, pattern)]
    if not chosen:
        raise click.UsageError(f"None of the {len(every)} tests has {screen.one_line(pattern)!r} in its name.")
    return chosen


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name.casefold(), f"*{pattern.casefold()}*")


def _watched(outcomes: Iterator[Outcome], total: int) -> Iterator[Outcome]:
    """The same, with a line on the terminal that says how far it is, where that line does not stand among others."""
    silent = not sys.stderr.isatty() or sys.stdout.isatty() or total == 1
    for count, one in enumerate(outcomes, 1):
        if not silent:
            sys.stderr.write(f"\r{count} of {total} tests\x1b[K")
            sys.stderr.flush()
        yield one
    if not silent:
        sys.stderr.write("\r\x1b[K")


def _show(one: Outcome) -> None:
    from sentinel.cli.rehearsal_report import details  # noqa: PLC0415  # not for --help

    word = "ok" if one.passed else "FAILED"
    place = screen.one_line(one.file if one.passed else f"{one.file}:{one.line}")
    if screen.wants_colour():
        word = click.style(f"{word:<6}", fg="green" if one.passed else "red", bold=None if one.passed else True)
    click.echo(f"{word:<6} {place} {screen.one_line(one.name)}")
    if not one.passed:
        for line in details(one, coloured=screen.wants_colour()):
            click.echo(line)


def _summarise(done: list[Outcome]) -> None:
    failed = sum(not one.passed for one in done)
    passed = len(done) - failed
    screen.say(f"{passed} passed" + (f", {failed} failed" if failed else ""))


def _write_junit(path: Path, done: list[Outcome]) -> None:
    from sentinel.cli.junit import report  # noqa: PLC0415  # only when asked

    try:
        path.write_bytes(report(done))
    except OSError as error:
        why = error.strerror or "the name cannot be used"
        raise click.UsageError(f"{screen.one_line(str(path))} cannot be written: {why}") from None
