"""`sentinel demo`: an outage in a simulated company, from the first bad figure to the recovery, in a minute."""

from __future__ import annotations

from pathlib import Path

import click

from sentinel.cli import screen


@click.command("demo")
@click.option("--mail", is_flag=True, help="Show the e-mails, too.")
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
@click.option("--days", type=click.FloatRange(0.5, 90), default=7.0, show_default=True, help="With --history.")
@click.option("--force", is_flag=True, help="With --history: replace FILE if it is there.")
def demo(
    *, mail: bool, keep: bool, speed: float, width: int | None, history: Path | None, days: float, force: bool
) -> None:
    """Watch one outage become one Slack message that degrades, widens and recovers.

    Nothing leaves this machine and no credentials are needed: the Portal, the Slack workspace and the mail server are
    simulated on loopback, the database lies in a temporary folder. Sentinel itself is the real program.
    """
    if history is not None:
        if history.exists() and not force:
            raise click.UsageError(f"{history} is there already; --force replaces it")
        from sentinel.cli.simulated import write_past  # noqa: PLC0415  # not for --help

        screen.say(f"asking the simulated Portal for {days:g} days, ten minutes apart ...")
        screen.say(f"written: {history}, {write_past(history, days):,} readings")
        return
    import asyncio  # noqa: PLC0415  # the command line imports inside its commands: --help stays quick

    from sentinel.cli.showing import show  # noqa: PLC0415

    asyncio.run(show(mail=mail, keep=keep, speed=speed, width=width))
