"""The environment against the rules file: what is missing, what is left over, what would travel in the clear."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sentinel.app import load_all
from sentinel.config.loader import load
from sentinel.config.needs import check_transport, forgotten, missing, unused
from sentinel.config.settings import Settings
from sentinel.errors import ConfigError
from tests.fakes.program import environment

CANARY = "canary-5b2d"
RULES = """
[[source]]
name = "portal-eu"
url = "https://portal.example.com"
[[rule]]
id = "r"
service = "Exchange Online"
hierarchy = "Location"
level = "Site"
warning = "devices_with_errors > 5"
[[receiver]]
name = "desk"
slack = { channel = "#desk" }
slack_webhook = { name = "on-call" }
email = { to = ["desk@example.com"] }
webhook = { name = "pager", url = "https://pager.example.com/hook" }
[[receiver]]
name = "night"
slack = { channel = "#night" }
console = true
[[route]]
to = ["desk", "night"]
"""
COMPLETE = {
    "SENTINEL_SOURCE_PORTAL_EU_USERNAME": "api",
    "SENTINEL_SOURCE_PORTAL_EU_PASSWORD": CANARY,
    "SENTINEL_SLACK_BOT_TOKEN": CANARY,
    "SENTINEL_SLACK_WEBHOOK_ON_CALL": f"https://slack.example.com/{CANARY}",
    "SENTINEL_SMTP_HOST": "mail.example.com",
    "SENTINEL_SMTP_FROM": "sentinel@example.com",
    "SENTINEL_WEBHOOK_PAGER_SECRET": CANARY,
}
SLACK_IN_THE_CLEAR = {"SENTINEL_SLACK_API_URL": "http://slack.example.com/api/"}
HOOK_IN_THE_CLEAR = {"SENTINEL_SLACK_WEBHOOK_ON_CALL": f"http://slack.example.com/{CANARY}"}
MAIL_IN_THE_CLEAR = {"SENTINEL_SMTP_PASSWORD": CANARY, "SENTINEL_SMTP_SECURITY": "none"}


def test_nothing_is_said_of_an_environment_that_has_all_the_rules_need() -> None:
    settings, loaded = Settings.load(COMPLETE), load(text=RULES)
    assert missing(settings, loaded) == unused(settings, loaded) == forgotten(settings, loaded) == ()


def test_a_window_longer_than_readings_are_kept_is_told_with_the_rule() -> None:
    settings = Settings.load({**COMPLETE, "SENTINEL_RETENTION_DAYS": "6.5"})
    looking = load(text=RULES.replace("devices_with_errors > 5", "devices < baseline(devices, 7d) / 2"))
    (found,) = forgotten(settings, looking)
    assert (found.code, found.severity, found.hint) == ("W204", "warning", "set SENTINEL_RETENTION_DAYS to 7 or more")
    assert found.message.startswith('rule "r" looks back over 7d, and SENTINEL_RETENTION_DAYS keeps readings for 6d12h')
    assert forgotten(Settings.load({"SENTINEL_RETENTION_DAYS": "7"}), looking) == ()


def test_every_variable_that_is_missing_is_named_once_with_what_needs_it() -> None:
    found = missing(Settings.load({}), load(text=RULES))
    assert [one.message for one in found] == [
        'SENTINEL_SOURCE_PORTAL_EU_USERNAME is not set, and source "portal-eu" needs it',
        'SENTINEL_SOURCE_PORTAL_EU_PASSWORD is not set, and source "portal-eu" needs it',
        'SENTINEL_SLACK_BOT_TOKEN is not set, and receiver "desk" needs it',
        'SENTINEL_SLACK_WEBHOOK_ON_CALL is not set, and receiver "desk" needs it',
        'SENTINEL_SMTP_HOST is not set, and receiver "desk" needs it',
    ]
    assert {(one.code, one.severity) for one in found} == {("W203", "warning")}


@pytest.mark.parametrize("variable", list(COMPLETE)[:5])
def test_each_name_is_the_one_that_is_read(variable: str) -> None:
    """Setting what the warning names silences it; an empty value does not."""
    loaded = load(text=RULES)
    rest = {**COMPLETE, variable: ""}
    assert [one.message.split()[0] for one in missing(Settings.load(rest), loaded)] == [variable]


def test_a_variable_that_belongs_to_nothing_is_told_with_what_may_be_meant() -> None:
    environ = {
        **COMPLETE,
        "SENTINEL_SOURCE_PORTAL_EV_PASSWORD": CANARY,
        "SENTINEL_SLACK_WEBHOOK_ONCALL": CANARY,
        "SENTINEL_WEBHOOK_TICKETS_SECRET": CANARY,
    }
    found = unused(Settings.load(environ), load(text=RULES))
    assert [(one.code, one.message.split()[0], one.hint) for one in found] == [
        ("W202", "SENTINEL_SOURCE_PORTAL_EV_...", "did you mean PORTAL_EU instead of PORTAL_EV?"),
        ("W202", "SENTINEL_SLACK_WEBHOOK_ONCALL", "did you mean ON_CALL instead of ONCALL?"),
        ("W202", "SENTINEL_WEBHOOK_TICKETS_SECRET", ""),
    ]
    assert CANARY not in "".join(one.message + one.hint for one in found)


@pytest.mark.parametrize("clear", [SLACK_IN_THE_CLEAR, HOOK_IN_THE_CLEAR, MAIL_IN_THE_CLEAR], ids=min)
def test_credentials_in_the_clear_are_refused_unless_delivery_says_insecure(clear: dict[str, str]) -> None:
    settings = Settings.load({**COMPLETE, **clear})
    with pytest.raises(ConfigError) as refused:
        check_transport(settings, load(text=RULES))
    (problem,) = refused.value.problems
    assert problem.message.split(":")[0] in clear
    assert "[delivery]" in problem.hint
    assert CANARY not in problem.message + problem.hint
    check_transport(settings, load(text=RULES + "[delivery]\ninsecure = true\n"))


def test_everything_that_would_travel_in_the_clear_is_told_at_once(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_all({**COMPLETE, **SLACK_IN_THE_CLEAR, **HOOK_IN_THE_CLEAR, **MAIL_IN_THE_CLEAR}, rules)
    assert len(refused.value.problems) == 3
    rules.write_text(RULES + "[delivery]\ninsecure = true\n", encoding="utf-8")
    settings, _ = load_all({**COMPLETE, **SLACK_IN_THE_CLEAR}, rules)
    assert settings.slack_api_url == "http://slack.example.com/api/"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_may_be_reached_without_encryption(host: str) -> None:
    environ = {
        **COMPLETE,
        **MAIL_IN_THE_CLEAR,
        "SENTINEL_SLACK_API_URL": f"http://{host}:9/api/",
        "SENTINEL_SMTP_HOST": host.strip("[]"),
    }
    check_transport(Settings.load(environ), load(text=RULES))


def test_a_name_that_only_begins_like_this_machine_is_another_one() -> None:
    with pytest.raises(ConfigError):
        check_transport(Settings.load({"SENTINEL_SLACK_API_URL": "http://127.0.0.1.example.com/"}), load(text=RULES))


def test_run_says_at_its_start_what_is_missing_and_what_is_left_over(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    given = {**COMPLETE, "SENTINEL_SLACK_BOT_TOKEN": "", "SENTINEL_WEBHOOK_TICKETS_SECRET": CANARY}
    start = "from sentinel.app import load_all; from sentinel.cli.running import prepare; prepare(*load_all())"
    done = subprocess.run(  # noqa: S603  # this interpreter; logging is set up once per process
        [sys.executable, "-c", start],
        env=environment({**given, "SENTINEL_LOG_FORMAT": "json"}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(one["code"], one["level"], one["event"].split()[0]) for one in told] == [
        ("W203", "warning", "SENTINEL_SLACK_BOT_TOKEN"),
        ("W202", "warning", "SENTINEL_WEBHOOK_TICKETS_SECRET"),
    ]
    assert CANARY not in done.stderr
