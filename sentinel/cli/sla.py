"""`sentinel sla`: what was agreed, what was attained, and how much may still go wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sentinel.cli import options, pages, screen

if TYPE_CHECKING:
    from sentinel.history.sla_report import Report

F = TypeVar("F", bound=Callable[..., Any])

NOT_WELL = 1
BOM = "\ufeff"
_PERIOD = re.compile(r"\d{4}(-(0[1-9]|1[0-2])|-Q[1-4])?|this|last", re.IGNORECASE)

_NO_YEARS = ("0000", "0001", "9999")  # a date before or after one of these cannot be written


class PeriodName(click.ParamType[str]):
    """A period by its name: `2026-10`, `2026-Q4`, `2026`, `last`, `this`."""

    name = "period"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        if not _PERIOD.fullmatch(text) or text[:4] in _NO_YEARS:
            self.fail(f"{text!r} is no period: write 2026-10, 2026-Q4, 2026, last or this", param, ctx)
        return text.lower().replace("q", "Q")


def chosen(command: F) -> F:
    """The options that say of what a report is made."""
    added = (
        click.option("--sla", "slas", multiple=True, metavar="GLOB", help="Only these SLAs."),
        click.option("--service", "services", multiple=True, metavar="GLOB", help="Only these services."),
        options.rules,
        options.database,
        options.as_json,
    )
    for option in reversed(added):
        command = option(command)
    return command


@click.group()
def sla() -> None:
    """What was agreed, what was attained, and how much may still go wrong."""


@sla.command("status")
@chosen
@click.option("--exit-code", is_flag=True, help="Exit with 1 when anything is missed or at risk.")
@click.pass_context
def status(ctx: click.Context, /, *, as_json: bool, exit_code: bool, **asked: Any) -> None:
    """Every SLA and service in one line, for the period that runs: missed ones first.

    A running period is missed when more than its whole budget is gone, and at risk when the budget goes so fast that it
    will not last.
    """
    from sentinel.slareport import table  # noqa: PLC0415  # not for --help
    from sentinel.slareport.as_json import one_row  # noqa: PLC0415  # as above
    from sentinel.slareport.verdict import Verdict, verdict  # noqa: PLC0415  # as above

    found = _report(period=None, nodes=(), trends=False, places=False, **asked)
    if as_json:
        screen.print_json([one_row(section.whole, section.period_name) for section in found.sections])
    else:
        screen.print_table(table.STATUS, table.status_rows(found))
        _say_none(found)
    verdicts = {verdict(section.whole) for section in found.sections}
    if exit_code and verdicts & {Verdict.MISSED, Verdict.AT_RISK}:
        ctx.exit(NOT_WELL)


@sla.command("report")
@chosen
@click.option("--node", "nodes", multiple=True, metavar="GLOB", help="Only these nodes and all below.")
@click.option(
    "--period", type=PeriodName(), metavar="NAME", help="2026-10, 2026-Q4, 2026, last or this [default: this]."
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV for spreadsheets, a line for every node.")
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a page to read and to print; - is standard output.",
)
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="Write JSON or CSV there instead.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="At most so many nodes of each SLA and service in the table.",
)
def report(
    *,
    as_json: bool,
    as_csv: bool,
    html: Path | None,
    output: Path | None,
    limit: int | None,
    **asked: Any,
) -> None:
    """What was attained in a period, node by node, worst first; with why it was not more, and what nobody knows.

    The page of --html has charts, incidents, unknown time and the formula of every percentage in one file that needs
    no network.
    """
    _refuse_contradictions(as_json=as_json, as_csv=as_csv, html=html, output=output, limit=limit)
    if html is not None:
        pages.refuse_other("--html", html, may_print=True)
    if output is not None:
        begins = (BOM.encode(),) if as_csv else (b"[\n  {", b"[]")
        pages.refuse_other("--output", output, begins, "CSV of ours" if as_csv else "JSON of ours", may_print=True)
    found = _report(**asked)
    if html is not None:
        from sentinel.slareport.page import page  # noqa: PLC0415  # only when asked

        pages.write("--html", html, page(found).encode())
    if as_csv:
        _print_csv(found, output)
    elif as_json:
        _print_json(found, output)
    elif html is None:
        _print_tables(found, limit)
    _say_none(found, asked["nodes"])


def _refuse_contradictions(
    *, as_json: bool, as_csv: bool, html: Path | None, output: Path | None, limit: int | None
) -> None:
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    if limit is not None and (as_json or as_csv):
        raise click.UsageError("--limit is for the table; --json and --csv have every node")
    if output is not None and not (as_json or as_csv):
        raise click.UsageError("--output is for --json or --csv; --html FILE writes a page")
    if html == pages.STANDARD_OUTPUT and (as_json or as_csv) and output in (None, html):
        raise click.UsageError("--html - and --json or --csv would stand in one stream: give one of them a file")


def _report(*, rules: Path | None, database: str | None, period: str | None, **asked: Any) -> Report:
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help
    from sentinel.config.loader import load  # noqa: PLC0415  # as above
    from sentinel.history.sla import report as report_of  # noqa: PLC0415  # as above
    from sentinel.store.database import Database  # noqa: PLC0415  # as above

    loaded = load(rules or options.rules_file())
    db = Database.open(options.database_url(database))
    try:
        return report_of(db, loaded, SystemClock().now(), period=period, **asked)
    finally:
        db.close()


def _print_csv(found: Report, output: Path | None) -> None:
    from sentinel.slareport.csv_file import csv_bytes  # noqa: PLC0415  # only when asked

    content = csv_bytes(found)
    if output is not None:
        pages.write("--output", output, content)
    else:
        click.echo(content, nl=False)


def _print_json(found: Report, output: Path | None) -> None:
    import json  # noqa: PLC0415  # not for --help

    from sentinel.slareport.as_json import as_json  # noqa: PLC0415  # only when asked

    rows = as_json(found)
    if output is not None:
        pages.write("--output", output, (json.dumps(rows, indent=2) + "\n").encode())
    else:
        screen.print_json(rows)


def _print_tables(found: Report, limit: int | None) -> None:
    """On a terminal a table for each section under what is said of it; in a pipe one table of everything."""
    from sentinel.slareport import table  # noqa: PLC0415  # only when asked

    if not screen.is_terminal():
        screen.print_table(table.PIPE, table.pipe_rows(found, limit))
        return
    most = limit or options.SCREENFUL
    for number, section in enumerate(found.sections):
        if number:
            screen.say("")
        for line in table.told(section):
            screen.say(screen.one_line(line))
        rows = table.node_rows(section)
        screen.print_table(table.NODES, rows[: 1 + most])
        if len(rows) > 1 + most:
            screen.say(f"the worst {most:,}; {len(rows) - 1 - most:,} more nodes: --limit, --csv or --json show them")


def _say_none(found: Report, nodes: Sequence[str] = ()) -> None:
    """What is missing, that nobody takes it for good."""
    for name, elsewhere in found.silent:
        why = "what is on record is of another source, hierarchy, level, path, scope or service" if elsewhere else ""
        screen.say(f"{name}: {why or 'no figure came yet for any service'}, so there is nothing to report")
    if not found.sections and not found.silent:
        screen.say("no SLA: none that was asked for has figures of such a service")
    if nodes and found.sections and not any(section.rows for section in found.sections):
        screen.say(f"no node fits {screen.one_line(' or '.join(nodes))}: what is told is of all nodes")
