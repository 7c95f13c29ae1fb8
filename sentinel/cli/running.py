"""What `sentinel run` does around the instance: logs, signals, exit codes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn

import structlog

from sentinel.app import App
from sentinel.config.loader import Loaded
from sentinel.config.settings import Settings
from sentinel.domain.reading import Failure, Reason
from sentinel.domain.records import Plan
from sentinel.engine.journal import configure
from sentinel.errors import CredentialsRefused, SourceError, StoreError
from sentinel.wiring import say_warnings, secrets_of

log = structlog.get_logger("sentinel.run")

GIVE_UP_AFTER = 9.0
"""Seconds from a signal to the end, whatever still runs: platforms kill after ten. A thread that waits for a database
that says nothing cannot be ended otherwise."""


def prepare(settings: Settings, loaded: Loaded) -> None:
    """Set up logging, and say what is odd about the configuration."""
    configure(form=settings.log_format, level=settings.log_level, secrets=secrets_of(settings, loaded))
    say_warnings(settings, loaded)


async def serve(app: App) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the rules file anew."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        app.stop()
        loop.call_later(GIVE_UP_AFTER, give_up)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, app.reload)
    log.info("started", rules=len(app.loaded.rulebook.rules), sources=len(app.loaded.sources))
    await app.run()
    log.info("stopped")


def give_up() -> NoReturn:
    """End as a kill would, which loses nothing: what was begun is looked up at the next start."""
    log.error("not ended in time, so left as it is", hint="the database does not answer; a lease ends by itself")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(StoreError.exit_code)


def exit_code(plans: Sequence[Plan | None], unlisted: Iterable[Failure] = ()) -> int:
    """0 when every query was answered, else the code of what went wrong. `unlisted`: failures to list services."""
    failures = [plan.query.failure for plan in plans if plan is not None and plan.query.failure is not None]
    failures += unlisted
    if any(failure.reason in (Reason.UNAUTHORIZED, Reason.FORBIDDEN) for failure in failures):
        return CredentialsRefused.exit_code
    if failures:
        return SourceError.exit_code
    return 0 if all(plan is not None for plan in plans) else 4
