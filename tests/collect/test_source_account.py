"""Refused credentials: one failed login, then a source that is left alone so that its account is not locked."""

from __future__ import annotations

import asyncio

import pytest

from sentinel.domain.reading import Reason
from tests.collect.portals import QUERY, TWO_SITES, body, failure, portal_that
from tests.fakes.raw_server import Behaviour, answering, in_turn, sending

GOOD = body(TWO_SITES)


def status(code: str) -> Behaviour:
    return answering(b"<html><title>Oops</title></html>", status=code, content_type="text/html")


@pytest.mark.fault(53)
async def test_the_first_401_stops_the_whole_fan_out() -> None:
    async with portal_that(status("401 Unauthorized")) as (server, source, _):
        readings = await asyncio.gather(*(source.ask(QUERY) for _ in range(50)))
    assert len(server.requests) == 1
    reasons = [failure(reading).reason for reading in readings]
    assert reasons.count(Reason.UNAUTHORIZED) == 1
    assert reasons.count(Reason.PAUSED) == 49


@pytest.mark.fault(53)
async def test_a_refused_account_is_left_alone_for_fifteen_minutes_and_then_tried_once() -> None:
    async with portal_that(status("401 Unauthorized")) as (server, source, clock):
        first = failure(await source.ask(QUERY))
        clock.advance(899)
        assert failure(await source.ask(QUERY)).reason is Reason.PAUSED
        assert len(server.requests) == 1
        clock.advance(2)
        await asyncio.gather(*(source.ask(QUERY) for _ in range(10)))
        assert len(server.requests) == 2
    assert "locks" in first.hint


@pytest.mark.fault(53)
async def test_a_password_that_works_again_brings_everything_back() -> None:
    behave = in_turn(status("401 Unauthorized"), answering(GOOD))
    async with portal_that(behave) as (server, source, clock):
        await source.ask(QUERY)
        clock.advance(901)
        readings = await asyncio.gather(*(source.ask(QUERY) for _ in range(5)))
    assert all(reading.figures is not None for reading in readings)
    assert len(server.requests) == 6


async def test_a_password_that_stops_working_costs_no_more_than_the_requests_under_way() -> None:
    behave = in_turn(answering(GOOD), status("401 Unauthorized"))
    async with portal_that(behave) as (server, source, _):
        await source.ask(QUERY)
        await asyncio.gather(*(source.ask(QUERY) for _ in range(30)))
    assert len(server.requests) - 1 <= 3


async def test_no_more_requests_at_once_than_allowed_and_the_first_alone() -> None:
    now, most = 0, [0]
    gate = asyncio.Event()

    async def behave(writer: asyncio.StreamWriter) -> None:
        nonlocal now
        now += 1
        most.append(now)
        if len(most) > 2:
            async with asyncio.timeout(5):
                if now == 3:
                    gate.set()
                await gate.wait()
        now -= 1
        await answering(GOOD)(writer)

    async with portal_that(behave) as (_, source, _clock):
        readings = await asyncio.gather(*(source.ask(QUERY) for _ in range(7)))
    assert all(reading.figures is not None for reading in readings)
    assert most[1] == 1
    assert max(most) == 3


async def test_who_waits_behind_a_failing_first_request_learns_of_it_without_asking() -> None:
    async with portal_that(sending(b"")) as (server, source, _):
        readings = await asyncio.gather(*(source.ask(QUERY) for _ in range(20)))
    assert all(failure(reading).reason is Reason.UNREACHABLE for reading in readings)
    assert len(server.requests) <= 6
