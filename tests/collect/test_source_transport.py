"""The network and HTTP to the source: each fault is a failed reading with its reason, never an exception."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import ssl
from pathlib import Path

import pytest
import trustme

from sentinel.collect.refusals import FEATURE, LONGEST_WAIT
from sentinel.domain.reading import Query, Reading, Reason
from tests.collect.portals import (
    PASSWORD,
    QUERY,
    SERVICE,
    TWO_SITES,
    UID,
    body,
    by_node,
    failure,
    figures,
    portal_that,
    reading_of,
    remarked,
    settings,
    source_at,
)
from tests.fakes.clock import FakeClock
from tests.fakes.raw_server import Behaviour, answering, in_turn, raw_server, sending

GOOD = body(TWO_SITES)


def status(code: str, headers: str = "") -> Behaviour:
    return answering(b"<html><title>Oops</title></html>", status=code, content_type="text/html", headers=headers)


async def asked(behave: Behaviour, **changes: object) -> Reading:
    async with portal_that(behave, **changes) as (_, source, _clock):
        return await source.ask(QUERY)


async def test_a_reading_is_stamped_at_receipt_and_belongs_to_its_slot() -> None:
    async with raw_server(answering(GOOD)) as server, source_at(server.url, FakeClock(1_772_438_461.5)) as source:
        reading = await source.ask(QUERY)
    assert (reading.at, reading.sample_at) == (1_772_438_461.5, 1_772_438_400.0)
    assert by_node(reading) == {("CH",): 30, ("CH", "Zürich"): 10, ("CH", "Bern"): 20}
    assert figures(reading).rows.aggregate.tolist() == [True, False, False]
    assert reading.remarks == ()


async def test_the_request_names_everything_explicitly_and_uses_basic_auth() -> None:
    async with portal_that(answering(GOOD)) as (server, source, _):
        await source.ask(QUERY)
    head = server.requests[0]
    expected = f"metric={UID}&scope=hour&hierarchy=Location&hierarchy-level=Site&format=json"
    assert head.startswith(f"GET /api/beta/service/data/overview?{expected} HTTP/1.1")
    assert base64.b64encode(f"sentinel:{PASSWORD}".encode()).decode() in head


@pytest.mark.parametrize(
    ("style", "expected"),
    [("repeated", "path=Europe&path=Z%C3%BCrich+%26+A%2FB"), ("slash", "path=Europe%2FZ%C3%BCrich+%26+A%5C%2FB")],
)
async def test_path_elements_are_chained_as_configured(style: str, expected: str) -> None:
    query = Query("portal", SERVICE, "Location", path=("Europe", "Zürich & A/B"), scope="day")
    async with portal_that(answering(GOOD), path_style=style) as (server, source, _):
        await source.ask(query)
    assert f"scope=day&hierarchy=Location&{expected}&format=json" in server.requests[0]


async def test_the_top_node_is_asked_for_without_a_path() -> None:
    async with portal_that(answering(GOOD), format="csv") as (server, source, _):
        await source.ask(Query("portal", SERVICE, "Location", path=()))
    assert "hierarchy=Location&format=csv" in server.requests[0]


async def test_a_service_without_uid_is_not_asked() -> None:
    async with portal_that(answering(GOOD)) as (server, source, _):
        found = failure(await source.ask(Query("portal", "Nobody", "Location", level="Site")))
        by_uid = await source.ask(Query("portal", UID, "Location", level="Site"))
    assert found.reason is Reason.UNKNOWN_SERVICE
    assert "'Nobody'" in found.text
    assert len(server.requests) == 1
    assert by_uid.figures is not None


@pytest.mark.fault(45)
async def test_a_name_without_address_makes_the_source_unreachable() -> None:
    async with source_at("https://no-such-host.invalid") as source:
        found = failure(await source.ask(QUERY))
    assert found.reason is Reason.UNREACHABLE
    assert "resolved" in found.text


@pytest.mark.fault(46)
async def test_a_refused_connection_is_tried_twice_within_the_turn() -> None:
    async with raw_server(answering(GOOD)) as gone:
        url = gone.url
    clock = FakeClock()
    async with source_at(url, clock) as source:
        found = failure(await source.ask(QUERY))
    assert (found.reason, clock.slept) == (Reason.UNREACHABLE, [0.75])
    assert "refuses" in found.text


@pytest.mark.fault(46)
async def test_a_portal_that_answers_too_slowly_is_a_timeout() -> None:
    hold = asyncio.Event()

    async def behave(writer: asyncio.StreamWriter) -> None:
        await hold.wait()

    async with portal_that(behave, timeout=0.2) as (server, source, _):
        found = failure(await source.ask(QUERY))
        hold.set()
    assert found.reason is Reason.TIMEOUT
    assert len(server.requests) == 1


@pytest.mark.fault(47)
async def test_a_private_certificate_needs_its_ca_file(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    async with raw_server(answering(GOOD), tls) as server:
        async with source_at(server.url) as source:
            found = failure(await source.ask(QUERY))
        async with source_at(server.url, ca_file=tmp_path / "ca.pem") as source:
            good = await source.ask(QUERY)
    assert found.reason is Reason.TLS
    assert "ca_file" in found.hint
    assert good.figures is not None


async def test_a_body_that_is_too_large_is_refused() -> None:
    found = failure(await asked(answering(b" " * 5000), max_raw_bytes=4000))
    assert found.reason is Reason.TOO_LARGE


async def test_a_gzip_bomb_is_refused() -> None:
    bomb = answering(gzip.compress(b" " * 2**24), headers="Content-Encoding: gzip\r\n")
    found = failure(await asked(bomb, max_unpacked_bytes=2**20))
    assert found.reason is Reason.TOO_LARGE


@pytest.mark.fault(50)
async def test_an_answer_that_breaks_off_is_asked_again_once() -> None:
    broken = sending(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n[{")
    async with portal_that(broken) as (server, source, clock):
        found = failure(await source.ask(QUERY))
    assert (found.reason, len(server.requests), clock.slept) == (Reason.TRUNCATED, 2, [0.75])
    mended = await asked(in_turn(broken, answering(GOOD)))
    assert len(by_node(mended)) == 3


@pytest.mark.fault(60)
async def test_a_stale_connection_is_no_trouble() -> None:
    async def once(writer: asyncio.StreamWriter) -> None:
        await answering(GOOD)(writer)
        writer.close()

    async with portal_that(once) as (server, source, _):
        first, second = await source.ask(QUERY), await source.ask(QUERY)
    assert first.figures is not None
    assert second.figures is not None
    assert server.connections >= 2


@pytest.mark.fault(57)
async def test_server_errors_are_asked_again_once_and_then_told() -> None:
    async with portal_that(status("503 Service Unavailable")) as (server, source, clock):
        found = failure(await source.ask(QUERY))
    assert (found.reason, len(server.requests), len(clock.slept)) == (Reason.SERVER_ERROR, 2, 1)
    assert "503" in found.text
    mended = await asked(in_turn(status("500 Internal Server Error"), answering(GOOD)))
    assert mended.figures is not None


@pytest.mark.fault(54, 55)
@pytest.mark.parametrize(
    ("code", "reason", "word"),
    [
        ("400 Bad Request", Reason.BAD_REQUEST, "path_style"),
        ("403 Forbidden", Reason.FORBIDDEN, "right"),
        ("404 Not Found", Reason.NOT_FOUND, FEATURE),
        ("405 Method Not Allowed", Reason.BAD_REQUEST, ""),
        ("410 Gone", Reason.NOT_FOUND, "address"),
        ("204 No Content", Reason.NOT_A_TABLE, ""),
    ],
)
async def test_each_status_has_its_reason_and_names_a_likely_cause(code: str, reason: Reason, word: str) -> None:
    async with portal_that(status(code) if code[0] != "2" else sending(b"HTTP/1.1 204 No Content\r\n\r\n")) as (
        server,
        source,
        _,
    ):
        found = failure(await source.ask(QUERY))
    assert (found.reason, len(server.requests)) == (reason, 1)
    assert code[:3] in found.text
    assert word in found.hint


async def test_a_redirect_is_not_followed_and_its_target_is_named_without_secrets() -> None:
    moved = status("302 Found", "Location: https://u:p@login.example.com/saml?token=abc\r\n")
    async with portal_that(moved) as (server, source, _):
        found = failure(await source.ask(QUERY))
    assert (found.reason, len(server.requests)) == (Reason.REDIRECTED, 1)
    assert "'https://login.example.com/saml'" in found.text
    assert "abc" not in found.text


async def test_a_redirect_is_followed_when_configured() -> None:
    moved = status("307 Temporary Redirect", "Location: /portal/data\r\n")
    reading = await asked(in_turn(moved, answering(GOOD)), follow_redirects=True)
    assert len(by_node(reading)) == 3


@pytest.mark.fault(56)
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: 120\r\n", 120.0),
        ("Retry-After: Mon, 02 Mar 2026 08:01:30 GMT\r\n", 90.0),
        ("Retry-After: 99999999999999999999\r\n", LONGEST_WAIT),
        ("Retry-After: soon\r\n", None),
        ("", None),
    ],
)
async def test_throttling_tells_how_long_to_wait(header: str, seconds: float | None) -> None:
    found = failure(await asked(status("429 Too Many Requests", header)))
    assert (found.reason, found.retry_after) == (Reason.THROTTLED, seconds)


@pytest.mark.fault(56)
async def test_a_throttled_portal_is_left_alone_for_as_long_as_it_asked() -> None:
    throttle = in_turn(status("429 Too Many Requests", "Retry-After: 120\r\n"), answering(GOOD))
    async with portal_that(throttle) as (server, source, clock):
        await source.ask(QUERY)
        clock.advance(100)
        found = failure(await source.ask(QUERY))
        assert (found.reason, found.retry_after, len(server.requests)) == (Reason.THROTTLED, 20.0, 1)
        clock.advance(21)
        assert (await source.ask(QUERY)).figures is not None


@pytest.mark.fault(51, 61)
@pytest.mark.parametrize(
    ("page", "words"),
    [
        (b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>", ("login page", "Sign in")),
        (b'\n <html><body><form><input name=p type="password"></form></html>', ("login page",)),
        (b"<html><title>Exchange</title><table><tr><th>devices</th></tr></table></html>", ("HTML table", "json")),
        (b"<html><head><title>\n Hotel\n WiFi </title></head></html>", ("HTML page", "'Hotel WiFi'")),
        (b"<?xml version='1.0'?><rows/>", ("XML",)),
    ],
)
async def test_a_page_instead_of_data_is_recognised(page: bytes, words: tuple[str, ...]) -> None:
    found = failure(await reading_of(page, content_type="text/html"))
    assert found.reason is Reason.HTML
    assert all(word in found.text for word in words), found.text


@pytest.mark.fault(52)
async def test_valid_json_under_a_wrong_content_type_is_taken_with_a_remark() -> None:
    reading = await reading_of(GOOD, content_type="text/html")
    assert len(by_node(reading)) == 3
    assert remarked(reading, "text/html")


@pytest.mark.fault(59)
@pytest.mark.threat("secrets")
async def test_proxy_variables_do_not_change_the_route(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    reading = await asked(answering(GOOD))
    assert reading.figures is not None


# ---- settings


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://portal.example.com", "unencrypted"),
        ("portal.example.com", "must look like"),
        ("https://user:secret@portal.example.com", "must not carry"),
        ("https://portal.example.com/?a=b", "must not carry"),
    ],
)
def test_an_unusable_url_is_refused(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        settings(url)


def test_plain_http_is_taken_on_loopback_or_when_declared_insecure() -> None:
    assert settings("http://127.0.0.1:80").url
    assert settings("http://[::1]:80").url
    assert settings("http://localhost").url
    assert settings("http://portal.example.com", insecure=True).url


@pytest.mark.promise("P8")
def test_settings_do_not_show_their_credentials() -> None:
    shown = repr(settings("https://portal.example.com", username="who-canary"))
    assert PASSWORD not in shown
    assert "who-canary" not in shown


@pytest.mark.promise("P8")
async def test_no_failure_and_no_log_line_shows_a_credential(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    encoded = base64.b64encode(f"sentinel:{PASSWORD}".encode()).decode()
    behaviours = [
        status("401 Unauthorized"),
        status("500 x"),
        sending(b""),
        sending(b"nonsense\r\n\r\n"),
        status("302 Found"),
    ]
    for behave in behaviours:
        reading = await asked(behave)
        for secret in (PASSWORD, encoded):
            assert secret not in repr(reading)
            assert secret not in caplog.text


async def test_a_body_with_the_status_200_and_json_error_is_told_with_its_message() -> None:
    found = failure(await reading_of(json.dumps({"message": "computation in progress", "code": 7}).encode()))
    assert found.reason is Reason.NOT_A_TABLE
    assert "computation in progress" in found.text
