"""`sentinel demo`: an outage in a simulated company, from the first bad figure to the recovery, in a minute."""

from __future__ import annotations

from pathlib import Path

import click

from sentinel.cli import options, pages, screen


@click.command("demo")
@click.option("--mail", is_flag=True, help="Show the e-mails, too.")
@click.option(
    "--page",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the SLA page of the outage there [default: a new temporary file, which stays].",
)
@click.option("--keep", is_flag=True, help="Stay after the recovery, and leave the database, until Ctrl-C.")
@click.option(
    "--speed", type=click.FloatRange(1, 2000), default=240.0, show_default=True, help="Times as fast as life."
)
@click.option("--width", type=click.IntRange(40, 200), help="Columns of the drawing.")
@click.option(
    "--history",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Instead of the show: write the company's last week into FILE, an archive for `sentinel backtest`.",
)
@click.option(
    "--month",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Instead of the show: let the company's last month and this one pass under your rules.toml, and leave the "
    "record in FILE, a new database for `sentinel sla report`.",
)
@options.rules
@click.option("--days", type=click.FloatRange(0.5, 90), default=7.0, show_default=True, help="With --history.")
@click.option("--force", is_flag=True, help="With --history: replace FILE if it is there.")
def demo(
    *,
    mail: bool,
    page: Path | None,
    keep: bool,
    speed: float,
    width: int | None,
    history: Path | None,
    month: Path | None,
    rules: Path | None,
    days: float,
    force: bool,
) -> None:
    """Watch one outage become one Slack message that degrades, widens and recovers, and what it makes of the SLA.

    Nothing leaves this machine and no credentials are needed: the Portal, the Slack workspace and the mail server are
    simulated on loopback, the database lies in a temporary folder. Sentinel itself is the real program.
    """
    if history is not None and month is not None:
        raise click.UsageError("--history and --month exclude each other")
    if rules is not None and month is None:
        raise click.UsageError("--rules is for --month; the show has rules of its own")
    if history is not None:
        _write_history(history, days, force=force)
    elif month is not None:
        _write_month(month, rules or options.rules_file())
    else:
        _show(mail=mail, keep=keep, speed=speed, width=width, page=page)


def _write_history(file: Path, days: float, *, force: bool) -> None:
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already; --force replaces it")
    from sentinel.cli.simulated import write_past  # noqa: PLC0415  # not for --help

    screen.say(f"asking the simulated Portal for {days:g} days, ten minutes apart ...")
    screen.say(f"written: {file}, {write_past(file, days):,} readings")


def _write_month(file: Path, rules: Path) -> None:
    if file.exists():
        raise click.UsageError(f"{file} is there already: name a new database")
    import asyncio  # noqa: PLC0415  # not for --help

    from sentinel.cli.lived import last_month, live  # noqa: PLC0415  # as above
    from sentinel.clock import SystemClock  # noqa: PLC0415  # as above
    from sentinel.config.loader import load  # noqa: PLC0415  # as above
    from sentinel.engine.journal import configure  # noqa: PLC0415  # as above

    loaded = load(rules)
    configure(form="text", level="error")
    screen.say(f"the simulated company's last month and this one pass under {rules}, asked once an hour ...")
    now = SystemClock().now()
    judged = asyncio.run(live(f"sqlite:///{file}", loaded, last_month(now), now))
    screen.say(f"written: {file}, {judged:,} readings judged, nobody told")


def _show(*, mail: bool, keep: bool, speed: float, width: int | None, page: Path | None) -> None:
    if page is not None:
        pages.refuse_other("--page", page)
    import asyncio  # noqa: PLC0415  # not for --help

    from sentinel.cli.showing import show  # noqa: PLC0415  # as above

    asyncio.run(show(mail=mail, keep=keep, speed=speed, width=width, page=page))
