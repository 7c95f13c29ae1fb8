"""`sentinel discover` and `probe` against a simulated Portal, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel.clock import SystemClock
from sentinel.demo.faults import EmptyList, LoginPage, Status
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.switches import Switches
from sentinel.demo.threaded import ThreadedPortal
from sentinel.demo.tiers import tier
from tests.cli.terminal import call

MONDAY = 1_780_300_800.0
RULES = """
[[source]]
name = "portal"
type = "nexthink"
url = "{url}"

[[rule]]
id = "devices-in-error"
summary = "Devices with errors"
service = ["Exchange Online", "Teams"]
hierarchy = "Location"
level = ["Country", "Site"]
critical = "devices_with_errors / devices > 10%"

[[receiver]]
name = "workplace"
console = true

[[route]]
to = ["workplace"]
"""


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Portal]:
    """A Portal, with rules about it in the working directory and its credentials in the environment."""
    with ThreadedPortal(Portal(tier("demo"), now=SystemClock().now, switches=Switches(frozen_at=MONDAY))) as threaded:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("SENTINEL_SOURCE_PORTAL_USERNAME", USER)
        monkeypatch.setenv("SENTINEL_SOURCE_PORTAL_PASSWORD", PASSWORD)
        (tmp_path / "rules.toml").write_text(RULES.format(url=threaded.url))
        yield threaded.portal


def _json(*arguments: str, code: int = 0) -> Any:
    done = call(*arguments, "--json")
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_discover_lists_services_and_hierarchies(portal: Portal) -> None:
    (found,) = _json("discover")
    assert (found["source"], found["failure"]) == ("portal", None)
    assert {"Exchange Online", "Teams"} <= {one["name"] for one in found["services"]}
    assert {one["name"] for one in found["hierarchies"]} == {"Location"}
    lines = call("discover").stdout.splitlines()
    assert lines[0] == "what\tsource\tname\tkind\tdetail"
    assert any(line.startswith("service\tportal\tExchange Online\tconnection\t") for line in lines)


def test_discover_needs_no_rules_when_the_portal_is_named(portal: Portal) -> None:
    Path("rules.toml").unlink()
    assert _json("discover", "--url", portal.url)[0]["services"]
    assert call("discover").exit_code == 2


def test_refused_credentials_are_5_and_asked_once(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINEL_SOURCE_PORTAL_PASSWORD", "wrong-hunter2")
    (found,) = _json("discover", code=5)
    assert found["failure"]["reason"] == "unauthorized"
    before = len(portal.log)
    done = call("probe", "--all")
    assert done.exit_code == 5
    assert len(portal.log) == before + 1, "after the first refusal the account is left alone"
    assert "hunter2" not in done.output


def test_a_portal_that_is_away_is_3(portal: Portal) -> None:
    Path("rules.toml").write_text(RULES.format(url="http://127.0.0.1:1"))
    done = call("discover")
    assert done.exit_code == 3
    assert done.stderr.startswith("error: portal: ")


def test_a_source_that_is_not_in_the_rules_is_not_found(portal: Portal) -> None:
    done = call("discover", "--source", "portl")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "hint: there are: portal" in done.stderr


def test_probe_shows_what_was_recognised(portal: Portal) -> None:
    (found,) = _json("probe")
    assert (found["service"], found["hierarchy"], found["level"]) == ("Exchange Online", "Location", "Country")
    assert found["status"] == 200
    assert found["levels"] == ["Continent", "Country"]
    assert {"devices", "devices_with_errors"} <= set(found["metrics"])
    assert found["rows"][0]["figures"]["devices"] > 0
    assert found["failure"] is None
    assert USER not in found["url"]
    shown = call("probe").stdout
    assert "levels   Continent > Country\n" in shown
    assert "metric   devices = devices\n" in shown


def test_probe_asks_what_it_is_told_to(portal: Portal) -> None:
    assert len(_json("probe", "--all")) == 4
    asked = ("--service", "Teams", "--hierarchy", "Location")
    (site,) = _json("probe", *asked, "--level", "Site", "--scope", "day")
    assert (site["service"], site["level"], site["scope"]) == ("Teams", "Site", "day")
    country = site["rows"][0]["node"][:2]
    (below,) = _json("probe", "--url", portal.url, *asked, "--path", "/".join(country))
    assert below["path"] == country


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        (LoginPage(), 3, "html"),
        (Status(500), 3, "server_error"),
        (Status(403), 5, "forbidden"),
        (EmptyList(), 3, "empty"),
    ],
)
def test_an_answer_that_is_no_table_is_told_with_its_reason(portal: Portal, fault: Any, code: int, reason: str) -> None:
    declared = '[[service]]\nname = "Teams"\nuid = "{}"\n'.format(
        next(one.uid for one in tier("demo").services if one.name == "Teams")
    )
    rules = Path("rules.toml")
    rules.write_text(rules.read_text() + declared)
    portal.fault(fault)
    (found,) = _json("probe", code=code)
    assert found["failure"]["reason"] == reason
    done = call("probe")
    assert done.exit_code == code
    assert "error: portal: " in done.stderr
