"""Each fault does to a real client what its name says, and for as many requests as it says."""

import asyncio
import csv
import io
import json
import math
import zlib
from typing import Any

import httpx
import pytest

from sentinel.demo.discovery import DATA
from sentinel.demo.faults import (
    Body,
    BrokenCsv,
    Cells,
    ContentType,
    Delay,
    DuplicateKeys,
    DuplicateRows,
    EmptyList,
    ExtraColumns,
    Fault,
    Hang,
    LoginPage,
    Redirect,
    Shorter,
    Status,
    Truncated,
    WithoutColumn,
    deep_nesting,
)
from sentinel.demo.faults_wire import GzipBomb, HugeBody, ResetMidBody, SlowLoris, WrongLength, gzip_bomb
from sentinel.demo.portal import Portal
from sentinel.demo.tiers import EXCHANGE_UID, tier, uid_of
from tests.demo.portal_client import MONDAY, client, get, rows


@pytest.mark.parametrize("code", [401, 403, 404, 410, 429, 500, 502, 503, 504])
async def test_a_status_fault_answers_with_an_html_page(code: int) -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(Status(code, retry_after="120"))
        answer = await get(portal)
        assert answer.status_code == portal.log[0].status == code
        assert answer.headers["retry-after"] == "120"
        assert answer.text.startswith("<!DOCTYPE html>")
        assert portal.log[0].auth_ok is None


async def test_times_skip_and_only_choose_the_requests() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(Status(503, times=2, skip=1, only=EXCHANGE_UID))
        assert (await get(portal, metric=uid_of("Teams"))).status_code == 200
        assert [(await get(portal)).status_code for _ in range(4)] == [200, 503, 503, 200]
        portal.fault(Status(500))
        assert (await get(portal)).status_code == 500
        portal.clear_faults()
        assert (await get(portal)).status_code == 200


async def test_faults_combine() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(Fault(), Cells("devices", None), ExtraColumns({"new": 1}), ContentType("text/html"))
        answer = await get(portal)
        assert answer.headers["content-type"] == "text/html"
        assert answer.json()[0]["devices"] is None
        assert answer.json()[0]["new"] == 1


async def test_a_login_page_comes_with_200() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(LoginPage())
        answer = await get(portal)
        assert answer.status_code == 200
        assert "<title>Sign in</title>" in answer.text


@pytest.mark.parametrize("to", ["/login", "https://elsewhere.invalid/login"])
async def test_a_redirect_says_where_to(to: str) -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(Redirect(to))
        answer = await get(portal)
        assert (answer.status_code, answer.headers["location"]) == (302, to)


async def test_a_hanging_portal_never_answers_and_still_stops() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(Hang())
        async with client(portal, timeout=0.2) as asker:
            with pytest.raises(httpx.ReadTimeout):
                await asker.get(DATA, params={"metric": EXCHANGE_UID})
        patient = asyncio.create_task(get(portal))
        await portal.arrived(2)
    assert (await patient).status_code == 503


async def test_a_late_answer_is_a_good_answer() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(Delay(0.05))
        assert (await get(portal)).status_code == 200


async def test_a_trickling_answer_outlives_every_read_timeout() -> None:
    """Each byte comes in time, so only a deadline for the whole request ends it."""
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(SlowLoris(interval=0.01))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5), client(portal, timeout=0.3) as asker:
                await asker.get(DATA, params={"metric": EXCHANGE_UID})


@pytest.mark.parametrize("fault", [ResetMidBody(), WrongLength()], ids=["reset", "wrong length"])
async def test_a_connection_that_breaks_off_is_an_error_for_the_client(fault: Fault) -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        fault.times = 1
        portal.fault(fault)
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await get(portal)
        assert (await get(portal)).status_code == 200


async def test_a_gzip_bomb_is_small_on_the_wire_and_large_inside() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(GzipBomb(size=5_000_000))
        answer = await get(portal)
        assert int(answer.headers["content-length"]) < 20_000
        assert len(answer.content) == 5_000_000
        assert answer.json() == []


