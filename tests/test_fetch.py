"""One exchange over real sockets: every way it can end is a value, and says whether the request may have arrived."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import logging
import socket
import ssl
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from sentinel.fetch import Answer, Client, Trouble, TroubleReason
from sentinel.fetch_certificates import validity_of
from tests.fakes.raw_server import answering, in_turn, raw_server, sending

MB = 2**20
CANARY = "hunter2-canary"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(timeout=5, max_raw_bytes=MB, max_unpacked_bytes=4 * MB) as one:
        yield one


def trouble(result: Answer | Trouble) -> Trouble:
    assert isinstance(result, Trouble), result
    return result


def answer(result: Answer | Trouble) -> Answer:
    assert isinstance(result, Answer), result
    return result


async def test_a_complete_answer_has_status_headers_body_and_no_query_in_its_url(client: Client) -> None:
    async with raw_server(answering(b"[1]", headers="X-Thing: yes\r\n")) as server:
        got = answer(await client.get(server.url + "/a/b", params=(("q", "Zürich & Bern/West"),)))
        assert (got.status, got.body, got.headers["x-thing"], got.raw_bytes) == (200, b"[1]", "yes", 3)
        assert got.url == server.url + "/a/b"
        assert "GET /a/b?q=Z%C3%BCrich+%26+Bern%2FWest HTTP/1.1" in server.requests[0]


async def test_a_post_carries_its_body_and_headers(client: Client) -> None:
    seen: list[bytes] = []

    async def behave(writer: asyncio.StreamWriter) -> None:
        await answering(b"ok", content_type="text/plain")(writer)
        writer.close()

    async with raw_server(behave) as server:
        got = answer(await client.post(server.url, b'{"a":1}', headers={"X-Signature": "s"}))
        seen.append(got.body)
        assert "content-length: 7" in server.requests[0].lower()
        assert "x-signature: s" in server.requests[0].lower()
    assert seen == [b"ok"]


async def test_a_name_without_address_was_certainly_not_asked(client: Client) -> None:
    found = trouble(await client.get("http://no-such-host.invalid/secret-path?key=" + CANARY))
    assert (found.reason, found.sent) == (TroubleReason.DNS, False)
    assert "no-such-host.invalid" in found.text
    assert CANARY not in found.text
    assert "secret-path" not in found.text


async def test_a_refused_connection_was_certainly_not_asked(client: Client) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        found = trouble(await client.post(f"http://127.0.0.1:{port}/", b"x"))
    assert (found.reason, found.sent) == (TroubleReason.REFUSED, False)
    assert str(port) in found.text


async def test_a_connection_closed_without_answer_may_have_been_asked(client: Client) -> None:
    async with raw_server(sending(b"")) as server:
        found = trouble(await client.post(server.url, b"x"))
    assert (found.reason, found.sent) == (TroubleReason.RESET, True)


async def test_a_server_that_never_answers_runs_into_the_total_deadline() -> None:
    hold = asyncio.Event()

    async def behave(writer: asyncio.StreamWriter) -> None:
        await hold.wait()

    async with raw_server(behave) as server, Client(timeout=0.2) as client:
        found = trouble(await client.get(server.url))
        hold.set()
    assert (found.reason, found.sent) == (TroubleReason.TIMEOUT, True)
    assert "0.2 s" in found.text


@pytest.mark.fault(48)
@pytest.mark.threat("body-bomb")
async def test_a_body_that_trickles_is_cut_at_the_total_deadline() -> None:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with raw_server(behave) as server, Client(timeout=0.3) as client:
        found = trouble(await client.get(server.url))
    assert found.reason is TroubleReason.TIMEOUT
    assert "bytes came" in found.text


@pytest.mark.parametrize("wrap", [gzip.compress, zlib.compress, lambda body: zlib.compress(body, wbits=-15)])
async def test_compressed_bodies_are_unpacked(client: Client, wrap: object) -> None:
    body = b'[{"devices": 1}]' * 50
    encoding = "gzip" if wrap is gzip.compress else "deflate"
    packed = wrap(body)  # type: ignore[operator]
    async with raw_server(answering(packed, headers=f"Content-Encoding: {encoding}\r\n")) as server:
        got = answer(await client.get(server.url))
    assert got.body == body
    assert got.raw_bytes == len(packed)


async def test_two_gzip_members_are_one_body(client: Client) -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two")
    async with raw_server(answering(packed, headers="Content-Encoding: gzip\r\n")) as server:
        assert answer(await client.get(server.url)).body == b"one two"


@pytest.mark.fault(49)
@pytest.mark.threat("body-bomb")
async def test_a_gzip_bomb_is_refused_without_unpacking_it(client: Client) -> None:
    bomb = gzip.compress(b" " * (100 * MB))
    async with raw_server(answering(bomb, headers="Content-Encoding: gzip\r\n")) as server:
        found = trouble(await client.get(server.url))
    assert found.reason is TroubleReason.TOO_LARGE
    assert "4,194,304" in found.text


@pytest.mark.fault(49)
@pytest.mark.threat("body-bomb")
async def test_an_announced_huge_body_is_refused_at_once(client: Client) -> None:
    async with raw_server(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nx", then_close=False)) as server:
        found = trouble(await client.get(server.url))
    assert found.reason is TroubleReason.TOO_LARGE


@pytest.mark.fault(49)
@pytest.mark.threat("body-bomb")
async def test_a_huge_body_of_unknown_length_is_cut_at_the_limit(client: Client) -> None:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(64):
            writer.write(b"x" * 65536)
            await writer.drain()
        writer.close()

    async with raw_server(behave) as server:
        found = trouble(await client.get(server.url))
    assert found.reason is TroubleReason.TOO_LARGE


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,2",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n[1,2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 5000)[:-12],
    ],
    ids=["content-length", "chunked", "gzip"],
)
async def test_an_answer_that_ends_early_is_truncated(client: Client, raw: bytes) -> None:
    async with raw_server(sending(raw)) as server:
        found = trouble(await client.get(server.url))
    assert (found.reason, found.sent) == (TroubleReason.TRUNCATED, True)


@pytest.mark.parametrize("encoding", ["gzip", "br"])
async def test_a_body_that_cannot_be_unpacked_says_so(client: Client, encoding: str) -> None:
    async with raw_server(answering(b"no such data", headers=f"Content-Encoding: {encoding}\r\n")) as server:
        assert trouble(await client.get(server.url)).reason is TroubleReason.ENCODING


async def test_what_is_not_http_is_a_protocol_trouble(client: Client) -> None:
    async with raw_server(sending(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")) as server:
        assert trouble(await client.get(server.url)).reason is TroubleReason.PROTOCOL


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "http://", "http://127.0.0.1:99999/", "nonsense", "http://\x00/"])
async def test_an_impossible_url_is_trouble_and_nothing_is_sent(client: Client, url: str) -> None:
    found = trouble(await client.get(url))
    assert (found.reason, found.sent) == (TroubleReason.PROTOCOL, False)


@pytest.mark.fault(58)
async def test_redirects_are_answers_unless_followed(client: Client) -> None:
    moved = answering(status="302 Found", headers="Location: /elsewhere\r\n")
    async with raw_server(moved) as server:
        got = answer(await client.get(server.url))
        assert (got.status, got.headers["location"], len(server.requests)) == (302, "/elsewhere", 1)


@pytest.mark.fault(58)
@pytest.mark.threat("secrets")
async def test_credentials_follow_a_redirect_on_the_same_host_only() -> None:
    async with raw_server(answering(b"[]")) as other:
        to_other = answering(status="302 Found", headers=f"Location: {other.url}/\r\n")
        to_self = answering(status="302 Found", headers="Location: /again\r\n")
        async with raw_server(in_turn(to_self, to_other)) as first, Client(follow_redirects=True) as client:
            got = answer(await client.get(first.url, headers={"Authorization": "Basic " + CANARY}))
    assert got.url == other.url + "/"
    assert all(CANARY in request for request in first.requests)
    assert len(first.requests) == 2
    assert CANARY not in other.requests[0]


async def test_a_redirect_loop_ends(client: Client) -> None:
    loop = answering(status="302 Found", headers="Location: /again\r\n")
    async with raw_server(loop) as server, Client(follow_redirects=True) as follower:
        found = trouble(await follower.get(server.url))
    assert found.reason is TroubleReason.PROTOCOL
    assert len(server.requests) == 6


@pytest.mark.fault(59)
async def test_proxy_variables_change_the_route_only_if_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_server(answering(b"direct")) as server, raw_server(answering(b"proxied")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with Client() as plain, Client(trust_env=True) as trusting:
            assert answer(await plain.get(server.url)).body == b"direct"
            assert answer(await trusting.get(server.url)).body == b"proxied"


@pytest.mark.threat("secrets")
async def test_cookies_are_not_kept(client: Client) -> None:
    async with raw_server(answering(b"ok", headers="Set-Cookie: session=1; Path=/\r\n")) as server:
        await client.get(server.url)
        await client.get(server.url)
        assert len(server.requests) == 2
        assert "cookie:" not in server.requests[1].lower()


@pytest.mark.threat("secrets")
@pytest.mark.promise("P8")
async def test_nothing_is_logged_of_url_or_credentials(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with raw_server(answering(b"ok")) as server:
        url = server.url.replace("//", f"//bot:{CANARY}@") + f"/services/{CANARY}?token={CANARY}"
        got = answer(await client.get(url, headers={"Authorization": CANARY}))
    assert CANARY not in caplog.text
    assert CANARY not in repr(got)


# ---- TLS


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


async def test_a_private_authority_is_trusted_through_ca_file(authority: trustme.CA, ca_file: Path) -> None:
    tls = server_context(authority.issue_cert("127.0.0.1"))
    async with raw_server(answering(b"ok"), tls) as server, Client(ca_file=ca_file) as client:
        assert answer(await client.get(server.url)).body == b"ok"


async def test_a_certificate_itself_may_be_the_ca_file(authority: trustme.CA, tmp_path: Path) -> None:
    leaf = authority.issue_cert("127.0.0.1")
    path = tmp_path / "leaf.pem"
    leaf.cert_chain_pems[0].write_to_path(path)
    async with raw_server(answering(b"ok"), server_context(leaf)) as server, Client(ca_file=path) as client:
        assert answer(await client.get(server.url)).body == b"ok"


@pytest.mark.fault(47, 61)
async def test_an_unknown_authority_is_named_as_the_reason(authority: trustme.CA) -> None:
    tls = server_context(authority.issue_cert("127.0.0.1"))
    async with raw_server(answering(b"ok"), tls) as server, Client() as client:
        found = trouble(await client.post(server.url, b"x"))
    assert (found.reason, found.sent) == (TroubleReason.TLS, False)
    assert "authority that is not trusted" in found.text or "self-signed" in found.text
    assert server.requests == []


@pytest.mark.fault(47, 61)
async def test_a_certificate_for_another_host_is_named_as_the_reason(authority: trustme.CA, ca_file: Path) -> None:
    tls = server_context(authority.issue_cert("portal.example.com"))
    async with raw_server(answering(b"ok"), tls) as server, Client(ca_file=ca_file) as client:
        found = trouble(await client.get(server.url))
    assert (found.reason, found.text) == (TroubleReason.TLS, "the certificate is not for 127.0.0.1")


@pytest.mark.fault(47)
async def test_an_expired_certificate_is_named_with_its_last_day(authority: trustme.CA, ca_file: Path) -> None:
    past = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)
    tls = server_context(authority.issue_cert("127.0.0.1", not_before=past, not_after=past.replace(year=2021)))
    async with raw_server(answering(b"ok"), tls) as server, Client(ca_file=ca_file) as client:
        found = trouble(await client.get(server.url))
    assert (found.reason, found.sent) == (TroubleReason.TLS, False)
    assert found.text == "the certificate of 127.0.0.1 has expired on 2021-01-02"


async def test_a_certificate_of_the_future_is_named_with_its_first_day(authority: trustme.CA, ca_file: Path) -> None:
    ahead = dt.datetime(2090, 5, 6, tzinfo=dt.UTC)
    tls = server_context(authority.issue_cert("127.0.0.1", not_before=ahead, not_after=ahead.replace(year=2091)))
    async with raw_server(answering(b"ok"), tls) as server, Client(ca_file=ca_file) as client:
        found = trouble(await client.get(server.url))
    assert found.text == "the certificate of 127.0.0.1 is not valid yet, only from 2090-05-06"


async def test_a_handshake_that_hangs_was_certainly_not_asked() -> None:
    async with raw_server(sending(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server, Client(timeout=5) as client:
        # The server waits for a blank line that never comes in a TLS greeting; the client gives up by itself.
        found = trouble(await client.exchange("GET", server.url.replace("http:", "https:"), timeout=0.5))
    assert found.sent is False
    assert found.reason is TroubleReason.TIMEOUT


@pytest.mark.fault(47)
async def test_old_tls_is_refused_with_its_reason(authority: trustme.CA, ca_file: Path) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]

        async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(5)
            writer.write(bytes([21, 3, 1, 0, 2, 2, 70]))  # alert: fatal, protocol version
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(old, sock=listening)
        async with server, Client(ca_file=ca_file, timeout=5) as client:
            found = trouble(await client.get(f"https://127.0.0.1:{port}/"))
    assert (found.reason, found.sent) == (TroubleReason.TLS, False)
    assert "protocol version" in found.text


def test_the_dates_of_a_certificate_are_read_from_its_structure(authority: trustme.CA) -> None:
    day = dt.datetime(2051, 3, 4, tzinfo=dt.UTC)
    leaf = authority.issue_cert("x.example.com", not_before=day.replace(year=2049), not_after=day)
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
    assert validity_of(der) == ("2049-03-04", "2051-03-04")


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), (b"no certificate", "no PEM certificate")])
def test_an_unusable_ca_file_is_refused_at_once(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=words):
        Client(ca_file=path)
