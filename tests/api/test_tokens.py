"""Who gets in: tokens, guesses, and which pages say what to whom."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from sentinel.api import gate
from sentinel.api.tokens import GUESSES, WITHIN, Guesses, Tokens
from sentinel.config.needs import check_door
from sentinel.config.settings import Settings
from sentinel.engine.health import Check
from sentinel.errors import ConfigError
from tests.api.door import DETAIL, TOKEN, Place, bearer, door

OTHER = "canary-token-of-another-scraper"
WRONG = (
    bearer(TOKEN[:-1]),
    bearer(TOKEN + "x"),
    bearer(""),
    bearer(TOKEN.upper()),
    f"Authorization: Basic {TOKEN}",
    f"Authorization: {TOKEN}",
    f"Authorization: Bearer {TOKEN}, {OTHER}",
    "Authorization: Bearer \xff\xfe",
)
pytestmark = pytest.mark.threat("unauthenticated-api")


async def test_with_tokens_nothing_is_told_without_one() -> None:
    async with door(TOKEN) as it:
        for path in ("/healthz", "/metrics", "/nothing", "/livez/..", "//metrics", "/%6detrics"):
            status, answer = await it.ask(path)
            assert status == 401, path
            assert DETAIL not in answer
            assert "sentinel_" not in answer.partition("\r\n\r\n")[2]


async def test_every_token_opens() -> None:
    async with door(TOKEN, OTHER) as it:
        for token in (TOKEN, OTHER):
            assert DETAIL in (await it.ask("/healthz", bearer(token)))[1]
            assert (await it.ask("/metrics", bearer(token)))[0] == 200


async def test_nothing_but_the_token_itself_opens() -> None:
    async with door(TOKEN) as it:
        for header in WRONG:
            assert (await it.ask("/healthz", header))[0] == 401, header
            assert (await it.ask("/readyz", header))[0] == 401, header


async def test_a_platform_asks_without_a_token_and_learns_one_word() -> None:
    failing = [Check("store", good=False, text=DETAIL)]
    async with door(TOKEN) as well, door(TOKEN, checks=failing) as ill:
        assert await _body(well, "/readyz") == (200, {"status": "ok"})
        assert await _body(ill, "/readyz") == (503, {"status": "failing"})
        assert (await ill.ask("/livez"))[1].endswith("\r\n\r\nok\n")
        assert DETAIL in (await ill.ask("/readyz", bearer(TOKEN)))[1]


async def test_without_tokens_the_loopback_door_tells_all() -> None:
    async with door() as it:
        assert DETAIL in (await it.ask("/readyz"))[1]
        assert (await it.ask("/metrics"))[0] == 200


@pytest.mark.threat("brute-force")
async def test_whoever_guesses_has_to_wait_and_then_may_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []

    class Log:
        def warning(self, text: str, *, address: str) -> None:
            logged.append(address)

    monkeypatch.setattr(gate, "log", Log())
    async with door(TOKEN) as it:
        for _ in range(GUESSES):
            assert (await it.ask("/healthz", bearer("a wrong one")))[0] == 401
            it.clock.advance(1.0)
        assert logged == ["127.0.0.1"], "told once"
        status, answer = await it.ask("/healthz", bearer(TOKEN))
        assert status == 429
        assert f"retry-after: {int(WITHIN) - GUESSES + 1}" in answer.lower()
        assert (await it.ask("/livez"))[0] == (await it.ask("/readyz"))[0] == 200
        it.clock.advance(WITHIN - GUESSES)
        assert (await it.ask("/healthz", bearer(TOKEN)))[0] == 200


@pytest.mark.threat("brute-force")
def test_guesses_count_per_address_and_per_network_of_ipv6() -> None:
    guesses = Guesses()
    for n in range(GUESSES):
        guesses.wrong("192.0.2.1", 1.0)
        guesses.wrong(f"2001:db8::{n:x}", 1.0)
    assert guesses.wait("192.0.2.1", 1.0) > 0
    assert guesses.wait("2001:db8::ffff", 1.0) > 0
    assert guesses.wait("192.0.2.2", 1.0) == guesses.wait("2001:db8:0:1::1", 1.0) == 0


@pytest.mark.threat("brute-force")
def test_many_addresses_take_no_memory() -> None:
    guesses = Guesses()
    for n in range(20_000):
        guesses.wrong(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", 1.0)
    assert len(guesses) <= 1024


@pytest.mark.threat("brute-force")
def test_every_token_is_compared_whatever_the_first_ones_say(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def counting(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return one == other

    tokens = Tokens([TOKEN, OTHER])
    monkeypatch.setattr("sentinel.api.tokens.hmac.compare_digest", counting)
    assert tokens.accept(f"Bearer {TOKEN}")
    assert len(compared) == 2
    assert all(len(one) == 32 for one in compared), "digests, whose length tells nothing"


def test_the_environment_may_hold_only_the_digest() -> None:
    digest = "sha256:" + hashlib.sha256(TOKEN.encode()).hexdigest()
    tokens = Tokens([digest])
    assert tokens.accept(f"Bearer {TOKEN}")
    assert tokens.accept(f"bearer  {TOKEN} ")
    assert not tokens.accept(f"Bearer {digest}")


# What may be configured


@pytest.mark.parametrize("bind", ["0.0.0.0:8080", "[::]:8080", "10.0.0.5:80", "monitor.lan:8080", "127.0.0.1.nip.io:1"])
def test_the_start_is_refused_where_others_could_ask_and_no_token_is_set(bind: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_door(Settings.load({"SENTINEL_HTTP_BIND": bind}))
    (problem,) = refused.value.problems
    assert (problem.code, refused.value.exit_code) == ("E204", 2)
    assert {"SENTINEL_HTTP_BIND", "SENTINEL_API_TOKENS"} <= set(problem.message.split())
    assert "127.0.0.1:8080" in problem.hint
    check_door(Settings.load({"SENTINEL_HTTP_BIND": bind, "SENTINEL_API_TOKENS": TOKEN}))


@pytest.mark.parametrize("bind", ["127.0.0.1:8080", "127.8.8.8:1", "[::1]:8080", "localhost:8080", "off"])
def test_on_this_machine_no_token_is_needed(bind: str) -> None:
    check_door(Settings.load({"SENTINEL_HTTP_BIND": bind}))


def test_several_tokens_stand_apart_in_a_variable_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"{TOKEN}\n{OTHER}\n")
    assert Settings.load({"SENTINEL_API_TOKENS": f" {TOKEN}, {OTHER},"}).tokens() == (TOKEN, OTHER)
    settings = Settings.load({"SENTINEL_API_TOKENS_FILE": str(file)})
    assert settings.tokens() == (TOKEN, OTHER)
    assert {TOKEN, OTHER} <= set(settings.secrets()), "each is kept out of logs, not only all together"


@pytest.mark.parametrize("token", ["short", "canary-ünïcode-token-of-length", "sha256:canary", "sha256:" + "g" * 64])
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Settings.load({"SENTINEL_API_TOKENS": f"{TOKEN},{token}"})
    (problem,) = refused.value.problems
    assert "SENTINEL_API_TOKENS" in problem.message
    assert token not in problem.message + problem.hint


async def _body(it: Place, path: str) -> tuple[int, object]:
    status, answer = await it.ask(path)
    return status, json.loads(answer.partition("\r\n\r\n")[2])
