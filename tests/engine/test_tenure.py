"""Whose turn it is: by the database's clock to take it, by the steady one to give it up, and only under the same rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import update

from sentinel.engine.figures import REGISTRY
from sentinel.engine.tenure import Tenure
from sentinel.errors import RulesDiffer
from sentinel.store import lease, tables
from sentinel.store.database import Database
from tests.fakes.clock import FakeClock

SECONDS = 30.0


def instance(database: Database, name: str, rules: str = "a" * 64, clock: FakeClock | None = None) -> Tenure:
    return Tenure(database, clock or FakeClock(), name, rules, SECONDS)


def run_out(database: Database) -> None:
    """The lease ends by the database's clock, as it does when nobody renews it."""
    with database.transaction() as connection:
        past = lease.database_time(connection) - 1
        connection.execute(update(tables.lease).values(expires_at=past))


@dataclass
class Pair:
    """A leader, and a standby that has seen it lead."""

    leader: Tenure
    standby: Tenure


@pytest.fixture
async def pair(database: Database) -> Pair:
    leader, standby = instance(database, "leader"), instance(database, "standby")
    assert await leader.take()
    assert not await standby.take()
    return Pair(leader, standby)


@pytest.fixture
def unwritable(database_url: str) -> Iterator[Database]:
    opened = Database.open(database_url, read_only=True)
    yield opened
    opened.close()


@pytest.mark.promise("P2")
@pytest.mark.fault(114)
async def test_who_cannot_renew_stops_acting_after_two_thirds_of_the_lease_by_its_steady_clock(
    database: Database, unwritable: Database
) -> None:
    clock = FakeClock()
    tenure = instance(database, "me", clock=clock)
    assert await tenure.take()
    tenure.db = unwritable
    clock.advance(SECONDS * 2 / 3 - 0.1)
    clock.jump(-3600.0)
    assert await tenure.renew()
    assert tenure.may_act()
    clock.advance(0.2)
    assert not tenure.may_act()
    assert not await tenure.renew()


@pytest.mark.fault(114)
async def test_a_lease_counts_from_when_it_was_asked_for_not_from_the_answer(database: Database) -> None:
    """An answer may take long; the database's lease has begun before it came."""

    class Slow(FakeClock):
        def monotonic(self) -> float:
            seen = super().monotonic()
            self.advance(10.0)
            return seen

    tenure = instance(database, "me", clock=Slow())
    assert await tenure.take()
    assert tenure.may_act()
    assert not tenure.may_act()


@pytest.mark.fault(116)
async def test_a_start_under_other_rules_than_those_of_an_instance_that_lives_is_refused(database: Database) -> None:
    leader = instance(database, "leader", "a" * 64)
    late = instance(database, "late", "b" * 64)
    assert await leader.take()
    assert not await late.take(), "whether it lives is not known yet"
    assert "leader leads by rules aaaaaaaaaaaa, this instance has bbbbbbbbbbbb" in late.difference
    assert await leader.renew()
    with pytest.raises(RulesDiffer) as refused:
        await late.take()
    assert refused.value.exit_code == 2
    for word in ("leader", "aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        assert word in refused.value.message
    assert "sha256sum" in refused.value.hint
    assert leader.may_act()


@pytest.mark.fault(116)
async def test_a_start_takes_the_lease_of_a_process_that_was_killed_under_whatever_rules(database: Database) -> None:
    """A supervisor starts it again at once, after an edit: nobody is there who could disagree."""
    killed, again = instance(database, "killed", "a" * 64), instance(database, "again", "b" * 64)
    assert await killed.take()
    assert not await again.take()
    assert not await again.take()
    run_out(database)
    assert await again.take()
    assert lease.current(database).rules_hash == "b" * 64
    assert again.difference == ""


@pytest.mark.parametrize("released", [False, True])
async def test_whoever_takes_a_lease_knows_whether_it_was_let_go_of(pair: Pair, released: bool) -> None:
    assert not pair.leader.after_death
    if released:
        await pair.leader.let_go()
    else:
        run_out(pair.leader.db)
    assert await pair.standby.take()
    assert pair.standby.after_death is not released


@pytest.mark.fault(116)
@pytest.mark.parametrize("end", ["runs out", "is released"])
async def test_a_standby_with_other_rules_takes_no_lease_over_however_it_ended(pair: Pair, end: str) -> None:
    leader, standby = pair.leader, pair.standby
    leader.rules_hash = "c" * 64
    assert await leader.renew()
    assert not await standby.take()
    assert "leader leads by rules cccccccccccc" in standby.difference
    assert REGISTRY.get_sample_value("sentinel_rules_differ") == 1.0
    if end == "runs out":
        run_out(leader.db)
    else:
        await leader.let_go()
    assert not await standby.take()
    assert standby.difference

    standby.rules_hash = "c" * 64
    assert await standby.take()
    assert standby.difference == ""
    assert REGISTRY.get_sample_value("sentinel_rules_differ") == 0.0


@pytest.mark.fault(116)
async def test_a_standby_with_the_same_rules_takes_over_and_one_that_agrees_again_does_too(pair: Pair) -> None:
    pair.standby.rules_hash = "c" * 64
    assert not await pair.standby.take()
    assert pair.standby.difference
    pair.leader.rules_hash = "c" * 64
    assert await pair.leader.renew()
    assert not await pair.standby.take()
    assert pair.standby.difference == ""
    run_out(pair.leader.db)
    assert await pair.standby.take()
    assert not await pair.leader.renew()


async def test_its_own_lease_is_taken_again_whatever_the_rules_have_become(pair: Pair) -> None:
    """It was cut off from the database while the rules were exchanged, and nobody took over."""
    leader = pair.leader
    leader.epoch, leader.rules_hash = None, "c" * 64
    assert await leader.take()
    assert lease.current(leader.db).rules_hash == "c" * 64


async def test_nothing_is_concluded_while_the_database_is_silent(unwritable: Database) -> None:
    tenure = instance(unwritable, "me")
    assert not await tenure.take()
    assert tenure.difference == ""
    assert not await tenure.renew()
    await tenure.let_go()
