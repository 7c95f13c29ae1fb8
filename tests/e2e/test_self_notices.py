"""Trouble with Sentinel itself, in the real program: told where it can be heard, red on the health page, closed once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.terminal import start
from tests.e2e.stage import Stage, stage
from tests.fakes.program import eventually

pytestmark = pytest.mark.process

HOME, REST = "#team-aland", "#team-rest"


def texts(it: Stage, channel: str) -> list[str]:
    """What the messages of a channel say, as a lock screen shows them."""
    return [message.text for message in it.slack.roots(channel)]


@pytest.mark.promise("P1")
@pytest.mark.fault(99)
def test_a_channel_that_refuses_is_announced_on_another_one_until_its_notice_is_told(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = {"SENTINEL_DATABASE_URL": sqlite_url}
    with stage(tmp_path, sqlite_url) as it, it.program() as program:
        home = it.slack.channel(HOME)
        home.private, home.member = True, False
        program.start(until="polling")
        it.bad = {it.sites[0]}
        eventually(lambda: texts(it, REST), "the other channel hears of it")
        (told,) = texts(it, REST)
        assert "given up" in told
        assert texts(it, HOME) == []
        assert program.checks()["outbox"][0] is False
        (listed,) = [one for one in incidents(database) if one["rule"] == "sentinel/abandoned"]
        assert (listed["service"], listed["source"], listed["node"]) == (None, "sentinel", ["slack"])
        home.member = True
        assert start("notices", "retry", "--all", env=database).returncode == 0
        eventually(lambda: texts(it, HOME), "the notice is told after all")
        eventually(lambda: "recovered" in texts(it, REST)[0].lower(), "the other channel hears that it is over")
        assert len(texts(it, REST)) == len(texts(it, HOME)) == 1
        eventually(lambda: program.checks()["status"] == 200, "health is green again")


def incidents(database: dict[str, str]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(start("incidents", "list", "--json", env=database).stdout)
    return found
