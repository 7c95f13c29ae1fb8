"""Link-local and metadata addresses are never connected to: not as written, not by name, not on the second look."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

import httpcore
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from sentinel.config.settings import Settings
from sentinel.deliver.channel import Later
from sentinel.deliver.posting import outcome
from sentinel.deliver.settings import Secret, SlackSettings, SmtpSettings
from sentinel.deliver.slack_calls import Lost, SlackCalls
from sentinel.deliver.smtp import SmtpChannel
from sentinel.errors import ConfigError
from sentinel.fetch import Client, Trouble, TroubleReason
from sentinel.fetch_addresses import ForbiddenAddress, allowed, is_forbidden, is_forbidden_host
from sentinel.fetch_connect import GuardedBackend, first
from sentinel.fetch_expiry import NotSeen, expiry
from tests.fakes.mailbox import Mailbox
from tests.fakes.raw_server import answering, raw_server
from tests.fakes.stories import delivery

METADATA = "169.254.169.254"
FORBIDDEN = (
    METADATA,
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
)
pytestmark = pytest.mark.threat("ssrf")


class Names:
    """A resolver that gives one answer after the other; the last one stays. `asked` keeps the hosts."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


class Wire(httpcore.AsyncNetworkBackend):
    """Notes who is connected to and takes no connection."""

    def __init__(self) -> None:
        self.connected: list[str] = []

    async def connect_tcp(self, host: str, *_: object) -> httpcore.AsyncNetworkStream:
        self.connected.append(host)
        raise httpcore.ConnectError(f"{host} refuses") from ConnectionRefusedError()


def wired(names: Names) -> tuple[GuardedBackend, Wire]:
    backend, wire = GuardedBackend(names), Wire()
    backend._plain = wire  # type: ignore[assignment]
    return backend, wire


# What is forbidden


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_address_is_known_in_every_wrapping(address: str) -> None:
    assert is_forbidden(address)
    assert is_forbidden_host(address)


@pytest.mark.parametrize("host", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "169.16689662"])
def test_an_address_in_an_odd_spelling_is_known(host: str) -> None:
    assert is_forbidden_host(host)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "fd12::1", "portal.example.com", "", "\ud800"]
)
def test_private_networks_and_names_are_not(host: str) -> None:
    assert not is_forbidden_host(host)


@given(st.integers(0, 0xFFFF), st.sampled_from(["::ffff:{}", "::{}", "64:ff9b::{}", "{}"]))
def test_the_whole_link_local_network_is_forbidden(low: int, form: str) -> None:
    assert is_forbidden(form.format(ipaddress.IPv4Address(0xA9FE0000 + low)))


@given(st.one_of(st.text(st.characters(codec=None), max_size=30), st.ip_addresses().map(str)))
def test_any_host_gets_an_answer(host: str) -> None:
    assert is_forbidden_host(host) in (True, False)


# By name, at the moment of connecting


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_a_name_that_leads_there_is_not_connected_to(address: str) -> None:
    async with Client(resolver=Names([address])) as client:
        found = await client.get("http://portal.example.com/")
    assert isinstance(found, Trouble)
    assert (found.reason, found.sent) == (TroubleReason.FORBIDDEN, False)
    assert address in found.text
    assert isinstance(outcome(found, 0.0), Later), "a name server that lies for a while gives up no notice"


async def test_of_several_addresses_only_the_allowed_are_tried() -> None:
    backend, wire = wired(Names([METADATA, "192.0.2.1", "fe80::1", "192.0.2.2"]))
    with pytest.raises(httpcore.ConnectError):
        await backend.connect_tcp("portal.example.com", 80, 5.0)
    assert wire.connected == ["192.0.2.1", "192.0.2.2"]


@pytest.mark.threat("dns-rebinding")
async def test_a_name_that_changes_its_mind_is_asked_once_per_connection() -> None:
    names = Names(["127.0.0.1"], [METADATA])
    async with (
        raw_server(answering(b"ok", headers="Connection: close\r\n")) as server,
        Client(resolver=names) as client,
    ):
        url = f"http://portal.example.com:{server.port}/"
        assert not isinstance(await client.get(url), Trouble)
        assert names.asked == ["portal.example.com"], "what was looked at is what was connected to"
        second = await client.get(url)
    assert isinstance(second, Trouble)
    assert second.reason is TroubleReason.FORBIDDEN
    assert len(server.requests) == 1


@pytest.mark.threat("dns-rebinding")
async def test_looking_at_an_expired_certificate_is_no_second_chance(tmp_path: Path) -> None:
    authority, names = trustme.CA(), Names(["127.0.0.1"], [METADATA])
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    past = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)
    leaf = authority.issue_cert("portal.example.com", not_before=past, not_after=past.replace(year=2021))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    async with (
        raw_server(answering(b"ok"), context) as server,
        Client(resolver=names, ca_file=tmp_path / "ca.pem") as client,
    ):
        found = await client.get(f"https://portal.example.com:{server.port}/")
    assert isinstance(found, Trouble)
    assert found.text == "the certificate of portal.example.com has expired", "no date: nobody was asked for it"
    assert names.asked == ["portal.example.com"] * 2


