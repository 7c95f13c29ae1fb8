"""The demonstration's stage: the simulated world, the real program in it, and what the audience sees."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel.app import App, load_all
from sentinel.cli import showing_levels
from sentinel.cli.lived import live, this_month
from sentinel.clock import FastClock, SystemClock
from sentinel.config.loader import load
from sentinel.demo.drawing import draw, draw_mail
from sentinel.demo.mailbox import Mailbox
from sentinel.demo.outages import Story, demo_story
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.script import environment, rules
from sentinel.demo.tiers import tier
from sentinel.demo.workspace import Workspace
from sentinel.domain.asking import Asked
from sentinel.domain.records import Plan
from sentinel.domain.sentences import counted
from sentinel.engine.journal import configure
from sentinel.engine.offload import offload
from sentinel.errors import SentinelError

ZONE = ZoneInfo("Europe/Zurich")
BEFORE = timedelta(minutes=170)
"""The story begins so long ago that it ends about now: with --keep, other commands see a system that is up to date."""

NEXT = "Next: `sentinel init` writes your own rules.toml, `sentinel check` looks at it, `sentinel run` watches.\n"

OVERTIME = timedelta(hours=2)
"""The demonstration ends at the latest so long (of its own time) after the figures are quiet again."""


@dataclass
class Stage:
    """What has happened so far, and where it is printed."""

    clock: FastClock
    story: Story
    width: int
    colour: bool
    page: Path | None = None
    quiet: bool = False
    open: set[str] = field(default_factory=set)
    seen: int = 0
    polls: int = 0
    told_steps: int = 0
    mails: list[EmailMessage] = field(default_factory=list)

    def say(self, text: str, *, mark: str = " ") -> None:
        """One line with the simulated time."""
        stamp = datetime.fromtimestamp(self.clock.now(), UTC).astimezone(ZONE)
        sys.stdout.write(f"{stamp:%H:%M} {mark} {text}\n")
        sys.stdout.flush()

    def narrate(self) -> None:
        """What the story has done by now."""
        for step in self.story.steps[self.told_steps :]:
            if step.happens_at > self.clock.now():
                break
            self.say(step.text, mark="▸")
            self.told_steps += 1

    def polled(self, asked: Asked, done: Plan) -> None:
        """One reading was judged."""
        self.polls += 1
        for incident in done.incidents:
            if incident.is_open:
                self.open.add(incident.id)
            else:
                self.open.discard(incident.id)
        if asked.query.service == self.story.service:
            known = done.query.known
            sites = counted(int(known.judged.size), "site") if known else "nothing"
            verdict = "; ".join(event.text for event in done.events) or "no change"
            if self.quiet and not done.events:
                return
            self.say(f"polled {asked.query.service}: {sites}, {verdict}", mark="·")

    def watch(self, slack: Workspace) -> None:
        """Draw what Slack shows now, whenever something was posted or edited."""
        for event in slack.events[self.seen :]:
            name = slack.channel(event.channel).name
            what = {"posted": "new message", "edited": "message edited", "replied": "in its thread"}.get(
                event.kind, event.kind
            )
            self.say(f"Slack #{name}: {what}", mark="✉")
            sys.stdout.write(draw(event.message, width=self.width, colour=self.colour, zone=ZONE).rstrip() + "\n\n")
            sys.stdout.flush()
        self.seen = len(slack.events)

    def mailed(self, mail: EmailMessage) -> None:
        """An e-mail arrived."""
        self.mails.append(mail)
        self.say(f"e-mail to {mail['To']}", mark="✉")
        sys.stdout.write(draw_mail(mail, width=self.width, colour=self.colour).rstrip() + "\n\n")
        sys.stdout.flush()


async def show(*, mail: bool, keep: bool, speed: float, width: int | None, page: Path | None) -> None:
    """Run the demonstration to its end. `page`: where the SLA page is written; None: a new file among the temporary ones."""
    columns = width or min(100, shutil.get_terminal_size((80, 24)).columns)
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    folder = Path(tempfile.mkdtemp(prefix="sentinel-demo-"))
    try:
        begin = SystemClock().now() - BEFORE.total_seconds()
        await _live_before(folder, begin)
        stage = Stage(FastClock(start=begin, speed=speed), demo_story(begin), columns, colour, page=page)
        _introduce(stage, speed)
        async with _world(stage, mail=mail) as (portal, slack, mailbox):
            variables = environment(
                folder,
                user=USER,
                password=PASSWORD,
                slack_url=slack.api_url,
                slack_token=slack.token,
                smtp_port=mailbox.port if mail else None,
            )
            (folder / "rules.toml").write_text(rules(portal.url, mail=mail), encoding="utf-8")
            await _play(stage, slack, variables, speed=speed, keep=keep)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


async def _live_before(folder: Path, begin: float) -> None:
    """The month until the show begins: what is promised for a month has a past."""
    configure(form="text", level="warning", secrets=())
    sys.stdout.write("The simulated company's month so far passes, asked once an hour ...\n")
    sys.stdout.flush()
    file = folder / "rules.toml"
    file.write_text(rules("https://portal.example.com", mail=False), encoding="utf-8")
    await live(f"sqlite:///{folder / 'sentinel.db'}", load(file), this_month(begin), begin)


@contextlib.asynccontextmanager
async def _world(stage: Stage, *, mail: bool) -> AsyncIterator[tuple[Portal, Workspace, Mailbox]]:
    """The simulated Portal, Slack and mail server."""
    del mail
    clock = stage.clock
    async with (
        Portal(tier("demo", office_hours=False), now=clock.now, outages=stage.story.outages) as portal,
        Workspace(now=clock.now) as slack,
        Mailbox(stage.mailed) as mailbox,
    ):
        yield portal, slack, mailbox


async def _play(stage: Stage, slack: Workspace, variables: dict[str, str], *, speed: float, keep: bool) -> None:
    settings, loaded = load_all(variables)
    configure(form="text", level=settings.log_level, secrets=settings.secrets())
    app = App(settings, loaded, clock=stage.clock, speed=speed)
    app.instance.on_plan = stage.polled
    running = asyncio.create_task(app.run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, app.stop)
    try:
        while not running.done() and not await _is_over(stage, app):
            stage.narrate()
            stage.watch(slack)
            await asyncio.sleep(0.05)
        stage.watch(slack)
        if not stage.polls and not running.done():
            raise SentinelError("the demonstration judged no poll", hint="what went wrong stands above")
        if not running.done():
            stage.quiet = True
            _summarise(stage, slack)
            await _show_levels(stage, app)
        if keep and not running.done():
            _explain_keeping(variables)
            await running
    finally:
        app.stop()
        await running


async def _is_over(stage: Stage, app: App) -> bool:
    """The story is told: figures quiet, no incident open, nothing left to tell; or it takes too long."""
    now = stage.clock.now()
    if now >= stage.story.recovered_at + OVERTIME.total_seconds():
        return True
    if now < stage.story.recovered_at or stage.open:
        return False
    return await app.undelivered() == 0


def _introduce(stage: Stage, speed: float) -> None:
    # The figures are quiet at `recovered_at`; they must stay so for two polls before it counts.
    seconds = (stage.story.recovered_at - stage.story.start + 1800.0) / speed
    sys.stdout.write(
        "A simulated company: 12 sites, one Portal, one Slack channel. The program is the real one.\n"
        f"An hour of its day takes {3600 / speed:.0f} seconds here; the whole story about {seconds:.0f}. Ctrl-C ends it.\n\n"
    )


def _summarise(stage: Stage, slack: Workspace) -> None:
    kinds = [event.kind for event in slack.events]
    mails = f" By e-mail: {counted(len(stage.mails), 'mail')}." if stage.mails else ""
    sys.stdout.write(
        f"\n{counted(stage.polls, 'poll')} judged. Told in Slack: {counted(kinds.count('posted'), 'message')}, "
        f"edited {counted(kinds.count('edited'), 'time')}, {counted(kinds.count('replied'), 'line')} in its thread.{mails}\n"
    )
    sys.stdout.flush()


async def _show_levels(stage: Stage, app: App) -> None:
    """The figures of what was just seen, and the page."""
    at = stage.clock.now() // 60 * 60  # whole minutes are easier to follow
    found = await offload(lambda: showing_levels.figures(app.db, app.loaded, at))
    sys.stdout.write("\n".join(showing_levels.lines(found, stage.story.start, stage.width)) + "\n")
    file = await offload(lambda: showing_levels.write(found, stage.page))
    sys.stdout.write(f"\nThe whole report, to read and to print: {file.as_uri()}\n{NEXT}")
    sys.stdout.flush()


def _explain_keeping(variables: dict[str, str]) -> None:
    shown = {key: variables[key] for key in ("SENTINEL_RULES", "SENTINEL_DATABASE_URL")}
    lines = "\n".join(f"  export {key}={value}" for key, value in shown.items())
    sys.stdout.write(
        f"\nStill running (process {os.getpid()}) until Ctrl-C. In another terminal:\n{lines}\n"
        "  sentinel status\n  sentinel incidents list\n  sentinel notices list\n"
        "  sentinel explain --node Europe/Switzerland\n  sentinel sla report\n"
    )
    sys.stdout.flush()
