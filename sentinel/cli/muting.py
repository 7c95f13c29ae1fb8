"""What `silences add` and `maintenance add` have in common: matchers and times in, what is muted now out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sentinel.cli import moments, options, people, screen

if TYPE_CHECKING:
    from pathlib import Path

    from sentinel.domain.mutes import Silence
    from sentinel.domain.rules import Rulebook
    from sentinel.engine.silencing import Declared

F = TypeVar("F", bound=Callable[..., Any])

MATCHERS = ("source", "service", "rule", "node", "owner", "severity")


def _glob(name: str, what: str) -> Callable[[F], F]:
    return click.option(f"--{name}", multiple=True, metavar="GLOB", help=what)


ADDING = (
    _glob("service", "Of these services."),
    _glob("node", "At these nodes and all below: 'Europe/**', Paris."),
    _glob("rule", "Found by these rules."),
    _glob("source", "From these sources."),
    _glob("owner", "Of rules with these owners."),
    click.option("--severity", multiple=True, type=click.Choice(("warning", "critical")), help="Of this severity."),
    click.option("--reason", required=True, metavar="TEXT", help="Why. It stands beside all that is not told."),
    click.option("--for", "lasts", metavar="DURATION", help="How long: 2h, 1h30m, 3d."),
    click.option("--until", type=moments.Ahead(), help=f"Until when: {moments.AHEAD}."),
    click.option("--from", "begins", type=moments.Ahead(), help="From when on [default: now]."),
    click.option("--author", metavar="NAME", help="Who wants it [default: your login name]."),
    options.rules,
    options.database,
    options.utc,
    options.as_json,
)
"""Several of one kind: any of them. Of several kinds all must fit."""


def adding(command: F) -> F:
    """The options of the commands that add one."""
    for option in reversed(ADDING):
        command = option(command)
    return command


def add(*, maintenance: bool, asked: dict[str, Any]) -> None:
    """Put it on record and say what it mutes.

    Raises:
        UsageError: something of it is wrong; nothing is on record.
    """
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help
    from sentinel.engine import silencing  # noqa: PLC0415  # as above
    from sentinel.store.database import Database  # noqa: PLC0415  # as above

    now = float(int(SystemClock().now()))
    _refuse_blank(asked)
    wanted = _silence(asked, now, maintenance=maintenance)
    bad = silencing.wrong(wanted)
    if bad:
        raise click.UsageError(bad)
    db = Database.open(options.database_url(asked["database"]), thorough=False)
    try:
        done = silencing.declare(db, wanted, rulebook(asked["rules"]))
    finally:
        db.close()
    for doubt in done.doubts:
        screen.say(f"warning: {screen.one_line(doubt.text)}")
    if asked["as_json"]:
        screen.print_json(as_json(done, now))
        return
    screen.say(sentence(done, moments.Times(now, utc=asked["utc"])))
    click.echo(wanted.id)


def _refuse_blank(asked: Mapping[str, Any]) -> None:
    """A name that a script left empty would mute nothing, and nobody would notice."""
    for name in MATCHERS:
        if any(not text.strip() for text in asked[name]):
            raise click.BadParameter(
                "it is empty, so it fits nothing: write a name, or '*' for any", param_hint=f"--{name}"
            )


def _silence(asked: Mapping[str, Any], now: float, *, maintenance: bool) -> Silence:
    from sentinel.domain.mutes import Silence  # noqa: PLC0415  # not for --help
    from sentinel.engine.silencing import new_id  # noqa: PLC0415  # as above
    from sentinel.store.silences import matchers_from  # noqa: PLC0415  # as above

    starts = now if asked["begins"] is None else asked["begins"]
    return Silence(
        id=new_id(),
        matchers=matchers_from({name: list(asked[name]) for name in MATCHERS if asked[name]}),
        author=(people.login("--author") if asked["author"] is None else asked["author"]).strip(),
        reason=asked["reason"].strip(),
        created_at=now,
        starts_at=starts,
        ends_at=_end(asked, now, starts, maintenance=maintenance),
        maintenance=maintenance,
    )


def _end(asked: Mapping[str, Any], now: float, starts: float, *, maintenance: bool) -> float:
    from sentinel.config.durations import parse_duration  # noqa: PLC0415  # not for --help

    if asked["lasts"] is not None and asked["until"] is not None:
        raise click.UsageError("--for and --until exclude each other")
    if asked["until"] is not None:
        if asked["until"] <= starts:
            times = moments.Times(now, utc=asked["utc"])
            began = "; say with --from when it began" if maintenance and asked["begins"] is None else ""
            said = f"from {times.of(starts)} until {times.of(asked['until'])} ({times.zone(starts)})"
            raise click.UsageError(f"it must end after it begins: this would be {said}{began}")
        return float(asked["until"])
    if asked["lasts"] is None:
        raise click.UsageError("say how long: --for 2h, or --until 14:00")
    try:
        return starts + parse_duration(asked["lasts"])
    except ValueError as wrong:
        raise click.BadParameter(f"{wrong}: write 2h, 1h30m or 3d", param_hint="--for") from None


def rulebook(file: Path | None) -> Rulebook | None:
    """The rules, where they can be read: they know names that nothing is recorded of yet."""
    from sentinel.config.loader import load  # noqa: PLC0415  # not for --help
    from sentinel.errors import SentinelError  # noqa: PLC0415  # as above

    try:
        return load(file or options.rules_file()).rulebook
    except (SentinelError, OSError):
        if file is not None:
            raise
        return None


def sentence(done: Declared, times: moments.Times) -> str:
    """`silences 3 incidents until 14:00 (UTC+1)`: whoever reads it may think of a clock elsewhere."""
    one, word = done.silence, "maintenance" if done.silence.maintenance else "silence"
    until = f"{times.of(one.ends_at)} ({times.zone(one.ends_at)})"
    if one.state(times.at) == "pending":
        return f"{word} from {times.of(one.starts_at)} until {until}"
    if one.state(times.at) == "expired":
        return f"{word} from {times.of(one.starts_at)} until {until}: it is left out of SLAs, nothing is muted"
    if not done.whole and not done.partly:
        return f"nothing is wrong there now; quiet until {until}"
    whole = f" {_incidents(len(done.whole))}" if done.whole else ""
    more = f"{len(done.partly)} more" if done.whole else _incidents(len(done.partly))
    partly = f"{', and' if done.whole else ''} part of {more}" if done.partly else ""
    return f"silences{whole}{partly} until {until}"


def _incidents(count: int) -> str:
    return f"{count} incident{'' if count == 1 else 's'}"


def as_json(done: Declared, at: float) -> dict[str, Any]:
    """As `silences list --json` has it, with what it mutes now."""
    from sentinel.history.silences import row_of  # noqa: PLC0415  # not for --help

    return {
        **row_of(done.silence, at).as_json(),
        "incidents": list(done.whole),
        "partly": list(done.partly),
        "warnings": [doubt.text for doubt in done.doubts],
    }
