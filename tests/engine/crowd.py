"""Many incidents at once without a Portal: they are recorded as a tick records them, and told by a real dispatcher.

Slack, a mail server and a webhook receiver listen on the loopback; the clock is turned by the test.
"""

from __future__ import annotations

import html
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from sentinel.deliver.registry import Channels
from sentinel.deliver.settings import DeliverySettings, Secret, SlackSettings, SmtpSettings, WebhookSettings
from sentinel.demo.workspace import Workspace
from sentinel.demo.workspace_truth import Message
from sentinel.domain import sentences
from sentinel.domain.incidents import CloseReason, Event, Facts, Incident
from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.rules import Address, Severity
from sentinel.engine.backoff import Patience
from sentinel.engine.dispatch import Dispatcher
from sentinel.store import outbox
from sentinel.store.database import Database
from tests.deliver.receiver import Receiver
from tests.domain.polls import START
from tests.fakes.clock import FakeClock
from tests.fakes.mailbox import Mailbox
from tests.store.records import record

SLACK = Address("team", "slack", "#alerts")
OTHER = Address("team", "slack", "#other")
HOOK = Address("team", "slack_webhook", "alerts")
MAIL = Address("team", "email", "ana@example.com, ben@example.com")
WEB = Address("team", "webhook", "ops")


@dataclass
class Crowd:
    """The parts, and the verbs of a story. Incidents go by number; each has a site of its own."""

    database: Database
    clock: FakeClock
    slack: Workspace
    mailbox: Mailbox
    receiver: Receiver
    channels: Channels
    audience: tuple[Address, ...]
    patience: Patience
    dispatcher: Dispatcher = field(init=False)
    incidents: dict[int, Incident] = field(default_factory=dict)
    known: set[Address] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.known = set(self.audience)
        self.start()

    def start(self) -> None:
        """A new process: nothing but the database is left of the old one."""

        def find(address: Address) -> object:
            return self.channels.get(address) if address in self.known else None

        self.dispatcher = Dispatcher(
            self.database,
            find,  # type: ignore[arg-type]
            self.clock,
            self.patience,
            dice=random.Random(1),
        )

    def open(self, *numbers: int, severity: Severity = Severity.WARNING, service: str = "Mail") -> None:
        """These degrade now, in one tick."""
        at = self.clock.now()
        for n in numbers:
            self.incidents[n] = Incident(
                id=f"sn-{n:05}",
                rule="devices-in-error",
                service=service,
                source="portal",
                hierarchy="Location",
                node=("Europe", f"Site {n}"),
                severity=severity,
                worst_severity=severity,
                opened_at=at,
                changed_at=at,
                members=1,
                peak_members=1,
                worst_value="14 %",
                audience=self.audience,
                facts=Facts(summary="Devices with errors", subject="errors", value="14 %", limit="> 5 %"),
            )
        self._commit(numbers, NoticeKind.DEGRADED, sentences.opened)

    def escalate(self, *numbers: int) -> None:
        """These become critical now."""
        before = dict(self.incidents)
        self._change(numbers, severity=Severity.CRITICAL, worst_severity=Severity.CRITICAL)
        said = {one.id: sentences.severity_change(before[n], one) for n, one in self.incidents.items()}
        self._commit(numbers, NoticeKind.ESCALATED, lambda one: said[one.id])

    def recover(self, *numbers: int) -> None:
        """These are well again now."""
        at = self.clock.now()
        self._change(numbers, resolved_at=at, close_reason=CloseReason.RECOVERED, members=0)
        self._commit(numbers, NoticeKind.RECOVERED, lambda one: sentences.recovered(one, at))

    def reopen(self, *numbers: int) -> None:
        """These are bad again: the same incidents."""
        self._change(numbers, resolved_at=None, close_reason=None, members=1, reopened=1)
        self._commit(numbers, NoticeKind.REOPENED, sentences.reopened)

    def widen(self, *numbers: int, value: str) -> None:
        """Their figures change; nobody is told."""
        for n in numbers:
            facts = Facts(summary="Devices with errors", subject="errors", value=value, limit="> 5 %")
            self.incidents[n] = self.incidents[n].evolve(facts=facts, changed_at=self.clock.now())
        record(self.database, [self.incidents[n] for n in numbers])

    async def tell(self, seconds: float = 0.0, *, every: float = 1.0) -> None:
        """Tell what is due, once and then every second (or so) for that long."""
        await self._drained()
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            self.clock.advance(every)
            await self._drained()

    async def _drained(self) -> None:
        for _ in range(40):
            if not await self.dispatcher.drain():
                return

    @property
    def waiting(self) -> tuple[int, int, int]:
        """How many notices are waiting, unclear, abandoned."""
        depth = outbox.depth(self.database, self.clock.now())
        return depth.waiting, depth.unclear, depth.abandoned

    @property
    def roots(self) -> list[Message]:
        """The messages of the Slack channel."""
        return self.slack.roots("#alerts")

    @property
    def lines(self) -> list[str]:
        """All lines of threads in the Slack channel, oldest first."""
        return [_words(one) for one in self.slack.messages("#alerts") if one not in self.roots]

    def _change(self, numbers: Iterable[int], **changes: object) -> None:
        for n in numbers:
            self.incidents[n] = self.incidents[n].evolve(changed_at=self.clock.now(), **changes)

    def _commit(self, numbers: Iterable[int], kind: NoticeKind, line: object) -> None:
        at, decided, happened = self.clock.now(), [], []
        for n in numbers:
            one = self.incidents[n] = self.incidents[n].evolve(step=self.incidents[n].step + 1)
            text = line(one)  # type: ignore[operator]
            happened.append(Event(incident=one.id, step=one.step, at=at, kind=kind.value, text=text, value="14 %"))
            decided += [
                Notice(incident=one.id, step=one.step, kind=kind, address=address, at=at, not_before=at, line=text)
                for address in self.audience
            ]
        record(self.database, [self.incidents[n] for n in numbers], happened, decided)


def _words(message: Message) -> str:
    """What a line says, as people read it."""
    return html.unescape(str(message.blocks[0]["text"]["text"]) if message.blocks else message.text)


@asynccontextmanager
async def crowd(
    url: str, *audience: Address, patience: Patience | None = None, mailbox: Mailbox | None = None
) -> AsyncIterator[Crowd]:
    """Everything served; `audience` is who is told of each incident, the Slack channel unless given."""
    clock = FakeClock(START)
    database = Database.open(url)
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(Workspace(now=clock.now, channels=("alerts", "other")))
        box = await stack.enter_async_context(mailbox or Mailbox())
        receiver = await stack.enter_async_context(Receiver())
        channels = Channels(
            DeliverySettings(
                slack=SlackSettings(token=Secret(slack.token), api_url=slack.api_url),
                smtp=SmtpSettings(host="127.0.0.1", port=box.port, security="none", sender="s@example.com"),
                slack_webhooks={"alerts": Secret(slack.webhook_url("alerts"))},
                webhooks={"ops": WebhookSettings(url=Secret(receiver.url))},
            )
        )
        stack.push_async_callback(channels.close)
        stack.callback(database.close)
        yield Crowd(database, clock, slack, box, receiver, channels, audience or (SLACK,), patience or Patience())
