"""Whatever comes over the wire from a Portal: a reading with figures or with a reason, and an offer or a reason."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sentinel.collect.nexthink import NexthinkSource
from sentinel.collect.source import Offer
from sentinel.demo.accounts import Account
from sentinel.demo.discovery import discovery_page
from sentinel.demo.tiers import tiny
from sentinel.domain.reading import Failure, Query, Reading
from sentinel.fetch import Client
from tests.collect.portals import PASSWORD, SERVICE, settings
from tests.effort import effort
from tests.fakes.clock import FakeClock
from tests.fuzz.answers import answers
from tests.fuzz.mutations import replanted, spoilt
from tests.fuzz.test_portal_bodies import SITES, valid
from tests.fuzz.wire import Http, listening

QUERY = Query("portal", SERVICE, "Location", level="Site")
JSON = valid("json", 0, bad=True)
CSV = valid("csv", 1, bad=True)
PAGE = discovery_page(tiny(SITES, levels=("Country", "Site")), Account("x")).body
BODIES = st.one_of(st.just(JSON), replanted(JSON), replanted(JSON), spoilt(JSON), spoilt(CSV), st.just(PAGE))
PAGES = st.one_of(st.just(PAGE), spoilt(PAGE), spoilt(PAGE, 12), st.just(JSON))


def test_any_answer_is_a_reading_and_any_page_an_offer_or_a_reason() -> None:
    server = Http()
    with asyncio.Runner() as runner:
        place = listening(server)
        runner.run(place.__aenter__())
        client = runner.run(_client())
        good = failed = 0

        @effort(200)
        @given(st.lists(answers(BODIES), min_size=1, max_size=2), answers(PAGES), st.sampled_from(["json", "csv"]))
        def check(given_: list[bytes], page: bytes, wanted: str) -> None:
            nonlocal good, failed
            server.answers = list(given_)
            reading = runner.run(_asked(server, client, wanted))
            assert isinstance(reading, Reading)
            assert (reading.figures is None) is (reading.failure is not None)
            good, failed = good + (reading.failure is None), failed + (reading.failure is not None)
            _is_plain(reading.failure)
            server.answers = [page]
            offer = runner.run(_discovered(server, client))
            assert isinstance(offer, Offer | Failure)
            _is_plain(offer if isinstance(offer, Failure) else None)

        check()
        assert good > failed / 20 > 0, "both were met"
        runner.run(client.close())
        runner.run(place.__aexit__(None, None, None))


def _is_plain(failure: Failure | None) -> None:
    if failure is not None:
        words = failure.text + failure.hint
        assert failure.text
        assert len(words) < 1000
        assert PASSWORD not in words
        assert failure.retry_after is None or 0 <= failure.retry_after <= 3600


async def _client() -> Client:
    return Client(timeout=2.0, max_raw_bytes=2**20, max_unpacked_bytes=2**20)


def _source(server: Http, client: Client, wanted: str) -> NexthinkSource:
    url: Any = f"http://127.0.0.1:{server.port}"
    return NexthinkSource(
        settings(url, format=wanted, levels={"Location": ("Country", "Site")}), FakeClock(), client=client
    )


async def _asked(server: Http, client: Client, wanted: str) -> Reading:
    return await _source(server, client, wanted).ask(QUERY)


async def _discovered(server: Http, client: Client) -> Offer | Failure:
    return await _source(server, client, "json").discover()
