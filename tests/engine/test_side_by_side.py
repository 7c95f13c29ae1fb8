"""Channels without a pace take several incidents' notices at once, so that one post that hangs keeps no other one."""

from __future__ import annotations

import json

import pytest

from tests.engine.crowd import WEB, Crowd, crowd


def told(it: Crowd) -> list[str]:
    """The incidents that the receiver has been told of, in order."""
    return [json.loads(one.body)["incident"]["id"] for one in it.receiver.received]


@pytest.mark.promise("P7")
@pytest.mark.fault(98)
async def test_a_post_that_is_never_answered_keeps_no_other_incident_waiting(sqlite_url: str) -> None:
    async with crowd(sqlite_url, WEB) as it:
        it.receiver.silent = True
        it.open(1)
        await it.dispatcher.set_going()
        hanging = it.dispatcher.under_way()
        await it.receiver.has(1)
        it.receiver.silent = False
        it.open(2, 3)
        await it.dispatcher.set_going()
        await it.dispatcher.ended(it.dispatcher.under_way() - hanging)
        assert sorted(told(it)) == ["sn-00001", "sn-00002", "sn-00003"]
        assert it.waiting == (1, 0, 0)
        await it.dispatcher.let_end(0.0)


async def test_what_is_on_its_way_is_not_offered_a_second_time(sqlite_url: str) -> None:
    async with crowd(sqlite_url, WEB) as it:
        it.receiver.silent = True
        it.open(1)
        await it.dispatcher.set_going()
        await it.receiver.has(1)
        it.recover(1)
        await it.dispatcher.set_going()
        assert len(it.dispatcher.under_way()) == 1
        assert told(it) == ["sn-00001"]
        await it.dispatcher.let_end(0.0)


@pytest.mark.promise("P3", "P7")
async def test_a_receiver_that_answers_badly_gets_one_at_a_time_until_it_takes_something(sqlite_url: str) -> None:
    async with crowd(sqlite_url, WEB) as it:
        it.receiver.status = 500
        it.open(1, 2, 3)
        await it.dispatcher.set_going()
        await it.dispatcher.ended(it.dispatcher.under_way())
        assert len(it.receiver.received) == 3
        it.open(4, 5, 6)
        await it.dispatcher.set_going()
        assert len(it.dispatcher.under_way()) == 1
        it.receiver.status = 204
        await it.dispatcher.ended(it.dispatcher.under_way())
        it.open(7, 8)
        await it.dispatcher.set_going()
        assert len(it.dispatcher.under_way()) == 2
        await it.dispatcher.let_end(30.0)
        assert it.waiting[0] == 0


@pytest.mark.promise("P7")
@pytest.mark.fault(98, 105)
async def test_what_a_receiver_did_not_answer_is_offered_again_as_soon_as_it_answers_another(sqlite_url: str) -> None:
    async with crowd(sqlite_url, WEB) as it:
        it.receiver.status = 500
        it.open(1, 2, 3)
        for _ in range(12):
            it.clock.advance(900.0)
            await it.dispatcher.set_going()
            await it.dispatcher.let_end(30.0)
        assert it.waiting == (0, 3, 0)
        it.clock.advance(6.0)
        await it.dispatcher.set_going()
        assert it.dispatcher.under_way() == frozenset(), "each of them waits for minutes by itself"
        it.receiver.status = 204
        it.open(4)
        await it.dispatcher.set_going()
        await it.dispatcher.let_end(30.0)
        await it.dispatcher.set_going()
        await it.dispatcher.let_end(30.0)
        assert it.waiting == (0, 0, 0)
