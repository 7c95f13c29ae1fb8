"""`sentinel notices preview`: a message as its readers would see it. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any

import click

from sentinel.cli import options, screen

if TYPE_CHECKING:
    from sentinel.deliver.channel import Delivery
    from sentinel.deliver.parts import Look
    from sentinel.domain.incidents import Event, Story
    from sentinel.history.record import Record

CHANNELS = ("slack", "email", "console")
READER = "reader@example.com"
SENDER = "sentinel@example.com"


@click.command()
@click.option("--incident", metavar="ID", help="An incident of the record; without it a made-up one is shown.")
@click.option("--recovered", is_flag=True, help="Show the made-up incident after its end.")
@click.option("--digest", is_flag=True, help="Show the digest of a made-up storm, with --recovered after its end.")
@click.option("--channel", type=click.Choice(CHANNELS), default="slack", show_default=True, help="As seen where.")
@options.database
@options.as_json
def preview(
    *, incident: str | None, recovered: bool, digest: bool, channel: str, database: str | None, as_json: bool
) -> None:
    """Show the message of an incident as its readers would see it. Nothing is sent.

    With --json: the Block Kit payload, or the source of the mail.
    """
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help

    if incident is not None and recovered:
        raise click.UsageError("--recovered is about the made-up incident; a real one is shown as it is")
    if incident is not None and digest:
        raise click.UsageError("--digest shows a made-up storm; an incident of the record is no part of it")
    at = SystemClock().now()
    delivery = (
        digest_of(at, over=recovered)
        if digest
        else delivery_of(_story(incident, database, at, recovered=recovered), at)
    )
    show = {"slack": _slack, "email": _email, "console": _console}[channel]
    show(delivery, as_json=as_json)


def delivery_of(story: Story, at: float) -> Delivery:
    """The story's latest step as a channel is given it, told for the first time."""
    from sentinel.deliver.channel import Delivery  # noqa: PLC0415  # not for --help
    from sentinel.domain.notices import NoticeKind  # noqa: PLC0415  # as above

    last = story.events[-1] if story.events else None
    words = {kind.value: kind for kind in NoticeKind}
    return Delivery(
        key=f"{story.incident.id}/preview",
        kind=words.get(last.kind, NoticeKind.DEGRADED) if last else NoticeKind.DEGRADED,
        story=story,
        line=last.text if last else "",
        quiet=False,
        first=True,
        ref=None,
        may_repeat=False,
        started_at=at,
        at=at,
    )


def digest_of(at: float, *, over: bool) -> Delivery:
    """A made-up storm as a channel is given it."""
    from sentinel.deliver.channel import Delivery, Digest  # noqa: PLC0415  # not for --help
    from sentinel.domain.incidents import Story  # noqa: PLC0415  # as above
    from sentinel.domain.notices import NoticeKind  # noqa: PLC0415  # as above
    from sentinel.engine.samples import sample_storm  # noqa: PLC0415  # as above

    incidents = sample_storm(at, over=over)
    return Delivery(
        key="digest-preview",
        kind=NoticeKind.DIGEST,
        story=Story(incidents[0]),
        line="",
        quiet=False,
        first=True,
        ref=None,
        may_repeat=False,
        started_at=at,
        at=at,
        digest=Digest(incidents),
    )


def _story(incident: str | None, database: str | None, at: float, *, recovered: bool) -> Story:
    if incident is None:
        return _made_up(at, recovered=recovered)
    from sentinel.history.incidents import incident_id  # noqa: PLC0415  # not for --help
    from sentinel.history.record import reading  # noqa: PLC0415  # as above
    from sentinel.store.database import Database  # noqa: PLC0415  # as above
    from sentinel.store.incidents import story  # noqa: PLC0415  # as above

    db = Database.open(options.database_url(database), read_only=True)
    try:
        with reading(db) as record:
            whole = incident_id(record, incident)
            withheld = _withheld(record, whole)
        found = story(db, whole)
        return replace(found, events=tuple(one for one in found.events if one.step not in withheld))
    finally:
        db.close()


