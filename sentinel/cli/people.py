"""`sentinel incidents ack|unack|note`: what somebody does about an incident, from a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import options, screen

if TYPE_CHECKING:
    from sentinel.domain.requests import Answer
    from sentinel.history.incidents import IncidentRow

REFUSED, NOT_YET = 1, 4
"""Exit codes: it cannot be done; it is written down, and nobody has done it yet."""

by = click.option("--by", metavar="NAME", help="Who does it [default: your login name].")


@click.command(short_help="Somebody has it in hand: no more reminders.")
@click.argument("incident")
@by
@click.option("--note", default="", metavar="TEXT", help="What to tell the others with it.")
@options.database
@options.as_json
@click.pass_context
def ack(ctx: click.Context, /, **asked: Any) -> None:
    """Say that somebody has an incident in hand: no more reminders, nobody else is called.

    The beginning of its id is enough. It ends with the incident. Everything is still recorded, and told when it changes.
    """
    _do(ctx, "ack", text=asked.pop("note"), **asked)


@click.command(short_help="Take an acknowledgement back: reminders go on.")
@click.argument("incident")
@by
@options.database
@options.as_json
@click.pass_context
def unack(ctx: click.Context, /, **asked: Any) -> None:
    """Take an acknowledgement back: reminders go on. The beginning of the incident's id is enough."""
    _do(ctx, "unack", text="", **asked)


@click.command(short_help="Write something into an incident's story.")
@click.argument("incident")
@click.argument("text")
@by
@options.database
@options.as_json
@click.pass_context
def note(ctx: click.Context, /, **asked: Any) -> None:
    """Write something into an incident's story: its timeline and its thread. The beginning of its id is enough.

    A note about an incident that is over stands in its timeline only.
    """
    if not asked["text"].strip():
        raise click.BadParameter("a note says something", param_hint="TEXT")
    _do(ctx, "note", **asked)


def _do(
    ctx: click.Context, word: str, *, incident: str, by: str | None, text: str, database: str | None, as_json: bool
) -> None:
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help
    from sentinel.domain.requests import Deed, unfit  # noqa: PLC0415  # as above
    from sentinel.engine import commands  # noqa: PLC0415  # as above
    from sentinel.history.incidents import incident_id  # noqa: PLC0415  # as above
    from sentinel.history.record import opened  # noqa: PLC0415  # as above

    who = login() if by is None else by
    wrong = unfit(who, text)
    if wrong:
        raise click.UsageError(wrong)
    url = options.database_url(database)
    with opened(url) as record:
        whole = incident_id(record, incident)
    wanted = commands.request(Deed(word), whole, who, SystemClock().now(), text)
    answer = _answer(url, wanted)
    _say(ctx, url, word, whole, answer, as_json=as_json)


def _answer(url: str, wanted: Any) -> Answer | None:
    import asyncio  # noqa: PLC0415  # not for --help

    from sentinel.clock import SystemClock  # noqa: PLC0415  # as above
    from sentinel.engine import commands  # noqa: PLC0415  # as above
    from sentinel.store.database import Database  # noqa: PLC0415  # as above

    db = Database.open(url, thorough=False)
    try:
        return asyncio.run(commands.carry_out(db, wanted, SystemClock()))
    finally:
        db.close()


def _say(ctx: click.Context, url: str, word: str, whole: str, answer: Answer | None, *, as_json: bool) -> None:
    from sentinel.history.incidents import incident as story_of  # noqa: PLC0415  # not for --help
    from sentinel.history.record import opened  # noqa: PLC0415  # as above

    if as_json:
        with opened(url) as record:
            now = story_of(record, whole).incident
        screen.print_json(_as_json(word, answer, now))
    if answer is None:
        screen.complain(
            "it is written down, and whoever leads has not done it yet",
            "it is done as soon as an instance does its work again; `sentinel incidents show` tells when it is",
        )
        ctx.exit(NOT_YET)
    if answer.outcome.value == "refused":
        screen.complain(f"{whole}: {answer.text}")
        ctx.exit(REFUSED)
    if not as_json:
        screen.say(f"{whole}: {answer.text}")


def _as_json(word: str, answer: Answer | None, now: IncidentRow) -> dict[str, Any]:
    """What was asked for, what became of it, and who has the incident acknowledged now."""
    known = now.as_json()
    return {
        "incident": now.id,
        "command": word,
        "outcome": answer.outcome.value if answer is not None else "waiting",
        "text": answer.text if answer is not None else "",
        "state": known["state"],
        "acknowledged_by": known["acknowledged_by"],
        "acknowledged_at": known["acknowledged_at"],
    }


def login(option: str = "--by") -> str:
    """The login name; in a container the user may have none.

    Raises:
        UsageError: there is none; `option` is what says it then.
    """
    import getpass  # noqa: PLC0415  # only where no name was given

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise click.UsageError(f"this user has no login name: say who you are with {option}") from None
