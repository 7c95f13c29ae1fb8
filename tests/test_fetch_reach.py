"""The way to a host, step by step, over real sockets on the loopback."""

from __future__ import annotations

import asyncio
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sentinel.clock import SystemClock
from sentinel.fetch_identity import certificate_of
from sentinel.fetch_reach import Way, in_its_own_thread, walk
from sentinel.findings import Finding, Findings, State
from tests.fakes.certificates import EXPIRED, Authority
from tests.fakes.raw_server import answering, raw_server

NOW = datetime(2026, 6, 1, tzinfo=UTC).timestamp()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def walked(way: Way, now: float = NOW) -> tuple[bool, dict[str, Finding]]:
    found = Findings(3)
    good = await walk(way, found, now)
    return good, {one.check: one for one in found}


async def walked_to(
    tls: ssl.SSLContext | None, *, scheme: str = "https", **changes: Any
) -> tuple[bool, dict[str, Finding]]:
    """What is found on the way to a server with this context; nothing may be sent on it."""
    async with raw_server(answering(), tls=tls) as server:
        way = Way.to(f"{scheme}://127.0.0.1:{server.port}", setting="url of the source portal", **changes)
        found = await walked(way)
        assert server.requests == []
        return found


async def test_a_good_way_names_addresses_port_and_how_long_the_certificate_lasts(authority: Authority) -> None:
    good, found = await walked_to(authority.serving(), ca_file=authority.ca_file)
    assert good
    assert [one.state for one in found.values()] == [State.OK] * 3
    assert found["dns"].text == "127.0.0.1"
    assert found["tcp"].text.endswith("is open")
    assert "issued by Example CA, valid until 3000-01-01" in found["tls"].text


async def test_a_name_without_address_ends_the_way_with_what_to_check() -> None:
    good, found = await walked(Way.to("https://no-such-host.invalid", setting="url of the source portal"))
    assert not good
    assert found["dns"].state is State.FAILED
    assert "no-such-host.invalid has no address" in found["dns"].text
    assert "url of the source portal" in found["dns"].mend
    assert (found["tcp"].state, found["tls"].state) == (State.SKIPPED, State.SKIPPED)
    assert found["dns"].code == 3


