"""`sentinel silences`: what nobody wants to be told for a while, by whom and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import moments, muting, options, people, screen

if TYPE_CHECKING:
    from sentinel.history.silences import SilenceRow

STATES = ("active", "pending", "expired")
HEADS = ("STATE", "FOR", "FROM", "UNTIL", "AUTHOR", "REASON", "ID")


@click.group()
def silences() -> None:
    """Silences: what nobody wants to be told for a while. Everything is still recorded."""


@silences.command("list")
@click.option("--state", multiple=True, type=click.Choice(STATES), help="Only in these states.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many.")
@options.database
@options.utc
@options.as_json
def list_(*, state: tuple[str, ...], limit: int | None, database: str | None, utc: bool, as_json: bool) -> None:
    """Silences: those that are active, those to come, then those that are over, the latest first."""
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help
    from sentinel.history.record import opened  # noqa: PLC0415  # as above
    from sentinel.history.silences import silences as found_in  # noqa: PLC0415  # as above

    at = SystemClock().now()
    with opened(options.database_url(database)) as record:
        found = [one for one in found_in(record, at) if not state or one.state in state]
    shown = limit or (options.SCREENFUL if screen.is_terminal() and not as_json else None)
    if as_json:
        screen.print_json([one.as_json() for one in found[:shown]])
        return
    times = moments.Times(at, utc=utc, terse=screen.is_terminal())
    screen.print_table(HEADS, [row(one, times) for one in found[:shown]])
    options.say_how_many(len(found[:shown]), limit, shown, "silences")


@silences.command("add", short_help="Do not tell what fits, for a while.")
@muting.adding
def add(**asked: Any) -> None:
    """Do not tell what fits, for a while. What lasts is told when the silence is over.

    Everything is still recorded, with the reason. What was told before is still closed when it is over, quietly. The
    silence counts from the next poll on, and ends by itself. Prints its id.

    Several --node are any of them, and so with the others; --node and --service together must both fit.
    """
    muting.add(maintenance=False, asked=asked)


@silences.command("expire")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--by", metavar="NAME", help="Who does it [default: your login name].")
@options.database
@options.as_json
@click.pass_context
def expire(ctx: click.Context, /, *, ids: tuple[str, ...], by: str | None, database: str | None, as_json: bool) -> None:
    """End silences now. The beginning of an id is enough. What lasts is told at the next poll.

    Exit code 1 when one of them was over already.
    """
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help
    from sentinel.domain.requests import unfit  # noqa: PLC0415  # as above
    from sentinel.history.record import opened  # noqa: PLC0415  # as above
    from sentinel.history.silences import silence_id  # noqa: PLC0415  # as above
    from sentinel.history.silences import silences as found_in  # noqa: PLC0415  # as above
    from sentinel.store import silences as on_record  # noqa: PLC0415  # as above
    from sentinel.store.database import Database  # noqa: PLC0415  # as above

    who = people.login() if by is None else by.strip()
    bad = unfit(who, "")
    if bad:
        raise click.UsageError(bad)
    url = options.database_url(database)
    with opened(url) as record:
        names = [silence_id(record, one) for one in ids]
    db = Database.open(url, thorough=False)
    try:
        ended = [on_record.expire(db, name, who, SystemClock().now()) for name in names]
    finally:
        db.close()
    if as_json:
        with opened(url) as record:
            now = {one.id: one.as_json() for one in found_in(record, SystemClock().now())}
        screen.print_json([now[name] for name in names])
    for one, done in ended:
        screen.say(f"{one.id} is over" if done else f"{one.id} was over already")
    if not all(done for _, done in ended):
        ctx.exit(1)


def row(one: SilenceRow, times: moments.Times) -> tuple[str, ...]:
    """A silence as the table has it."""
    reason = f"maintenance: {one.reason}" if one.maintenance else one.reason
    ended = f" (by {one.expired_by})" if one.expired_by is not None else ""
    return (
        one.state,
        aims(one.matchers),
        times.of(one.starts_at),
        times.of(one.over_at) + ended,
        one.author,
        reason,
        one.id,
    )


def aims(matchers: dict[str, list[str]]) -> str:
    """`node Paris or Rome, service SAP`."""
    return ", ".join(f"{name} {' or '.join(texts)}" for name, texts in matchers.items()) or "everything"
