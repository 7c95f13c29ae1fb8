"""A loop that stands still is noticed by a thread, with the stacks of that moment, once."""

from __future__ import annotations

import asyncio
import threading

import pytest

from sentinel.engine import figures
from sentinel.engine.watchdog import BLOCKED, Watchdog
from tests.fakes.journal import heard


class Steady:
    """A steady clock that tests turn."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def standstills() -> float:
    return figures.LOOP_BLOCKED._value.get()


@pytest.mark.promise("P6")
@pytest.mark.fault(13)
def test_a_standstill_is_told_once_with_all_stacks_and_so_is_its_end() -> None:
    steady, before = Steady(), standstills()
    dog = Watchdog(steady)
    dog.beat()
    with heard() as lines:
        steady.now += BLOCKED
        dog.check()
        assert lines == []
        steady.now += 1.0
        dog.check()
        dog.check()
        assert [line["event"] for line in lines] == ["event loop blocked"]
        assert "test_a_standstill_is_told_once" in lines[0]["stacks"]
        dog.beat()
        dog.check()
        dog.check()
    assert [line["event"] for line in lines] == ["event loop blocked", "event loop turns again"]
    assert lines[1]["seconds"] == 31
    assert standstills() == before + 1


@pytest.mark.fault(13)
def test_it_is_a_thread_of_its_own_that_works_while_this_one_waits() -> None:
    steady, looked, told = Steady(), threading.Event(), threading.Event()

    def pause(_seconds: float) -> bool:
        if looked.is_set():
            told.set()
            return True
        steady.now += 2 * BLOCKED
        looked.set()
        return False

    dog = Watchdog(steady, pause)
    before = standstills()
    dog.start()
    assert told.wait(10.0)
    dog.stop()
    assert standstills() == before + 1
    assert "watchdog" not in {thread.name for thread in threading.enumerate()}


async def test_a_loop_that_turns_beats_by_itself() -> None:
    steady = Steady()
    dog = Watchdog(steady)
    pulse = asyncio.ensure_future(dog.pulse())
    steady.now += 2 * BLOCKED
    async with asyncio.timeout(10.0):
        while dog._beaten != steady.now:  # noqa: ASYNC110 - the pulse is what is waited for
            await asyncio.sleep(0.01)
    pulse.cancel()
    await asyncio.gather(pulse, return_exceptions=True)
    dog.check()
    assert dog.blocked_since is None
