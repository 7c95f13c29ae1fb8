"""All groups together: none waits for another, and nothing that came back from outside shows a secret."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sentinel.clock import SystemClock
from sentinel.collect import examination as portals
from sentinel.doctor import examination
from sentinel.doctor.examination import Examination
from sentinel.doctor.groups import Group, exit_code
from sentinel.findings import Findings, State
from tests.fakes.mailbox import Mailbox
from tests.fakes.raw_server import answering, raw_server

RULES = """
[[source]]
name = "portal"
type = "nexthink"
url = "{portal}"

[[rule]]
id = "devices-in-error"
summary = "Devices with errors"
service = "Exchange Online"
hierarchy = "Location"
level = "Site"
critical = "devices_with_errors / devices > 10%"

[[receiver]]
name = "workplace"
slack = {{ channel = "#workplace-alerts" }}
email = {{ to = ["ana@example.com"] }}
"""
PASSWORD = "canary-mail-5d20"


async def looked_at(folder: Path, portal: str, *only: str, **variables: str) -> dict[str, Group]:
    rules = folder / "rules.toml"
    rules.write_text(RULES.format(portal=portal))
    environ = {
        "SENTINEL_DATABASE_URL": f"sqlite:///{folder}/sentinel.db",
        "SENTINEL_HTTP_BIND": "off",
        "SENTINEL_SOURCE_PORTAL_USERNAME": "sentinel",
        "SENTINEL_SOURCE_PORTAL_PASSWORD": "canary-portal",
        **{f"SENTINEL_{name}": value for name, value in variables.items()},
    }
    return {one.title: one for one in await Examination(environ, rules, SystemClock(), only=only).run()}


async def test_a_source_that_is_silent_for_too_long_is_trouble_of_a_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "WITHIN", 0.5)
    over = asyncio.Event()

    async def silent(_: asyncio.StreamWriter) -> None:
        await over.wait()

    async with raw_server(silent) as server:
        found = await looked_at(tmp_path, server.url, "portal")
        over.set()
    assert found["source portal"].findings[-1].check == "time"
    assert exit_code(found.values()) == 3


async def test_who_is_silent_holds_up_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portals, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(examination, "WITHIN", 1.0)
    over = asyncio.Event()

    async def silent(_: asyncio.StreamWriter) -> None:
        await over.wait()

    async with raw_server(silent) as server:
        slack_url = f"{server.url}/api/"
        found = await looked_at(tmp_path, server.url, SLACK_BOT_TOKEN="xoxb-canary", SLACK_API_URL=slack_url)
        over.set()
    source = {one.check: one for one in found["source portal"].findings}
    assert "no complete answer" in source["http"].text
    assert "try again" in source["http"].mend
    assert source["login"].state is State.SKIPPED
    slack = found["slack"].findings
    assert (slack[-1].check, slack[-1].text) == ("time", "not everything could be looked at within 1 s")
    assert [one.state for one in slack[:2]] == [State.OK, State.OK], "what was found before is kept"
    assert found["email"].findings[0].text.startswith("SENTINEL_SMTP_HOST is not set")


@pytest.mark.threat("secrets")
async def test_what_an_outside_thing_echoes_shows_no_secret(tmp_path: Path) -> None:
    async with Mailbox() as box, raw_server(answering()) as server:
        box.mishaps.recipients = {"ana@example.com": f"550 5.1.1 go away with your {PASSWORD}"}
        found = await looked_at(
            tmp_path,
            server.url,
            SMTP_HOST="127.0.0.1",
            SMTP_PORT=str(box.port),
            SMTP_SECURITY="none",
            SMTP_FROM="sentinel@example.com",
            SMTP_PASSWORD=PASSWORD,
        )
    refused = found["email"].findings[-1]
    assert refused.text == "the server answers 550 5.1.1 go away with your ***"


async def test_what_is_not_wanted_is_not_looked_at(tmp_path: Path) -> None:
    async with raw_server(answering()) as server:
        found = await looked_at(tmp_path, server.url, "database", "configuration")
        assert list(found) == ["configuration", "database"], "in the order of mending"
        assert server.connections == 0
        found = await looked_at(tmp_path, server.url, "clock")
        assert list(found) == ["clock"]
        assert server.connections > 0, "a source's clock is read off its answers"


async def test_a_defect_in_one_look_hides_nothing_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(PASSWORD)

    monkeypatch.setattr(portals, "walk", broken)
    found = await looked_at(tmp_path, "http://127.0.0.1:1")
    (defect,) = found["source portal"].findings
    assert (defect.check, defect.state) == ("defect", State.FAILED)
    assert defect.text == "looking came to an unexpected end: ZeroDivisionError"
    assert found["database"].findings[0].state is State.OK


def test_warnings_alone_are_1_and_failures_go_by_precedence() -> None:
    def code_of(*codes: int, warned: bool = False) -> int:
        found = Findings()
        for code in codes:
            found.failed("check", "text", "mend", code=code)
        if warned:
            found.warning("check", "text", "mend")
        found.ok("check", "text")
        found.skipped("check", "why")
        return exit_code([Group("kind", findings=found)])

    assert code_of() == 0
    assert code_of(warned=True) == 1
    assert [code_of(1, 3), code_of(3, 5), code_of(5, 4), code_of(4, 2)] == [3, 5, 4, 2]


def test_a_group_answers_to_its_kind_its_name_and_both() -> None:
    portal, clock = Group("source", "portal"), Group("clock")
    assert [portal.is_called(word) for word in ("source", "portal", "Source Portal", "clock", "")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert clock.is_called("CLOCK")
    assert not clock.is_called("")
