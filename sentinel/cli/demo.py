"""`sentinel demo`: an outage in a simulated company, from the first bad figure to the recovery, in a minute."""

from __future__ import annotations

import click


@click.command("demo")
@click.option("--mail", is_flag=True, help="Show the e-mails, too.")
@click.option("--keep", is_flag=True, help="Stay after the recovery, and leave the database, until Ctrl-C.")
@click.option(
    "--speed", type=click.FloatRange(1, 2000), default=240.0, show_default=True, help="Times as fast as life."
)
@click.option("--width", type=click.IntRange(40, 200), help="Columns of the drawing.")
def demo(*, mail: bool, keep: bool, speed: float, width: int | None) -> None:
    """Watch one outage become one Slack message that degrades, widens and recovers.

    Nothing leaves this machine and no credentials are needed: the Portal, the Slack workspace and the mail server are
    simulated on loopback, the database lies in a temporary folder. Sentinel itself is the real program.
    """
    import asyncio  # noqa: PLC0415  # the command line imports inside its commands: --help stays quick

    from sentinel.cli.showing import show  # noqa: PLC0415

    asyncio.run(show(mail=mail, keep=keep, speed=speed, width=width))
