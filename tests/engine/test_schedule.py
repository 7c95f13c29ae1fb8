"""Turns: spread, never two at once, none lost, also when the clock is set; and what the outbox tells in one go."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from sentinel.clock import SystemClock
from sentinel.domain.asking import Asked, needed
from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.patterns import NamePattern
from sentinel.domain.reading import Query
from sentinel.domain.rules import Rulebook, Service, SourceTraits
from sentinel.engine.batch import Batch, delivery_of, next_batch
from sentinel.engine.bells import WallBells
from sentinel.engine.figures import REGISTRY
from sentinel.engine.pacing import Pacing
from sentinel.engine.schedule import JumpWatch, Schedule
from sentinel.store.outbox import OutboxNotice
from tests.domain.polls import TEAM, a_rule
from tests.fakes.clock import FakeClock
from tests.fakes.stories import story


def asked(name: str = "Mail", every: float = 0.02) -> Asked:
    return Asked(Query("portal", name, "Location", "Site"), (), every)


async def until(condition: object, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # type: ignore[operator]  # noqa: ASYNC110  # any condition, not an event
            await asyncio.sleep(0.005)


@pytest.mark.fault(11)
async def test_a_slow_turn_is_never_overtaken_and_the_next_follows_at_once() -> None:
    running, most, turns = 0, 0, 0
    gate = asyncio.Event()

    async def turn(_: Asked) -> None:
        nonlocal running, most, turns
        running += 1
        most = max(most, running)
        if turns == 0:
            await gate.wait()
        turns += 1
        running -= 1

    late = REGISTRY.get_sample_value("sentinel_turns_late_total") or 0.0
    schedule = Schedule(SystemClock(), turn)
    schedule.start([asked()])
    (turns_of_mail,) = schedule._turns.values()
    await until(turns_of_mail.due.is_set)
    gate.set()
    await until(lambda: turns >= 3)
    await schedule.stop(1.0)
    assert most == 1
    assert (REGISTRY.get_sample_value("sentinel_turns_late_total") or 0.0) > late


@pytest.mark.fault(12, 21)
async def test_after_eight_hours_of_sleep_each_bell_rings_once() -> None:
    """The scheduler finds 48 rings overdue, as it does on a machine that was suspended."""
    rung = 0

    async def ring() -> None:
        nonlocal rung
        rung += 1

    bells = WallBells()
    bells.hang("mail", ring, every=600.0, first=300.0)
    overdue = bells.next_at("mail") - timedelta(hours=8)
    bells._scheduler.get_job("mail").modify(next_run_time=overdue)
    bells.start()
    await until(lambda: rung)
    assert rung == 1
    assert bells.next_at("mail") >= overdue + timedelta(hours=8)
    bells.stop()


async def test_a_turn_that_breaks_does_not_end_the_turns() -> None:
    turns = 0

    async def turn(_: Asked) -> None:
        nonlocal turns
        turns += 1
        raise RuntimeError("broken")

    schedule = Schedule(SystemClock(), turn)
    schedule.start([asked(every=0.01)])
    await until(lambda: turns >= 3)
    await schedule.stop(1.0)


async def test_stopping_lets_a_running_turn_end() -> None:
    started, ended = asyncio.Event(), []

    async def turn(_: Asked) -> None:
        started.set()
        await asyncio.sleep(0.05)
        ended.append(True)

    schedule = Schedule(SystemClock(), turn)
    schedule.start([asked(every=3600.0)])
    await started.wait()
    await schedule.stop(5.0)
    assert ended == [True]


async def test_bells_keep_their_distance_when_the_clock_is_set_back() -> None:
    async def turn(_: Asked) -> None:
        return

    schedule = Schedule(SystemClock(), turn)
    schedule.start([asked(every=600.0)])
    assert isinstance(schedule.bells, WallBells)
    (name,) = schedule._turns
    before = schedule.bells.next_at(name)
    schedule.jumped(-3600.0)
    assert (before - schedule.bells.next_at(name)).total_seconds() == 3600
    await schedule.stop(1.0)


@pytest.mark.parametrize(("jump", "seen"), [(3600.0, 3600.0), (-3600.0, -3600.0), (1.0, 0.0), (0.0, 0.0)])
def test_a_jump_of_the_wall_clock_is_noticed_and_a_wobble_is_not(jump: float, seen: float) -> None:
    clock = FakeClock()
    watch = JumpWatch(clock)
    watch.check()
    clock.advance(5.0)
    clock.jump(jump)
    assert watch.check() == pytest.approx(seen)
    clock.advance(5.0)
    assert watch.check() == 0.0


def test_exactly_the_union_of_what_the_rules_need_is_asked() -> None:
    exchange = a_rule(id="one", services=(NamePattern("Exchange*"),), every=1200.0)
    everything = a_rule(id="two", levels=("Country", "Site"))
    book = Rulebook(rules=(exchange, everything), routes=(), sources=(SourceTraits(name="portal"),))
    services = [
        Service("portal", "Exchange Online", "u1"),
        Service("portal", "SAP", "u2"),
        Service("other", "SAP", "u3"),
    ]
    found = {(one.query.service, one.query.level): (len(one.rules), one.every) for one in needed(book, services)}
    assert found == {
        ("Exchange Online", "Site"): (2, 600.0),
        ("Exchange Online", "Country"): (1, 600.0),
        ("SAP", "Country"): (1, 600.0),
        ("SAP", "Site"): (1, 600.0),
    }


def waiting(number: int, kind: NoticeKind, **changes: object) -> OutboxNotice:
    """An undelivered notice of one lane."""
    notice = Notice(
        incident="sn-1", step=number, kind=kind, address=TEAM, at=100.0, not_before=100.0, line=f"step {number}"
    )
    values: dict[str, object] = {
        "id": number,
        "notice": notice,
        "state": "waiting",
        "attempts": 0,
        "attempt_started_at": None,
        "next_attempt_at": 100.0,
        "may_repeat": False,
    }
    return OutboxNotice(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.promise("P3")
def test_a_backlog_is_told_at_once_and_an_open_attempt_alone() -> None:
    three = [waiting(1, NoticeKind.DEGRADED), waiting(2, NoticeKind.ESCALATED), waiting(3, NoticeKind.RECOVERED)]
    batch = next_batch(three, 100.0)
    assert batch is not None
    assert batch.ids == (1, 2, 3)
    delivery = delivery_of(batch, story(), None, told_before=False, may_repeat=False, at=100.0)
    assert (delivery.kind, delivery.line) == (NoticeKind.RECOVERED, "step 1. step 2. step 3")
    sending = [waiting(1, NoticeKind.DEGRADED, state="sending", attempt_started_at=90.0), *three[1:]]
    batch = next_batch(sending, 100.0)
    assert batch is not None
    assert (batch.ids, batch.open_since) == ((1,), 90.0)


@pytest.mark.promise("P3")
def test_nothing_overtakes_a_notice_that_has_to_wait() -> None:
    later = [waiting(1, NoticeKind.DEGRADED, next_attempt_at=200.0), waiting(2, NoticeKind.RECOVERED)]
    assert next_batch(later, 100.0) is None
    unclear = [waiting(1, NoticeKind.DEGRADED, state="unclear", attempt_started_at=90.0, next_attempt_at=200.0)]
    assert next_batch(unclear, 100.0) is None
    assert next_batch([], 100.0) is None


def test_an_escalation_is_not_hidden_by_a_quieter_step_after_it() -> None:
    batch = Batch((waiting(1, NoticeKind.ESCALATED), waiting(2, NoticeKind.WIDENED)), None)
    delivery = delivery_of(batch, story(), {"ts": "1"}, told_before=True, may_repeat=False, at=1.0)
    assert delivery.kind is NoticeKind.ESCALATED


@pytest.mark.promise("P7")
def test_a_channel_is_talked_to_once_a_second_and_left_alone_when_it_asks() -> None:
    pacing = Pacing()
    pacing.sent("slack:#a", "slack", 10.0)
    assert pacing.wait("slack:#a", 10.0) == 1.0
    assert pacing.wait("slack:#b", 10.0) == 0.0
    pacing.pause("slack:#a", 10.0, 30.0)
    pacing.sent("slack:#a", "slack", 11.0)
    assert pacing.wait("slack:#a", 11.0) == 29.0
    pacing.sent("email:x", "email", 10.0)
    assert pacing.wait("email:x", 10.0) == 0.0
