"""`sentinel run`: poll, decide, record, tell, until stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sentinel.config.loader import Loaded
    from sentinel.config.settings import Settings


@click.command("run")
@click.option("--once", is_flag=True, help="Ask each query once, tell what is due, and end: for cron.")
@click.option("--rules", type=click.Path(path_type=Path), help="The rules file, instead of SENTINEL_RULES.")
def run(*, once: bool, rules: Path | None) -> None:
    """Poll the sources, judge, record, tell; serve health and metrics.

    Stops on SIGTERM and Ctrl-C within ten seconds; what is not told by then waits in the outbox. Follows its rules
    file: a change is taken up by itself, SIGHUP reads the file and secrets in files at once. Exit codes: 2 also when
    another instance leads by other rules, 4 also when the database did not let it end. Of --once: 0 every query was
    answered, 3 a source failed, 5 it refused the credentials.
    """
    import asyncio  # noqa: PLC0415  # the command line imports inside its commands: --help stays quick
    import signal  # noqa: PLC0415  # as above

    # Until there are rules to read anew the signal has nothing to do; by itself it would end the program.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    from sentinel.app import App, load_all  # noqa: PLC0415
    from sentinel.cli.running import exit_code, prepare, serve  # noqa: PLC0415
    from sentinel.config.needs import check_complete, check_door  # noqa: PLC0415

    def read() -> tuple[Settings, Loaded]:
        found = load_all(rules=rules)
        check_complete(*found)
        return found

    settings, loaded = read()
    if not once:
        check_door(settings)
    prepare(settings, loaded)
    app = App(settings, loaded, reread=read)
    if once:
        plans = asyncio.run(app.once())
        raise SystemExit(exit_code(plans, app.instance.unlisted.values()))
    asyncio.run(serve(app))
