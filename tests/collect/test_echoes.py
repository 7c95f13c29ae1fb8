"""A page that repeats the login does not carry it into readings, notices and the record."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from sentinel.collect.echoes import authorization
from tests.collect.portals import PASSWORD, QUERY, TWO_SITES, body, by_node, failure, portal_that, reading_of
from tests.fakes.raw_server import answering

LOGIN = authorization("sentinel", PASSWORD).partition(" ")[2]
pytestmark = [pytest.mark.threat("secrets"), pytest.mark.promise("P8")]


@pytest.mark.parametrize("echo", [PASSWORD, LOGIN, f"Basic {LOGIN}"])
async def test_a_title_that_repeats_the_login_is_shown_without_it(echo: str) -> None:
    page = f"<html><head><title>debug: {echo}</title></head></html>".encode()
    told = failure(await reading_of(page, content_type="text/html"))
    assert "debug: " in told.text
    assert "***" in told.text
    assert echo not in repr(told)


async def test_a_redirect_that_repeats_it_is_named_without_it() -> None:
    moved = answering(b"", status="302 Found", headers=f"Location: https://sso.example.com/{PASSWORD}\r\n")
    async with portal_that(moved) as (_, source, _clock):
        told = failure(await source.ask(QUERY))
    assert "sso.example.com" in told.text
    assert PASSWORD not in repr(told)


async def test_a_short_password_is_not_taken_out_of_figures() -> None:

    reading = await reading_of(body(TWO_SITES), password=SecretStr("20"))
    assert by_node(reading)["CH", "Bern"] == 20.0
