"""The configuration looked at: every mistake with its mend, and secrets that lie open."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.doctor.configuration import SHOWN, Configured, read
from sentinel.findings import Finding, Findings, State
from tests.fakes.openness import open_to_all

RULES = """
[[source]]
name = "portal"
type = "nexthink"
url = "https://portal.example.com"

[[rule]]
id = "devices-in-error"
summary = "Devices with errors"
service = "Exchange Online"
hierarchy = "Location"
level = "Site"
critical = "devices_with_errors / devices > 10%"

[[receiver]]
name = "workplace"
slack = { channel = "#workplace-alerts" }
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return path


def looked_at(rules: Path, **environ: str) -> tuple[Configured, list[Finding]]:
    found = Findings(2)
    variables = {f"SENTINEL_{name}": value for name, value in environ.items()}
    return read({"PATH": "/bin", **variables}, rules, found), list(found)


def test_a_good_configuration_says_what_it_holds(rules: Path) -> None:
    configured, (environment, file) = looked_at(rules, LOG_LEVEL="info")
    assert configured.settings is not None
    assert configured.loaded is not None
    assert (environment.state, environment.text) == (State.OK, "1 variable of Sentinel, all understood")
    assert (file.state, file.text) == (State.OK, f"{rules}: 1 rule, 1 source, 1 receiver")


def test_every_mistake_is_told_with_its_place_and_mend(rules: Path) -> None:
    rules.write_text(RULES.replace("critical", "critcal").replace("service =", "servce ="))
    configured, found = looked_at(rules, SLAK_BOT_TOKEN="canary", LOG_LEVEL="loud")
    assert (configured.settings, configured.loaded) == (None, None)
    mistakes = [one for one in found if one.check == "rules"]
    assert len(mistakes) >= 2
    assert all(one.text.startswith(f"{rules}:") and one.state is State.FAILED and one.code == 2 for one in mistakes)
    assert any(one.mend == "did you mean 'critical'?" for one in mistakes)
    level, unknown = (one for one in found if one.check == "environment")
    assert "SENTINEL_LOG_LEVEL" in level.text
    assert (unknown.state, unknown.mend) == (State.WARNING, "did you mean SENTINEL_SLACK_BOT_TOKEN?")
    assert "canary" not in "".join(one.text + one.mend for one in found)


def test_a_file_that_is_not_there_is_one_mistake(tmp_path: Path) -> None:
    _, found = looked_at(tmp_path / "nowhere.toml")
    assert [one.text for one in found if one.check == "rules"] == [
        f"{tmp_path}/nowhere.toml: cannot be read: No such file or directory"
    ]


def test_of_very_many_mistakes_the_first_are_told(rules: Path) -> None:
    rules.write_text(RULES + "".join(f"[table{n}]\n" for n in range(50)))
    _, found = looked_at(rules)
    told = [one for one in found if one.check == "rules"]
    assert len(told) == SHOWN + 1
    assert told[-1].text == "and 40 more"
    assert "sentinel check" in told[-1].mend


def test_variables_that_belong_to_nothing_are_warnings(rules: Path) -> None:
    _, found = looked_at(rules, SOURCE_PROTAL_PASSWORD="canary")
    (odd,) = (one for one in found if one.state is State.WARNING)
    assert (odd.check, odd.mend) == ("environment", "did you mean PORTAL instead of PROTAL?")


@pytest.mark.fault(93)
def test_a_secret_file_that_cannot_be_read_names_its_variable(rules: Path, tmp_path: Path) -> None:
    _, found = looked_at(rules, SLACK_BOT_TOKEN_FILE=str(tmp_path / "nowhere"))
    assert "SENTINEL_SLACK_BOT_TOKEN_FILE names a file that cannot be read" in found[0].text
    assert found[0].code == 2


def test_credentials_that_would_travel_in_the_clear_close_the_way(rules: Path) -> None:
    configured, found = looked_at(rules, SLACK_API_URL="http://slack.example.com/api/", SLACK_BOT_TOKEN="canary")
    assert not configured.protected
    assert any(one.state is State.FAILED and "SENTINEL_SLACK_API_URL" in one.text for one in found)


def test_an_open_door_without_a_token_is_a_mistake(rules: Path) -> None:
    _, found = looked_at(rules, HTTP_BIND="0.0.0.0:8080")
    (told,) = (one for one in found if one.state is State.FAILED)
    assert "SENTINEL_API_TOKENS is not set" in told.text
    assert "openssl rand" in told.mend


@pytest.mark.fault(94)
def test_a_secret_that_everybody_can_read_is_a_warning(rules: Path, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("xoxb-canary")
    open_to_all(secret)
    _, found = looked_at(rules, SLACK_BOT_TOKEN_FILE=str(secret))
    (told,) = (one for one in found if one.check == "secrets")
    assert told.state is State.WARNING
    assert told.mend.startswith(f"chmod 600 {secret}")
    secret.chmod(0o640)
    _, found = looked_at(rules, SLACK_BOT_TOKEN_FILE=str(secret))
    assert [(one.state, one.text) for one in found if one.check == "secrets"] == [
        (State.OK, "1 file, not open to everybody")
    ]


@pytest.mark.fault(94)
def test_a_credential_inside_the_rules_file_is_refused_whoever_can_read_it(rules: Path) -> None:
    rules.write_text(RULES.replace("https://portal", "https://sentinel:canary@portal"))
    rules.chmod(0o600)
    configured, found = looked_at(rules)
    assert configured.loaded is None
    assert any("carries credentials" in one.text for one in found)
    assert "canary" not in "".join(one.text + one.mend for one in found)
