"""`sentinel backtest`: which notices rules would have sent, and which an edit would have added and removed."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentinel.cli import moments, options, pages, screen
from sentinel.cli.moments import EXAMPLES, Instant

if TYPE_CHECKING:
    from sentinel.backtest.difference import Change
    from sentinel.backtest.report import Report
    from sentinel.backtest.sides import Job

DIFFERENT = 1
SINCE = "30d"
MANY = 2000
"""Readings from which on a terminal is shown how far it is."""

NOTICES = ("", "AT", "KIND", "SEVERITY", "SERVICE", "NODE", "RULE", "CHANNEL")
DAYS = ("DAY", "CHANNEL", "OLD", "NEW", "ADDED", "REMOVED")
DETECTIONS = ("SERVICE", "NODE", "RULE", "OLD", "NEW", "DIFFERENCE")


@click.command()
@options.rules
@click.option("--against", metavar="FILE", type=click.Path(path_type=Path), help="The rules to compare with.")
@click.option("--since", type=Instant(), default=SINCE, show_default=True, help=f"Count from then on: {EXAMPLES}.")
@click.option("--until", type=Instant(), default="now", show_default=True, help="Count until then.")
@click.option("--warm-up", default="1d", show_default=True, metavar="SPAN", help="Judge so much before, uncounted.")
@options.database
@click.option("--archive", metavar="FILE", type=click.Path(path_type=Path), help="Take an exported archive instead.")
@click.option("--all", "everything", is_flag=True, help="With --against: also list the notices that both send.")
@click.option("--html", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with a timeline.")
@options.utc
@options.as_json
@click.pass_context
def backtest(
    ctx: click.Context,
    /,
    *,
    rules: Path | None,
    against: Path | None,
    since: float,
    until: float,
    warm_up: str,
    database: str | None,
    archive: Path | None,
    everything: bool,
    html: Path | None,
    utc: bool,
    as_json: bool,
) -> None:
    """Judge recorded readings by the rules and show which notices they would have sent. Nothing is sent or written.

    With --against: which notices the rules send that the other file would not have sent (+), and the reverse (-).
    Exit code 0 when nobody would have been told anything else, 1 when somebody would. Readings are those of the
    database, or of an archive that `sentinel history export` wrote.
    """
    options.in_order(since, until)
    if archive is not None and database is not None:
        raise click.UsageError("--archive and --database exclude each other")
    new = _job(_rules_file(rules), since, until, warm_up, database, archive)
    old = None if against is None else _job(against, since, until, warm_up, database, archive)
    if html is not None:
        pages.refuse_other("--html", html)
    report = _report(new, old)
    if html is not None:
        _write(html, report)
    if as_json:
        screen.print_json(report.as_json())
    else:
        _show(report, utc=utc, everything=everything)
    if old is not None and report.differs:
        ctx.exit(DIFFERENT)


def _rules_file(given: Path | None) -> Path:
    return given or Path(os.environ.get("SENTINEL_RULES") or options.RULES)


def _job(file: Path, since: float, until: float, warm_up: str, database: str | None, archive: Path | None) -> Job:
    from sentinel.backtest.past import Place  # noqa: PLC0415  # not for --help
    from sentinel.backtest.sides import Job  # noqa: PLC0415  # as above
    from sentinel.config.loader import read_text  # noqa: PLC0415  # as above

    place = Place(archive=archive) if archive is not None else Place(database=options.database_url(database))
    try:
        seconds = until - moments.instant(warm_up, until)
    except ValueError:
        raise click.UsageError(f"--warm-up {warm_up!r} is no span: write 1d or 6h") from None
    return Job(file=str(file), text=read_text(file), place=place, since=since, until=until, warm_up=seconds)


def _report(new: Job, old: Job | None) -> Report:
    from sentinel.backtest.report import Report  # noqa: PLC0415  # not for --help
    from sentinel.backtest.sides import extent, outcome_of, side_by_side  # noqa: PLC0415  # as above

    if old is not None:
        old.loaded()  # a mistake in it is shown before anything is replayed
    number = extent(new)
    with _progress(number) as on_reading:
        if old is None:
            before, after = None, outcome_of(new, on_reading)
        else:
            before, after = side_by_side(old, new, number, on_reading)
    return Report(
        rules=new.file,
        against=None if old is None else old.file,
        since=new.since,
        until=new.until,
        zone=new.loaded().defaults.timezone,
        new=after,
        old=before,
    )


@contextlib.contextmanager
def _progress(number: int) -> Iterator[Callable[[float], None]]:
    """A bar on a terminal, for what takes a while; on stderr, so that data stays data."""
    if number < MANY or not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=number, label="replaying", file=sys.stderr, update_min_steps=number // 200) as bar:
        yield lambda _: bar.update(1)


def _write(path: Path, report: Report) -> None:
    from sentinel.backtest.page import page  # noqa: PLC0415  # only when asked

    pages.write("--html", path, page(report).encode())


def _show(report: Report, *, utc: bool, everything: bool) -> None:
    from sentinel.cli.backtest_slas import ALONE, BESIDE, agreement_rows  # noqa: PLC0415  # not for --help

    times = moments.Times(report.until, utc=utc, terse=screen.is_terminal())
    for line in summary(report, moments.Times(report.until, utc=utc)):
        screen.say(line)
    shown = [one for one in report.changes if report.old is None or everything or one.sign != "="]
    if screen.is_terminal():
        if report.days:
            screen.say("\nNotices by day and channel")
            screen.print_table(DAYS if report.old is not None else (*DAYS[:2], "NOTICES"), day_rows(report))
        if report.agreements:
            screen.say("\nService levels over that time")
            screen.print_table(BESIDE if report.old is not None else ALONE, agreement_rows(report))
        if report.detections:
            screen.say("\nFound sooner or later")
            screen.print_table(DETECTIONS, detection_rows(report, times))
        if shown:
            screen.say("\nNotices" if report.old is None else "\nNotices: + only the new rules send it, - only the old")
    screen.print_table(NOTICES, [notice_row(one, times, alone=report.old is None) for one in shown])


def summary(report: Report, times: moments.Times) -> list[str]:
    """How much past there was, and the numbers of both sides."""
    from sentinel.cli.backtest_slas import effects  # noqa: PLC0415  # not for --help

    new, old = report.new, report.old
    span = f"{times.of(new.first_at)} to {times.of(new.last_at)}" if new.first_at is not None else "nothing"
    failed = f", {new.failed} failed" if new.failed else ""
    lines = [f"replayed {new.readings:,} readings, {span}{failed}"]
    lines += [
        f"never recorded, so not replayed: {query.service}, {query.hierarchy}, {query.where}"
        for query in new.unrecorded
    ]
    if old is None:
        lines.append(f"{report.rules}: {_counted(len(new.incidents), 'incident')}, {_counted(len(new.told), 'notice')}")
        if new.flapping:
            lines[-1] += f", {len(new.flapping)} flapping"
    else:
        lines.append(
            f"{report.rules} would have sent {_counted(len(new.told), 'notice')} instead of {len(old.told):,}: "
            f"{report.count('+'):,} added, {report.count('-'):,} removed"
        )
        lines.append(
            f"incidents {len(new.incidents):,} instead of {len(old.incidents):,}, "
            f"flapping {len(new.flapping)} instead of {len(old.flapping)}"
        )
    lines += [f"told to nobody: {count} ({reason})" for reason, count in new.not_told.items()]
    lines += effects(report)
    return [screen.one_line(line) for line in lines]


def day_rows(report: Report) -> list[tuple[str, ...]]:
    """The table of days."""
    if report.old is None:
        return [(day.day, day.channel, str(day.new)) for day in report.days]
    return [
        (day.day, day.channel, str(day.old), str(day.new), f"+{day.added}", f"-{day.removed}") for day in report.days
    ]


def detection_rows(report: Report, times: moments.Times) -> list[tuple[str, ...]]:
    """The table of what would have been found at another time."""
    return [
        (
            one.service,
            " / ".join(one.node),
            one.rule,
            times.of(one.old_at),
            times.of(one.new_at),
            f"{moments.span(abs(one.earlier))} {'sooner' if one.earlier > 0 else 'later'}",
        )
        for one in report.detections
    ]


def notice_row(change: Change, times: moments.Times, *, alone: bool) -> tuple[str, ...]:
    """A notice as the table has it."""
    told = change.told
    return (
        "" if alone else change.sign,
        times.of(told.at),
        told.kind,
        told.severity,
        told.service,
        " / ".join(told.node),
        told.rule,
        told.channel,
    )


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