@pytest.mark.parametrize("size", [2, 3, 2**20 + 1, 2**20 + 2, 3 * 2**20])
def test_a_gzip_bomb_is_valid_gzip_of_exactly_its_size(size: int) -> None:
    whole = zlib.decompress(gzip_bomb(size), wbits=31)
    assert len(whole) == size
    assert json.loads(whole) == []


@pytest.mark.parametrize("declared", [True, False])
async def test_a_huge_body_is_as_long_as_it_says(declared: bool) -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(HugeBody(size=3_000_000, declared=declared))
        answer = await get(portal)
        assert len(answer.content) == 3_000_000
        assert ("content-length" in answer.headers) is declared


async def test_a_client_may_walk_away_from_a_huge_body() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(HugeBody(times=1))
        async with client(portal) as asker, asker.stream("GET", DATA, params={"metric": EXCHANGE_UID}) as answer:
            assert answer.status_code == 200
        assert (await get(portal)).status_code == 200


async def test_an_empty_and_a_shorter_list_are_good_answers() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        whole = await rows(portal, level="Site")
        portal.fault(Shorter(0.5, times=1))
        assert await rows(portal, level="Site") == whole[:8]
        portal.fault(EmptyList(times=1))
        assert await rows(portal, level="Site") == []
        assert await rows(portal, level="Site") == whole


async def test_duplicate_rows_may_contradict() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(DuplicateRows(2, {"devices": 1}))
        answer = await rows(portal)
        assert len(answer) == 5
        assert answer[0]["Continent"] == answer[3]["Continent"]
        assert (answer[3]["devices"], answer[3]["users"]) == (1, answer[0]["users"])


@pytest.mark.parametrize("value", [None, True, -5, 10**400, 1e308, "95,5", "1 234", "٩٥", "", [1], {"a": 1}])
async def test_a_cell_may_hold_anything(value: object) -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(Cells("devices", value, node=("Europe",)))
        total, europe, _ = await rows(portal)
        assert europe["devices"] == value
        assert isinstance(total["devices"], int)


@pytest.mark.parametrize(("value", "literal"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")])
async def test_json_may_carry_literals_that_are_not_json(value: float, literal: str) -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(Cells("devices", value))
        assert f'"devices":{literal}' in (await get(portal)).text


async def test_columns_may_go_and_come() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(WithoutColumn("devices"), ExtraColumns({"Carbon (g)": "4,2"}))
        first = (await rows(portal))[0]
        assert "devices" not in first
        assert first["Carbon (g)"] == "4,2"
        portal.switches.shape = "columns"
        assert (await get(portal)).json()["headers"][-1] == "Carbon (g)"


async def test_an_object_may_name_a_key_twice() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(DuplicateKeys())
        seen: list[Any] = []
        json.loads((await get(portal)).text, object_pairs_hook=lambda pairs: seen.extend(k for k, _ in pairs))
        assert seen.count("devices") == 6


async def test_text_may_stop_in_the_middle_or_nest_too_deep() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(Truncated(times=1))
        with pytest.raises(json.JSONDecodeError):
            (await get(portal)).json()
        portal.fault(deep_nesting(times=1))
        with pytest.raises(RecursionError):
            (await get(portal)).json()
        portal.fault(Body(b"\xff\xfe", "application/json", times=1))
        assert (await get(portal)).content == b"\xff\xfe"


async def test_csv_may_be_broken_in_three_ways() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:

        async def lines() -> list[list[str]]:
            return list(csv.reader(io.StringIO((await get(portal, format="csv")).text)))

        good = await lines()
        portal.fault(BrokenCsv("ragged", times=1))
        assert [len(line) for line in await lines()] == [len(good[0]), len(good[0]) - 1, len(good[0]), len(good[0])]
        portal.fault(BrokenCsv("headless", times=1))
        assert await lines() == good[1:]
        portal.fault(BrokenCsv("quote", times=1))
        assert len(await lines()) < len(good)
