"""Until when a server's certificate is valid, over real sockets: HTTPS, and a mail server's STARTTLS."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from pathlib import Path

import pytest
import trustme

from sentinel.fetch_expiry import NotSeen, Shown, expiry
from tests.fakes.mailbox import Mailbox
from tests.fakes.raw_server import answering, raw_server, sending

LAST = dt.datetime(2051, 3, 4, 5, 6, 7, tzinfo=dt.UTC)
LONG_AGO = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(made)
    return made


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


async def test_a_trusted_certificate_is_shown_with_the_second_it_ends(authority: trustme.CA, ca_file: Path) -> None:
    tls = context(authority.issue_cert("127.0.0.1", not_after=LAST))
    async with raw_server(answering(b"ok"), tls) as server:
        found = await expiry("127.0.0.1", port_of(server.url), ca_file=ca_file)
    assert found == Shown(LAST.timestamp())
    assert server.requests == []


@pytest.mark.fault(47)
async def test_one_that_is_not_trusted_is_shown_with_its_date_and_the_reason(authority: trustme.CA) -> None:
    tls = context(authority.issue_cert("127.0.0.1", not_after=LAST))
    async with raw_server(answering(b"ok"), tls) as server:
        found = await expiry("127.0.0.1", port_of(server.url))
    assert isinstance(found, Shown)
    assert found.expires_at == LAST.timestamp()
    assert "authority that is not trusted" in found.trouble or "self-signed" in found.trouble


@pytest.mark.fault(47)
@pytest.mark.parametrize("starttls", [False, True])
async def test_one_that_has_expired_says_since_when(authority: trustme.CA, ca_file: Path, starttls: bool) -> None:
    leaf = authority.issue_cert("127.0.0.1", not_before=LONG_AGO, not_after=LONG_AGO.replace(year=2021))
    if starttls:
        async with Mailbox(tls=context(leaf)) as box:
            found = await expiry("127.0.0.1", box.port, ca_file=ca_file, starttls=True)
    else:
        async with raw_server(answering(b"ok"), context(leaf)) as server:
            found = await expiry("127.0.0.1", port_of(server.url), ca_file=ca_file)
    assert found == Shown(
        LONG_AGO.replace(year=2021).timestamp(), "the certificate of 127.0.0.1 has expired on 2021-01-02"
    )


async def test_a_mail_server_shows_its_certificate_after_starttls(authority: trustme.CA, ca_file: Path) -> None:
    async with Mailbox(tls=context(authority.issue_cert("127.0.0.1", not_after=LAST))) as box:
        assert await expiry("127.0.0.1", box.port, ca_file=ca_file, starttls=True) == Shown(LAST.timestamp())
        assert box.accepted == []


async def test_a_mail_server_without_starttls_shows_none() -> None:
    async with Mailbox() as box:
        found = await expiry("127.0.0.1", box.port, starttls=True)
    assert found == NotSeen(f"127.0.0.1:{box.port} showed no certificate (it does not offer STARTTLS)")


async def test_nobody_listening_plain_http_and_silence_are_values() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        found = await expiry("127.0.0.1", port)
    assert isinstance(found, NotSeen)
    assert f"127.0.0.1:{port}" in found.text
    async with raw_server(sending(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        silent = await expiry("127.0.0.1", port_of(server.url), timeout=0.6)
    assert isinstance(silent, NotSeen)


async def test_a_port_that_talks_no_tls_says_so() -> None:
    async with Mailbox() as box:
        found = await expiry("127.0.0.1", box.port, timeout=5.0)
    assert found == NotSeen(f"127.0.0.1:{box.port} does not speak TLS")
