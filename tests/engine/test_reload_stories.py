"""The rules are exchanged while something is open: nothing is announced again, nothing is lost, no edit is a recovery."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from sentinel.collect.source import Offer, Source
from sentinel.demo.workspace_faults import rate_limited
from sentinel.domain.calendars import Maintenance
from sentinel.domain.matchers import Matchers
from sentinel.domain.patterns import NamePattern
from sentinel.domain.reading import Failure, Query, Reading, Reason
from sentinel.domain.rules import Service
from sentinel.engine.instance import DISCOVER_AGAIN
from sentinel.errors import LeaseLost
from sentinel.store import lease, outbox
from sentinel.store.database import Database
from sentinel.store.memory import load
from tests.domain.polls import a_rule
from tests.engine.office import Office, office, until

MAIL = (NamePattern("Exchange Online"),)
RULE = a_rule("devices_with_errors / devices > 10%", services=MAIL)
LAX = a_rule("devices_with_errors / devices > 50%", services=MAIL)


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = Database.open(sqlite_url)
    yield opened
    opened.close()


def reasons(at: Office) -> list[str | None]:
    """Why each incident ended, None for those that last, in the order of their opening."""
    incidents = [one for book in load(at.db).books.values() for one in book.incidents.values()]
    ordered = sorted(incidents, key=lambda one: (one.opened_at, one.id))
    return [one.close_reason.value if one.close_reason else None for one in ordered]


def abandoned(at: Office) -> int:
    return outbox.depth(at.db, at.it.clock.now()).abandoned


@pytest.mark.promise("P2", "P3")
@pytest.mark.fault(85, 87)
async def test_what_is_open_goes_on_under_the_same_rules_and_under_renamed_ones(database: Database) -> None:
    """The rule's id is its identity: another summary, owner or runbook is the same rule."""
    async with office(database, rule=RULE) as at:
        at.it.degrade(0)
        await at.poll()
        await at.edit(RULE)
        await at.edit(replace(RULE, summary="Another name", owner="others", runbook="https://example.com", line=40))
        await at.poll()
        assert at.told == ["posted"]
        at.it.degrade()
        await at.poll()
        assert at.told == ["posted", "replied"]
        assert reasons(at) == ["recovered"]


def work(at: Office, *, hours: float, name: str = "work") -> Maintenance:
    """Planned work on everything, from an hour ago until so many hours from now."""
    now = int(at.it.clock.now())
    return Maintenance(
        name=name, matchers=Matchers(), timezone="UTC", start=now - 3600, end=now + round(hours * 3600), line=30
    )


@pytest.mark.promise("P2", "P3")
@pytest.mark.fault(85)
async def test_planned_work_that_is_written_down_while_something_is_open_neither_repeats_nor_hides_its_end(
    database: Database,
) -> None:
    async with office(database, rule=RULE) as at:
        at.it.degrade(0)
        await at.poll()
        await at.edit(RULE, maintenance=(work(at, hours=8),))
        await at.poll()
        await at.edit(RULE, maintenance=(work(at, hours=9, name="longer"), work(at, hours=8)))
        await at.poll()
        assert at.told == ["posted"]
        at.it.degrade()
        await at.poll()
        assert at.told == ["posted", "replied"]
        assert reasons(at) == ["recovered"]


@pytest.mark.promise("P1", "P2")
async def test_planned_work_that_is_taken_back_or_shortened_leaves_nothing_untold(database: Database) -> None:
    async with office(database, rule=RULE) as at:
        await at.edit(RULE, maintenance=(work(at, hours=8),))
        at.it.degrade(0)
        await at.poll()
        await at.poll()
        assert at.told == [], "recorded, and nobody is told"
        assert reasons(at) == [None]
        await at.edit(RULE, maintenance=(work(at, hours=0.1),))
        await at.poll()
        assert at.told == ["posted"]
        await at.edit(RULE)
        await at.poll()
        assert at.told == ["posted"]
        at.it.degrade()
        await at.poll()
        assert at.told == ["posted", "replied"]


@pytest.mark.promise("P3")
@pytest.mark.fault(86)
async def test_a_rule_that_is_removed_while_it_fires_closes_at_once_and_never_says_recovered(
    database: Database,
) -> None:
    async with office(database, rule=RULE) as at:
        at.it.degrade(0)
        await at.poll()
        await at.edit()
        await at.quiet()
        assert at.told == ["posted", "replied"]
        assert reasons(at) == ["rule_removed"]
        assert "ecovered" not in at.it.headline
        assert at.bells.rings == {}
        await at.edit(RULE)
        await at.poll()
        assert at.told == ["posted", "replied", "posted"]


@pytest.mark.fault(87)
async def test_another_id_is_another_rule(database: Database) -> None:
    async with office(database, rule=RULE) as at:
        at.it.degrade(0)
        await at.poll()
        await at.edit(replace(RULE, id="another-id"))
        await at.poll()
        assert at.told == ["posted", "replied", "posted"]
        assert reasons(at) == ["rule_removed", None]


@pytest.mark.promise("P3")
@pytest.mark.fault(88)
async def test_a_threshold_that_lets_the_figure_pass_closes_as_changed(database: Database) -> None:
    async with office(database, rule=RULE) as at:
        at.it.degrade(0)
        await at.poll()
        await at.edit(LAX)
        await at.poll()
        assert at.told == ["posted", "replied"]
        assert reasons(at) == ["rule_changed"]
        assert "ecovered" not in at.it.headline


