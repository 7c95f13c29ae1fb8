"""`sentinel notices`: who was told what, or why not; a test notice; a message as its readers would see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import moments, options, screen
from sentinel.cli.preview import preview
from sentinel.cli.trial import test

if TYPE_CHECKING:
    from sentinel.history.notices import NoticeRow

STATES = ("waiting", "sending", "delivered", "unclear", "abandoned", "not_told")
HEADS = ("STATE", "DECIDED", "KIND", "TO", "CHANNEL", "INCIDENT", "TRIES", "DELIVERED", "REASON", "ID")


@click.group()
def notices() -> None:
    """Notices: who was told what and when, or why not."""


@notices.command("list", short_help="Who was told what, what waits, and why somebody was not told.")
@options.filters(STATES, "Decided")
@click.option("--incident", metavar="ID", help="Only of this incident; the beginning of its id is enough.")
@click.option("--kind", multiple=True, metavar="KIND", help="Only of these kinds: degraded, recovered, ...")
@click.option("--receiver", multiple=True, metavar="GLOB", help="Only to these receivers.")
@options.database
@options.utc
@options.as_json
def list_(
    *,
    database: str | None,
    utc: bool,
    as_json: bool,
    incident: str | None,
    kind: tuple[str, ...],
    receiver: tuple[str, ...],
    **asked: Any,
) -> None:
    """Notices, newest first: what was told, what waits, and what was not told with the reason."""
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help
    from sentinel.history import notices as told  # noqa: PLC0415  # as above
    from sentinel.history.incidents import incident_id  # noqa: PLC0415  # as above
    from sentinel.history.record import opened  # noqa: PLC0415  # as above

    unknown = [word for word in kind if word not in told.KINDS]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is not one of {', '.join(told.KINDS)}", param_hint="--kind")
    wanted = options.filters_of(asked, screenful=not as_json)
    with opened(options.database_url(database)) as record:
        whole = incident_id(record, incident) if incident is not None and not incident.startswith("test-") else incident
        found = list(told.notices(record, wanted, incident=whole, kind=kind, receiver=receiver))
    if as_json:
        screen.print_json([one.as_json() for one in found])
        return
    times = moments.Times(SystemClock().now(), utc=utc, terse=screen.is_terminal())
    screen.print_table(HEADS, [row(one, times) for one in found])
    options.say_how_many(len(found), asked["limit"], wanted.limit, "notices")


@notices.command("retry")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="Every abandoned notice.")
@click.option("--channel", metavar="CHANNEL", help="Every abandoned notice of one channel: slack:#workplace-alerts.")
@options.database
@click.pass_context
def retry(
    ctx: click.Context, /, *, ids: tuple[int, ...], every: bool, channel: str | None, database: str | None
) -> None:
    """Offer abandoned notices again, once what refused them is mended.

    A running Sentinel tells them within a second, or `sentinel run` once it is started. Exit code 1 when there is no
    such notice.
    """
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help
    from sentinel.engine.trials import try_again  # noqa: PLC0415  # as above
    from sentinel.history.filters import Filters  # noqa: PLC0415  # as above
    from sentinel.history.notices import notices as told  # noqa: PLC0415  # as above
    from sentinel.history.record import opened  # noqa: PLC0415  # as above
    from sentinel.store.database import Database  # noqa: PLC0415  # as above

    if sum((every, bool(ids), channel is not None)) != 1:
        raise click.UsageError(
            "name the notices by their ids (`notices list --state abandoned`), or say --channel or --all"
        )
    url = options.database_url(database)
    if not ids:
        with opened(url) as record:
            found = list(told(record, Filters(state=("abandoned",))))
        ids = tuple(one.id for one in found if every or one.channel == channel)
    db = Database.open(url)
    try:
        count = try_again(db, ids, SystemClock().now())
    finally:
        db.close()
    screen.say(f"{count} notices are offered again" if count != 1 else "1 notice is offered again")
    if ids and count < len(ids):
        screen.say(f"{len(ids) - count} of them are no abandoned or waiting notices")
        ctx.exit(1)


def row(one: NoticeRow, times: moments.Times) -> tuple[str, ...]:
    """A notice as the table has it."""
    return (
        one.state.replace("_", " ") if times.terse else one.state,
        times.of(one.decided_at),
        one.kind,
        one.receiver or "nobody",
        one.channel or "",
        one.incident,
        str(one.attempts),
        times.of(one.delivered_at),
        one.reason,
        str(one.id),
    )


notices.add_command(test)
notices.add_command(preview)