def _withheld(record: Record, incident: str) -> set[int]:
    """The steps that nobody was told: no reader sees them."""
    from sentinel.history.notices import notices  # noqa: PLC0415  # not for --help

    decided = list(notices(record, incident=incident))
    told = {one.step for one in decided if one.state != "not_told"}
    return {one.step for one in decided} - told


def _made_up(at: float, *, recovered: bool) -> Story:
    from sentinel.domain import sentences  # noqa: PLC0415  # not for --help
    from sentinel.domain.incidents import CloseReason, Event, Story  # noqa: PLC0415  # as above
    from sentinel.engine.samples import sample_story  # noqa: PLC0415  # as above

    story = sample_story("sn-sample", at)
    if not recovered:
        return story
    ended = story.incident.evolve(resolved_at=at, close_reason=CloseReason.RECOVERED, members=0, step=2)
    last = Event(incident=ended.id, step=2, at=at, kind="recovered", text=sentences.recovered(ended, at))
    return Story(ended, (*story.events, last))


def _slack(delivery: Delivery, *, as_json: bool) -> None:
    from sentinel.deliver import blocks  # noqa: PLC0415  # not for --help
    from sentinel.deliver.escape import clean  # noqa: PLC0415  # as above
    from sentinel.deliver.wording import wording  # noqa: PLC0415  # as above

    words = wording(delivery)
    payload = blocks.message(words, delivery.at)
    if as_json:
        screen.print_json(payload)
        return
    zone = _zone_of(delivery.story)
    click.echo(_drawn(payload, zone), nl=False)
    told = list(zip(looks(delivery.story.events), delivery.story.events, strict=True))[1:]
    if told:
        screen.say("in its thread:")
    for look, event in told:
        click.echo(_drawn(blocks.thread_line(replace(words, look=look), clean(event.text, 300)), zone), nl=False)


def looks(events: Iterable[Event]) -> Iterator[Look]:
    """How the incident showed itself at each step: a line of the thread keeps the sign that it was sent with."""
    from sentinel.deliver.parts import Look  # noqa: PLC0415  # not for --help

    by_kind = {"recovered": Look.RECOVERED, "closed": Look.CLOSED, "unknown": Look.UNKNOWN}
    by_word = {"Critical": Look.CRITICAL, "Warning": Look.WARNING, "Flapping": Look.FLAPPING}
    now = Look.WARNING
    for event in events:
        said = [by_word[word] for word in event.text.replace(",", " ").split() if word in by_word]
        now = by_kind.get(event.kind, next(iter(said), now))
        yield now


def _zone_of(story: Story) -> tzinfo:
    """The rule's zone; Slack itself shows every reader their own."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # not for --help

    try:
        return ZoneInfo(story.incident.facts.timezone)
    except (OSError, ValueError, LookupError):
        return UTC


def _email(delivery: Delivery, *, as_json: bool) -> None:
    from sentinel.deliver.mail import compose  # noqa: PLC0415  # not for --help
    from sentinel.deliver.settings import SmtpSettings  # noqa: PLC0415  # as above
    from sentinel.demo.drawing import draw_mail  # noqa: PLC0415  # as above

    mail = compose(delivery, SmtpSettings(host="localhost", sender=SENDER), (READER,))
    if as_json:
        screen.print_json({"subject": str(mail["Subject"]), "source": mail.as_string()})
    else:
        click.echo(draw_mail(mail, width=screen.width(), colour=screen.wants_colour()), nl=False)


def _console(delivery: Delivery, *, as_json: bool) -> None:
    import asyncio  # noqa: PLC0415  # not for --help
    import io  # noqa: PLC0415  # as above

    from sentinel.deliver.console import ConsoleChannel  # noqa: PLC0415  # as above

    stream = io.StringIO()
    asyncio.run(ConsoleChannel(stream, None if as_json else _drawn).send(delivery))
    if as_json:
        screen.print_json({"text": stream.getvalue()})
    else:
        click.echo(stream.getvalue(), nl=False)


def _drawn(message: dict[str, Any], zone: tzinfo = UTC) -> str:
    from sentinel.demo.drawing import draw  # noqa: PLC0415  # rich only when something is drawn

    return draw(message, width=screen.width(), colour=screen.wants_colour(), zone=zone)
