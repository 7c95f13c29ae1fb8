"""A webhook looked at: the way there and no further, and of its URL only the host."""

from __future__ import annotations

from pathlib import Path

from sentinel.deliver.hook_examination import examine
from sentinel.deliver.settings import Secret
from sentinel.findings import Findings, State
from tests.deliver.examined import NOW, by_check, shown
from tests.fakes.certificates import Authority
from tests.fakes.raw_server import answering, raw_server


async def looked_at(url: str) -> Findings:
    found = Findings()
    await examine(Secret(url), "SENTINEL_SLACK_WEBHOOK_NIGHT", "`sentinel notices test` sends one", found, NOW)
    assert "canary" not in shown(found)
    return found


async def test_the_way_is_looked_at_and_nothing_is_sent() -> None:
    async with raw_server(answering()) as server:
        found = by_check(await looked_at(f"{server.url}/services/canary"))
        assert server.requests == []
    assert (found["tcp"].state, found["answer"].state) == (State.OK, State.SKIPPED)
    assert found["answer"].text.endswith("`sentinel notices test` sends one")


async def test_a_certificate_that_is_not_trusted_is_told_without_the_path(tmp_path: Path) -> None:
    async with raw_server(answering(), tls=Authority(tmp_path).serving()) as server:
        found = by_check(await looked_at(f"{server.url}/services/canary"))
    assert found["tls"].state is State.FAILED
    assert "answer" not in found


async def test_a_url_that_is_none_is_a_mistake_of_the_configuration() -> None:
    found = by_check(await looked_at("hooks.example.com/canary"))
    assert (found["address"].state, found["address"].code) == (State.FAILED, 2)
