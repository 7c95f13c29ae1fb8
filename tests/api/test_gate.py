"""What the HTTP door does with requests that nobody in good faith sends."""

from __future__ import annotations

import asyncio

import pytest

from sentinel.api import serve
from tests.api.door import TOKEN, door

pytestmark = pytest.mark.threat("unauthenticated-api")


@pytest.mark.threat("clickjacking")
@pytest.mark.parametrize("tokens", [(), (TOKEN,)])
async def test_every_answer_tells_browsers_to_keep_their_hands_off(tokens: tuple[str, ...]) -> None:
    async with door(*tokens) as it:
        for path in ("/livez", "/readyz", "/healthz", "/metrics", "/nothing"):
            _is_guarded((await it.ask(path))[1].partition("\r\n\r\n")[0].lower())


def _is_guarded(head: str) -> None:
    assert "cache-control: no-store" in head
    assert "x-content-type-options: nosniff" in head
    assert "content-security-policy: default-src 'none'; frame-ancestors 'none'" in head
    assert "x-frame-options: deny" in head
    assert "server:" not in head
    assert "access-control-allow-origin" not in head


@pytest.mark.threat("dns-rebinding")
async def test_without_tokens_a_name_that_is_not_this_machines_is_turned_away() -> None:
    async with door() as it:
        for host in ("evil.example", "evil.example:8080", "127.0.0.1.evil.example", "169.254.169.254", "[::2]"):
            assert (await it.ask("/healthz", host=host))[0] == 421, host


@pytest.mark.threat("dns-rebinding")
async def test_this_machines_own_names_are_good() -> None:
    async with door(host="box.lan") as it:
        for host in ("localhost", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:1", "box.lan:8080"):
            assert (await it.ask("/healthz", host=host))[0] == 200, host


async def test_only_reading_is_possible() -> None:
    async with door() as it:
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
            assert (await it.ask("/healthz", method=method))[0] == 405, method
        assert (await it.raw(b"HEAD /livez HTTP/1.0\r\n\r\n")).split()[1] == "200"


@pytest.mark.parametrize("header", ["Content-Length: 1", "Content-Length: 99999999999", "Transfer-Encoding: chunked"])
async def test_a_body_is_not_read(header: str) -> None:
    async with door() as it:
        assert (await it.ask("/livez", header))[0] == 413


@pytest.mark.threat("body-bomb")
@pytest.mark.parametrize(
    "request_",
    [
        b"GET /livez HTTP/1.1\r\nX: " + b"a" * 100_000,
        b"GET /" + b"a" * 100_000,
        b"GET /livez HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(20_000)),
        b"\x16\x03\x01\x02\x00 nonsense\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
)
async def test_what_is_too_large_or_no_request_gets_a_short_no(request_: bytes) -> None:
    async with door() as it:
        answer = await it.raw(request_)
        assert answer == "" or answer.split()[1] == "400"
        assert (await it.ask("/livez"))[0] == 200


async def test_a_request_that_never_ends_is_hung_up_on() -> None:
    async with door(head_seconds=0.5) as it:
        assert await it.raw(b"GET /livez HTTP/1.1\r\nHost: local") == ""
        assert await it.raw(b"") == ""
        assert (await it.ask("/livez"))[0] == 200


async def test_a_connection_that_asked_once_and_then_dawdles_is_hung_up_on() -> None:
    async with door(head_seconds=0.5) as it:
        whole = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert (await it.raw(whole + b"GET /livez HTTP/1.1\r\nX: ")).endswith("ok\n")


async def test_more_connections_than_it_holds_are_closed_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "CONNECTIONS", 3)
    async with door() as it:
        held = [await asyncio.open_connection("127.0.0.1", it.door.port) for _ in range(3)]
        held[0][1].write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await held[0][0].readline()).split()[1] == b"200"
        assert await it.raw(b"GET /livez HTTP/1.1\r\n") == ""
        for _, writer in held:
            writer.close()
