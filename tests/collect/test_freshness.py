"""How old an answer is, as far as it tells: too old is a failure, a little odd a remark."""

from __future__ import annotations

import pytest

from sentinel.domain.reading import Reading, Reason
from tests.collect.portals import QUERY as ASKED
from tests.collect.portals import TWO_SITES, body, by_node, failure, portal_that, remarked
from tests.fakes.raw_server import answering

GOOD = body(TWO_SITES)
NOW = "Mon, 02 Mar 2026 08:00:00 GMT"


async def reading(headers: str, **changes: object) -> Reading:
    async with portal_that(answering(GOOD, headers=headers), **changes) as (_, source, _clock):
        return await source.ask(ASKED)


@pytest.mark.fault(25)
@pytest.mark.promise("P4")
@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ("Age: 7200\r\n", "lain in a cache for 2 h"),
        (f"Date: {NOW}\r\nAge: 86400\r\n", "lain in a cache for 1 d"),
        ("Date: Mon, 02 Mar 2026 06:30:00 GMT\r\n", "dated 1 h 30 min ago"),
        ("Date: Sun, 01 Mar 2026 08:00:00 GMT\r\nAge: soon\r\n", "dated 1 d ago"),
    ],
)
async def test_an_answer_older_than_three_slots_is_stale(headers: str, words: str) -> None:
    found = failure(await reading(headers))
    assert found.reason is Reason.STALE
    assert words in found.text


@pytest.mark.fault(25)
@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ("Date: Mon, 02 Mar 2026 08:10:00 GMT\r\n", "10 min ahead of this machine's clock"),
        ("Date: Mon, 02 Mar 2026 20:00:00 GMT\r\n", "12 h ahead"),
        ("Date: Mon, 02 Mar 2026 07:45:00 GMT\r\n", "15 min before this machine's clock"),
    ],
)
async def test_an_answer_from_the_future_or_a_little_late_is_taken_with_a_remark(headers: str, words: str) -> None:
    found = await reading(headers)
    assert by_node(found)
    assert remarked(found, words)


@pytest.mark.parametrize(
    "headers",
    [
        "",
        f"Date: {NOW}\r\n",
        "Date: Mon, 02 Mar 2026 08:01:50 GMT\r\n",
        "Age: 600\r\n",
        "Date: yesterday\r\n",
        "Age: -5\r\n",
        f"Age: {'9' * 5000}x\r\n",
        "Date: Mon, 02 Mar 99999 08:00:00 GMT\r\n",
    ],
)
async def test_a_fresh_answer_and_one_that_says_nothing_of_use_are_taken_without_a_word(headers: str) -> None:
    found = await reading(headers)
    assert by_node(found)
    assert found.remarks == ()


async def test_a_source_that_moves_slowly_may_give_older_answers() -> None:
    found = await reading("Age: 7200\r\n", step=3600.0)
    assert by_node(found)