@pytest.mark.threat("ssrf")
@pytest.mark.parametrize("host", ["169.254.169.254", "metadata.test"])
async def test_an_address_that_is_never_asked_ends_the_way(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def addresses(_host: str, port: int, **_: Any) -> list[Any]:
        return [(0, 0, 0, "", ("169.254.169.254", port))]

    monkeypatch.setattr("socket.getaddrinfo", addresses)
    good, found = await walked(Way.to(f"https://{host}", setting="url of the source portal"))
    assert not good
    assert found["dns"].text.endswith("a link-local or cloud metadata address, which Sentinel never asks")
    assert found["tcp"].state is State.SKIPPED


async def test_a_closed_port_is_refused_at_each_address() -> None:
    async with raw_server(answering()) as gone:
        port = gone.port
    good, found = await walked(Way.to(f"https://127.0.0.1:{port}", setting="url"))
    assert not good
    assert found["tcp"].text == f"no connection to 127.0.0.1:{port} (refused)"
    assert found["tls"].state is State.SKIPPED


async def test_an_address_that_is_silent_beside_one_that_answers_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with an address that leads nowhere costs each connection time; only a family that this machine lacks not."""
    named: list[str] = []

    def addresses(_host: str, port: int, **_: Any) -> list[Any]:
        return [(0, 0, 0, "", (one, port)) for one in named]

    async with raw_server(answering()) as server:
        monkeypatch.setattr("socket.getaddrinfo", addresses)
        way = Way.to(f"http://portal.test:{server.port}", setting="url")
        named[:] = ["127.0.0.1", "2001:db8::1"]
        _, without_ipv6 = await walked(way)
        named.append("127.0.0.2")
        good, found = await walked(way)
        monkeypatch.undo()
    assert without_ipv6["tcp"].state is State.OK
    assert good
    assert found["tcp"].state is State.WARNING
    assert "is open at 1 of 3 addresses, but not everywhere (127.0.0.2: refused)" in found["tcp"].text


async def test_a_proxy_that_is_not_used_is_mentioned_where_the_way_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://user:canary@proxy.test:3128")
    _, found = await walked(Way.to("https://127.0.0.1:1", setting="url"))
    assert found["tcp"].mend.endswith(". HTTPS_PROXY is set, but this is asked directly, without it")
    assert "canary" not in found["tcp"].text + found["tcp"].mend


@pytest.mark.fault(47)
async def test_a_certificate_of_an_unknown_authority_is_told_with_what_it_says(
    authority: Authority, tmp_path: Path
) -> None:
    good, found = await walked_to(authority.serving(), trust_mend="give the PEM file: ca_file")
    assert not good
    assert "an authority that is not trusted; it is made out to 127.0.0.1 by Example CA" in found["tls"].text
    assert found["tls"].mend == "give the PEM file: ca_file"
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other").ca_file
    _, found = await walked_to(authority.serving(), ca_file=other, trust_mend="give the PEM file: ca_file")
    assert found["tls"].mend == f"{other} does not vouch for it; give the PEM file: ca_file"


@pytest.mark.fault(47)
async def test_a_certificate_for_another_name_says_for_which(authority: Authority) -> None:
    good, found = await walked_to(authority.serving("old.example.com"), ca_file=authority.ca_file)
    assert not good
    assert "is not for 127.0.0.1; it is made out to old.example.com" in found["tls"].text
    assert found["tls"].mend == (
        "if one of those names is meant, write it in url of the source portal; "
        "else have a certificate made out to 127.0.0.1"
    )


@pytest.mark.fault(47)
async def test_an_expired_certificate_is_told_with_its_dates(authority: Authority) -> None:
    good, found = await walked_to(authority.serving(dates=EXPIRED), ca_file=authority.ca_file)
    assert not good
    assert "has expired on 2025-01-01" in found["tls"].text
    assert "from 2024-01-01 to 2025-01-01" in found["tls"].text
    assert "clock" in found["tls"].mend
    assert "renewed" in found["tls"].mend


async def test_a_certificate_that_ends_soon_is_a_warning_with_the_days(authority: Authority) -> None:
    ends = datetime.fromtimestamp(SystemClock().now(), UTC) + timedelta(days=30)
    begins = ends - timedelta(days=300)
    async with raw_server(answering(), tls=authority.serving(dates=(begins, ends))) as server:
        way = Way.to(server.url, setting="url", ca_file=authority.ca_file)
        _, early = await walked(way, ends.timestamp() - 15 * 86400)
        good, late = await walked(way, ends.timestamp() - 3.5 * 86400)
    assert early["tls"].state is State.OK
    assert good
    assert late["tls"].state is State.WARNING
    assert late["tls"].text.endswith(": 3 days left")


async def test_a_port_that_does_not_speak_tls_is_named_as_such() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        good, found = await walked(Way.to(f"https://127.0.0.1:{port}", setting="url"))
    assert not good
    assert found["tls"].state is State.FAILED
    assert found["tls"].text == f"127.0.0.1:{port} does not speak TLS"
    assert found["tls"].mend.startswith("check scheme and port in url")


async def test_certificates_to_trust_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    _, found = await walked_to(None, ca_file=tmp_path / "nowhere.pem")
    assert "nowhere.pem cannot be read" in found["tls"].text


async def test_without_encryption_nothing_may_leave_this_machine() -> None:
    _, found = await walked_to(None, scheme="http")
    assert found["tls"].state is State.SKIPPED
    assert "nothing leaves this machine" in found["tls"].text


async def test_what_a_certificate_says_is_read_without_trusting_it(authority: Authority) -> None:
    async with raw_server(answering(), tls=authority.serving("a.example.com", dates=EXPIRED)) as server:
        shown = await certificate_of("127.0.0.1", server.port, "b.example.com")
    assert shown is not None
    assert (shown.names, shown.issuer) == (("a.example.com",), "Example CA")
    assert shown.days_left(EXPIRED[1].timestamp() - 86400) == 1
    assert shown.days_left(EXPIRED[1].timestamp() + 3600) == -1


async def test_work_in_its_own_thread_raises_where_it_is_waited_for() -> None:
    def broken() -> None:
        raise ValueError("as planned")

    with pytest.raises(ValueError, match="as planned"):
        await in_its_own_thread(broken)


async def test_nobody_waits_for_work_that_never_ends() -> None:
    forever = threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await in_its_own_thread(forever.wait)
    forever.set()
