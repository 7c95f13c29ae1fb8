"""`sentinel notices test`: a test notice through the same outbox as all others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentinel.cli import options, screen
from sentinel.errors import AlreadyRunning, NotFound

if TYPE_CHECKING:
    from sentinel.config.loader import Loaded
    from sentinel.config.settings import Settings
    from sentinel.domain.rules import Address
    from sentinel.history.notices import NoticeRow
    from sentinel.store.database import Database

HEADS = ("STATE", "TO", "CHANNEL", "REASON", "ID")

PATIENCE = 20.0
"""Seconds to wait for a running instance to tell a test notice; with a channel that works it takes one or two."""

_LOOK_EVERY = 0.25
_SETTLED = ("delivered", "abandoned")


@click.command("test", short_help="Send a test notice to receivers.")
@click.option("--receiver", multiple=True, metavar="NAME", help="A receiver of the rules [default: all].")
@click.option("--wait", type=click.FloatRange(min=0), default=PATIENCE, show_default=True, help="Seconds to wait.")
@options.rules
@options.as_json
@click.pass_context
def test(ctx: click.Context, /, *, receiver: tuple[str, ...], wait: float, rules: Path | None, as_json: bool) -> None:
    """Send a test notice to receivers, through the same outbox as all others.

    A running Sentinel sends it; without one it is sent here. Exit code 1 unless all were delivered.
    """
    from sentinel.app import load_all  # noqa: PLC0415  # not for --help
    from sentinel.engine.journal import configure  # noqa: PLC0415  # as above

    settings, loaded = load_all(rules=rules)
    configure(form=settings.log_format, level="critical", secrets=settings.secrets())  # the outcome is told below
    addresses = _addresses(loaded, receiver)
    found = _sent(settings, loaded, addresses, wait)
    if as_json:
        screen.print_json([one.as_json() for one in found])
    else:
        screen.print_table(
            HEADS, [(one.state, one.receiver or "", one.channel or "", one.reason, str(one.id)) for one in found]
        )
        for one in found:
            if one.state not in _SETTLED:
                screen.say(f"{one.channel}: not told yet; `sentinel notices list --kind test` shows what becomes of it")
    if any(one.state != "delivered" for one in found):
        ctx.exit(1)


def _addresses(loaded: Loaded, wanted: tuple[str, ...]) -> list[Address]:
    """The addresses of the wanted receivers, all of them when none is named."""
    names = [receiver.name for receiver in loaded.receivers]
    for name in wanted:
        if name not in names:
            raise NotFound(f"there is no receiver {name!r} in the rules", hint=_nearest(name, names))
    return [a for receiver in loaded.receivers if not wanted or receiver.name in wanted for a in receiver.addresses]


def _nearest(name: str, names: list[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # only for what is not found

    near = get_close_matches(name, names, 1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}" if names else "there are none"


def _sent(settings: Settings, loaded: Loaded, addresses: list[Address], wait: float) -> list[NoticeRow]:
    import asyncio  # noqa: PLC0415  # not for --help

    from sentinel.app import deliver_pending  # noqa: PLC0415  # as above
    from sentinel.clock import SystemClock  # noqa: PLC0415  # as above
    from sentinel.engine.trials import enqueue_tests  # noqa: PLC0415  # as above
    from sentinel.store.database import Database  # noqa: PLC0415  # as above
    from sentinel.store.schema import bring_up  # noqa: PLC0415  # as above

    clock = SystemClock()
    url = settings.database_url.get_secret_value()
    bring_up(url)
    db = Database.open(url)
    try:
        ids = enqueue_tests(db, addresses, clock.now())
        try:
            # What the console channel prints is for people: stdout is kept for the data.
            asyncio.run(deliver_pending(settings, loaded, stream=sys.stderr))
            note = ""
        except AlreadyRunning:
            note = "a running Sentinel tells it"
        return asyncio.run(_settled(db, ids, clock.monotonic() + wait, note))
    finally:
        db.close()


async def _settled(db: Database, ids: list[int], until: float, note: str) -> list[NoticeRow]:
    """The notices once they are all settled, or as they are when patience ends; `note` says who tells them."""
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help
    from sentinel.history.notices import notices  # noqa: PLC0415  # as above
    from sentinel.history.record import reading  # noqa: PLC0415  # as above

    clock = SystemClock()
    if note:
        screen.say(note)
    while True:
        with reading(db) as record:
            found = [one for one in notices(record, kind=("test",), oldest_first=True) if one.id in ids]
        if all(one.state in _SETTLED for one in found) or clock.monotonic() >= until:
            return found
        await clock.sleep(_LOOK_EVERY)
