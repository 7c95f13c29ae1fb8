"""Reports go out by themselves: once each, through the outbox, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest

from sentinel.deliver.document import Document
from sentinel.demo.workspace_faults import Fault, dropped_after, dropped_before, http_status, refused
from sentinel.domain.patterns import NamePattern
from sentinel.domain.reports import OVERDUE
from sentinel.domain.rules import Address, Rulebook
from sentinel.domain.sla import Objective, Sla
from sentinel.engine.reports import LOOK_EVERY, Reports
from sentinel.errors import StoreBusy
from sentinel.history.notices import notices
from sentinel.history.record import reading
from sentinel.slareport.message import document
from sentinel.store import outbox
from sentinel.store.database import Database
from tests.engine.office import PatientClock, until
from tests.engine.town import ALERTS, Town, town
from tests.slareport import months

MONDAY = float(months.instant("2026-11-02T07:00"))
BOSS = Address("boss", "slack", "#sla-reports")

SLA = Sla(
    id="exchange-sites",
    summary="Exchange as the sites feel it",
    services=(NamePattern("Exchange Online"),),
    source="portal",
    hierarchy="Location",
    objectives=(Objective(Decimal("0.995")),),
    timezone="Europe/Zurich",
    report_to=("workplace",),
)


class Desk:
    """A town on the first working day of November, with the reports that its agreements ask for."""

    def __init__(self, it: Town, database: Database) -> None:
        self.it, self.database = it, database
        self.slas: tuple[Sla, ...] = (SLA,)
        self.begun: float | None = 0.0
        self.receivers = {"workplace": (ALERTS,), "boss": (BOSS,)}
        it.clock.jump(MONDAY - it.clock.now())
        it.dispatcher.reports = self.made
        self.restart()

    def restart(self) -> None:
        """Another process, which remembers nothing but what is stored."""
        self.reports = Reports(
            self.database,
            self.it.clock,
            rulebook=lambda: Rulebook(rules=(), routes=(), sources=(), slas=self.slas),
            receivers=lambda: self.receivers,
            begun=lambda _: self.begun,
        )

    def made(self, name: str, at: float) -> Document | None:
        assert name.startswith("report-2026-10-")
        return document(months.report(months.missed()), "2026-10") if self.slas else None

    async def pass_minutes(self, minutes: int) -> None:
        for _ in range(minutes * 12):
            self.it.clock.advance(5.0)
            await self.it.tell()

    @property
    def told(self) -> list[str]:
        return [root.text for root in self.it.slack.roots("#workplace-alerts")]

    def rows(self) -> list[tuple[str, str, str]]:
        with reading(self.database) as record:
            return [(one.kind, one.state, one.line) for one in notices(record)]


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    database = Database.open(sqlite_url)
    async with town(database) as it:
        yield Desk(it, database)
    database.close()


@pytest.mark.promise("P1")
async def test_on_the_first_working_day_everybody_named_gets_it_once(desk: Desk) -> None:
    assert await desk.reports.look() == 1
    await desk.pass_minutes(1)
    assert desk.told == ["🔴 Missed: 99.41 % attained, 99.5 % agreed: Exchange Online, October 2026"]
    assert desk.rows() == [("digest", "delivered", "SLA report exchange-sites, October 2026")]


@pytest.mark.promise("P2")
async def test_a_restart_and_many_looks_send_nothing_again(desk: Desk) -> None:
    for _ in range(3):
        await desk.reports.look()
        desk.restart()
        await desk.pass_minutes(1)
        desk.it.clock.advance(86_400.0)
    assert len(desk.told) == 1
    assert await desk.reports.look() == 0


@pytest.mark.promise("P2")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(dropped_after(), id="accepted, then the line broke"),
        pytest.param(http_status(500, accepted=True), id="accepted, then a server error"),
        pytest.param(dropped_before(), id="not accepted, the line broke"),
        pytest.param(http_status(503), id="not accepted, server error"),
    ],
)
async def test_an_unclear_answer_becomes_exactly_one_message(desk: Desk, fault: Fault) -> None:
    desk.it.slack.inject("chat.postMessage", fault)
    await desk.reports.look()
    await desk.pass_minutes(10)
    assert len(desk.told) == 1
    assert outbox.depth(desk.database, desk.it.clock.now()).unclear == 0


@pytest.mark.promise("P1")
async def test_a_refused_one_stands_in_the_list_of_abandoned_notices(desk: Desk) -> None:
    desk.it.slack.inject("chat.postMessage", refused("is_archived"))
    await desk.reports.look()
    await desk.pass_minutes(1)
    assert outbox.depth(desk.database, desk.it.clock.now()).abandoned == 1


async def test_in_a_storm_a_report_is_no_part_of_a_digest(desk: Desk) -> None:
    """A digest is made of incidents, and a report would be lost in it."""
    desk.slas = tuple(replace(SLA, id=f"sla-{number}") for number in range(15))
    assert await desk.reports.look() == 15
    await desk.pass_minutes(3)
    assert len(desk.told) == 15
    assert {state for _, state, _ in desk.rows()} == {"delivered"}


async def test_an_agreement_that_is_gone_leaves_a_word_instead_of_silence(desk: Desk) -> None:
    await desk.reports.look()
    desk.slas = ()
    await desk.pass_minutes(1)
    assert desk.told == []
    assert outbox.depth(desk.database, desk.it.clock.now()).abandoned == 1
    with reading(desk.database) as record:
        assert [one.reason for one in notices(record)] == ["the rules have no such report any more"]


@pytest.mark.parametrize("begun", [None, float(months.END)])
async def test_an_agreement_that_is_younger_than_the_month_reports_nothing_of_it(
    desk: Desk, begun: float | None
) -> None:
    desk.begun = begun
    assert await desk.reports.look() == 0


async def test_nobody_gets_a_report_of_long_ago(desk: Desk) -> None:
    desk.it.clock.advance(OVERDUE)
    assert await desk.reports.look() == 0


async def test_who_is_named_later_gets_it_too_and_the_others_not_again(desk: Desk) -> None:
    await desk.reports.look()
    desk.slas = (replace(SLA, report_to=("workplace", "boss", "nobody")),)
    assert await desk.reports.look() == 1
    assert sorted(kind for kind, _, _ in desk.rows()) == ["digest", "digest"]


async def test_a_store_that_is_busy_is_asked_again_later(desk: Desk) -> None:
    def busy(_: str) -> float | None:
        raise StoreBusy("somebody writes")

    desk.reports.begun = busy
    assert await desk.reports.look() == 0
    desk.reports.begun = lambda _: 0.0
    assert await desk.reports.look() == 1


async def test_whoever_no_longer_leads_decides_nothing(desk: Desk) -> None:
    desk.reports.epoch = lambda: 7  # an epoch that nobody was given
    assert await desk.reports.look() == 0
    assert desk.rows() == []


async def test_as_long_as_it_leads_it_looks_from_time_to_time(desk: Desk) -> None:
    clock = PatientClock(desk.it.clock)
    desk.reports.clock = clock
    running = asyncio.create_task(desk.reports.run())
    await until(lambda: clock.sleeps)
    assert clock.sleeps == [LOOK_EVERY]
    assert [kind for kind, _, _ in desk.rows()] == ["digest"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