@pytest.mark.promise("P1")
@pytest.mark.fault(89)
async def test_what_waits_for_a_channel_that_is_taken_out_is_given_up_in_plain_sight_until_it_is_back(
    database: Database,
) -> None:
    async with office(database, rule=RULE) as at:
        limited = at.it.slack.inject("*", rate_limited(), times=None)
        at.it.degrade(0)
        at.it.clock.advance(600.0)
        await at.bells.ring()
        await until(lambda: limited.used)
        await at.edit(RULE, places=())
        at.it.clock.advance(120.0)
        await until(lambda: abandoned(at) == 1)
        at.it.slack.clear_faults()
        await at.edit(RULE)
        await until(lambda: at.told == ["posted"])  # the channel is there again, so it is offered again by itself
        await until(lambda: abandoned(at) == 0)


class Gated:
    """A source whose answers wait until they are let through. `asked` counts the questions."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name = source.name
        self.asked = 0
        self.closed = False
        self.gate = asyncio.Event()

    def services(self) -> tuple[Service, ...]:
        return self._source.services()

    async def ask(self, query: Query) -> Reading:
        self.asked += 1
        reading = await self._source.ask(query)
        await self.gate.wait()
        assert not self.closed, "closed under a question"
        return reading

    async def discover(self) -> Offer | Failure:
        return await self._source.discover()

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
async def under_way(database: Database) -> AsyncIterator[tuple[Office, Gated]]:
    """A question whose answer, that a site is bad, has not come yet."""
    async with office(database, rule=RULE, wrapped=Gated) as at:
        gated = at.instance.sources["portal"]
        assert isinstance(gated, Gated)
        at.it.degrade(0)
        at.it.clock.advance(600.0)
        await at.bells.ring()
        await until(lambda: gated.asked == 1)
        yield at, gated
        gated.gate.set()


async def test_an_answer_that_comes_after_its_rule_was_removed_opens_nothing(under_way: tuple[Office, Gated]) -> None:
    at, gated = under_way
    await at.edit()
    gated.gate.set()
    await until(lambda: not at.instance._turns)
    assert at.plans == []
    assert reasons(at) == []


async def test_an_answer_that_comes_after_an_edit_is_judged_by_the_new_rules(under_way: tuple[Office, Gated]) -> None:
    at, gated = under_way
    await at.edit(LAX)
    gated.gate.set()
    await until(lambda: len(at.plans) == 1)
    assert reasons(at) == []


async def test_a_source_that_is_exchanged_is_asked_anew_and_the_old_one_closed_after_its_answer(
    under_way: tuple[Office, Gated],
) -> None:
    at, gated = under_way
    newer = Gated(at.it.source)
    newer.gate.set()
    hung = len(at.bells.hung)
    await at.edit(RULE, sources={"portal": newer})
    assert [first for _, _, first in at.bells.hung[hung:]] == [0.0]
    assert not gated.closed
    gated.gate.set()
    await until(lambda: gated.closed)
    assert at.plans == [], "what the old source said is dropped"
    await at.poll()
    assert newer.asked == 1
    assert at.told == ["posted"]


class Unlisted(Gated):
    """A source that answers, but does not give its list of services."""

    def services(self) -> tuple[Service, ...]:
        return ()

    async def discover(self) -> Offer | Failure:
        return Failure(Reason.SERVER_ERROR, "the Portal said 500")


@pytest.mark.promise("P4")
async def test_a_new_source_that_cannot_be_listed_closes_nothing_and_is_looked_at_again_soon(
    database: Database,
) -> None:
    async with office(database, rule=RULE) as at:
        at.it.degrade(0)
        await at.poll()
        await until(lambda: at.clock.sleeps)
        await at.edit(RULE, sources={"portal": Unlisted(at.it.source)})
        assert reasons(at) == [None]
        assert [one.query.service for one in at.instance.asked] == ["Exchange Online"]
        await until(lambda: at.clock.sleeps[-1] == DISCOVER_AGAIN)
        assert at.told == ["posted"]


async def test_channels_are_closed_when_the_sends_that_use_them_are_over(database: Database) -> None:
    async with office(database, rule=RULE) as at:
        async with at.instance._telling:
            await at.edit(RULE)
            await asyncio.sleep(0)
            assert at.closed == []
        await until(lambda: at.closed == ["channels 0"])


async def test_another_interval_hangs_another_bell_and_the_same_one_keeps_its_rhythm(database: Database) -> None:
    async with office(database, rule=RULE) as at:
        assert [every for _, every, _ in at.bells.hung] == [600.0]
        await at.edit(replace(RULE, summary="Another name"))
        assert len(at.bells.hung) == 1
        await at.edit(replace(RULE, every=60.0))
        assert [every for _, every, _ in at.bells.hung] == [600.0, 60.0]
        assert len(at.bells.rings) == 1


@pytest.mark.fault(116)
async def test_the_lease_stands_for_the_rules_that_are_in_force(database: Database) -> None:
    async with office(database, rule=RULE) as at:
        assert lease.current(database).rules_hash == "at the start"
        await at.edit(LAX)
        assert lease.current(database).rules_hash == at.instance.rules_hash != "at the start"


@pytest.mark.promise("P2", "P3")
@pytest.mark.fault(85, 114)
async def test_an_instance_that_ceases_to_lead_in_the_middle_of_a_reload_polls_and_writes_nothing_any_more(
    database: Database,
) -> None:
    """The database answers the reload after it has cost the lease: nobody would ever end what was started then."""
    async with office(database, rule=RULE) as at:
        hung = len(at.bells.hung)

        async def renew() -> bool:
            at.instance.stop()
            await until(lambda: at.instance.role == "standby" and at.instance.tenure.epoch is None)
            return False

        at.instance.tenure.renew = renew  # type: ignore[method-assign]
        await at.edit(replace(RULE, every=1200.0))
        assert at.bells.rings == {}
        assert len(at.bells.hung) == hung
        with pytest.raises(LeaseLost):
            await at.instance.ticker.adapt(at.instance.asked)