@pytest.mark.parametrize("url", [f"http://{METADATA}/latest", "https://[fe80::1]/", "http://2852039166/"])
@pytest.mark.parametrize("trust_env", [False, True])
async def test_an_address_in_the_url_is_refused_before_any_proxy_is_asked(
    url: str, monkeypatch: pytest.MonkeyPatch, *, trust_env: bool
) -> None:
    async with raw_server(answering(b"ok")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("https_proxy", proxy.url)
        async with Client(trust_env=trust_env) as client:
            found = await client.get(url)
    assert isinstance(found, Trouble)
    assert found.reason is TroubleReason.FORBIDDEN
    assert proxy.requests == []


async def test_a_proxy_with_such_an_address_is_not_asked_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example.com:3128")
    async with Client(trust_env=True, resolver=Names([METADATA])) as client:
        found = await client.get("http://portal.example.com/")
    assert isinstance(found, Trouble)
    assert found.reason is TroubleReason.FORBIDDEN


@pytest.mark.fault(58)
async def test_a_redirect_does_not_lead_there() -> None:
    for target in (f"http://{METADATA}/latest", "http://inside.example.com/"):
        move = answering(b"", status="302 Found", headers=f"Location: {target}\r\n")
        names = Names(["127.0.0.1"], [METADATA])
        async with raw_server(move) as server, Client(follow_redirects=True, resolver=names) as client:
            found = await client.get(f"http://portal.example.com:{server.port}/")
        assert isinstance(found, Trouble)
        assert found.reason is TroubleReason.FORBIDDEN
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "unix:/tmp/x", "data:,x"]
)
async def test_only_http_and_https_are_spoken(url: str) -> None:
    async with Client() as client:
        found = await client.get(url)
    assert isinstance(found, Trouble)
    assert (found.reason, found.sent) == (TroubleReason.PROTOCOL, False)


async def test_a_name_without_an_address_says_so() -> None:
    with pytest.raises(socket.gaierror):
        await allowed("portal.example.com", 80, Names([]))
    with pytest.raises(ForbiddenAddress, match="leads to 169"):
        await allowed("portal.example.com", 80, Names([METADATA]))


# Connecting to the rest


@pytest.mark.fault(62)
async def test_an_address_that_hangs_does_not_hold_up_the_next_one() -> None:
    tried: list[str] = []

    async def connect(address: str) -> httpcore.AsyncNetworkStream:
        tried.append(address)
        if address == "2001:db8::1":
            await asyncio.Event().wait()
        return Stream()

    assert isinstance(await first(["2001:db8::1", "192.0.2.1", "192.0.2.2"], connect), Stream)
    assert tried == ["2001:db8::1", "192.0.2.1"]


async def test_the_families_take_turns_and_the_first_refusal_is_told() -> None:
    backend, wire = wired(Names(["2001:db8::1", "2001:db8::2", "192.0.2.1"]))
    with pytest.raises(httpcore.ConnectError, match="2001:db8::1 refuses"):
        await backend.connect_tcp("portal.example.com", 80, 5.0)
    assert wire.connected == ["2001:db8::1", "192.0.2.1", "2001:db8::2"]


class Stream(httpcore.AsyncNetworkStream):
    """A connection."""


# Slack, mail, certificates


async def test_slack_is_not_asked_there_by_address_or_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def lying(host: object, port: object, *_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (METADATA, port))]

    for host in (METADATA, "slack.example.com"):
        calls = SlackCalls(SlackSettings(token=Secret("xoxb-canary"), api_url=f"http://{host}/api/"))
        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", lying)
            reply = await calls.call("auth.test", {})
        await calls.close()
        assert reply == Lost("no connection to Slack (ClientConnectorError)", sent=False)


async def test_not_even_a_connection_to_slack_is_opened_there(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr("sentinel.deliver.slack_calls.is_forbidden", lambda address: not looked.append(address))
    async with raw_server(answering(b"{}")) as server:
        for host in ("127.0.0.1", "localhost"):
            calls = SlackCalls(SlackSettings(token=Secret("x"), api_url=f"http://{host}:{server.port}/api/"))
            assert isinstance(await calls.call("auth.test", {}), Lost)
            await calls.close()
    assert server.connections == 0
    assert "127.0.0.1" in looked


async def test_no_mail_server_is_asked_there() -> None:
    channel = SmtpChannel("a@example.com", SmtpSettings(host=METADATA, sender="s@example.com", security="none"))
    outcome_ = await channel.send(delivery())
    assert isinstance(outcome_, Later)
    assert "metadata address" in outcome_.reason


@pytest.mark.threat("dns-rebinding")
async def test_a_mail_server_whose_name_changed_its_mind_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Mailbox(login=("u", "canary")) as box:
        settings = SmtpSettings(
            host="127.0.0.1",
            port=box.port,
            sender="s@example.com",
            security="none",
            username="u",
            password=Secret("canary"),
        )
        looked: list[str] = []

        def second_look(address: str) -> bool:
            looked.append(address)
            return True

        monkeypatch.setattr("sentinel.deliver.smtp.is_forbidden", second_look)
        assert isinstance(await SmtpChannel("a@example.com", settings).send(delivery()), Later)
    assert looked == ["127.0.0.1"]
    assert (box.connections, box.logins, box.accepted) == (1, [], [])


async def test_no_certificate_is_looked_at_there() -> None:
    found = await expiry(METADATA, 443)
    assert isinstance(found, NotSeen)
    assert "metadata address" in found.text


@pytest.mark.parametrize(
    "variable",
    ["SENTINEL_SLACK_API_URL", "SENTINEL_HEARTBEAT_URL", "SENTINEL_SOURCE_PORTAL_URL", "SENTINEL_SLACK_WEBHOOK_OPS"],
)
def test_a_variable_that_points_there_is_refused_by_name(variable: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Settings.load({variable: f"https://{METADATA}/canary"})
    (problem,) = refused.value.problems
    assert variable in problem.message
    assert "canary" not in problem.message + problem.hint
    with pytest.raises(ConfigError, match="SENTINEL_SMTP_HOST"):
        Settings.load({"SENTINEL_SMTP_HOST": METADATA, "SENTINEL_SMTP_FROM": "a@example.com"})
