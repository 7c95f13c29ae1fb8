"""`sentinel doctor`: a healthy installation, a thoroughly sick one, and what programs read of it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel.clock import SystemClock
from sentinel.demo.portal import Portal
from sentinel.demo.threaded import ThreadedPortal
from sentinel.demo.tiers import tier
from sentinel.store import lease
from sentinel.store.database import Database
from tests.cli.clinic import HOOK_PATH, MAIL_PASSWORD, PORTAL_PASSWORD, SLACK_TOKEN, Clinic, clinic
from tests.cli.terminal import call
from tests.fakes.certificates import EXPIRED
from tests.fakes.openness import open_to_all

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("SENTINEL_UPDATE_GOLDEN") == "1"  # read before the tests clear the variables
CANARIES = (PORTAL_PASSWORD, SLACK_TOKEN, MAIL_PASSWORD, HOOK_PATH)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Iterator[Clinic]:
    with clinic(tmp_path, monkeypatch, sqlite_url) as healthy:
        yield healthy


def _looks_like(name: str, text: str) -> None:
    """Compare with the file of that name; SENTINEL_UPDATE_GOLDEN=1 writes it."""
    file = GOLDEN / name
    if UPDATE:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def _json(*arguments: str, code: int) -> dict[str, Any]:
    done = call("doctor", "--json", *arguments)
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["exit_code"] == code
    return found


def _states(found: dict[str, Any], group: str) -> dict[str, str]:
    return {one["check"]: one["state"] for one in found["checks"] if one["group"] == group}


def _kept_secrets(*texts: str) -> None:
    for text in texts:
        assert [one for one in CANARIES if one in text] == []


def test_a_healthy_installation_is_0_and_reads_like_this(place: Clinic) -> None:
    done = call("doctor")
    assert done.exit_code == 0, done.output
    _looks_like("doctor_healthy.txt", place.neutral(done.stdout))
    assert done.stderr.endswith(". All is well\n")
    _kept_secrets(done.output)
    assert place.slack.events == []
    assert place.mail.accepted == []


@pytest.mark.threat("secrets")
def test_a_thoroughly_sick_installation_names_every_mend_and_no_secret(
    place: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick = Portal(tier("demo"), now=SystemClock().now, tls=place.authority.serving(dates=EXPIRED))
    place.rules(portal=sick.url)
    secret = place.folder / "mail_password"
    secret.write_text(MAIL_PASSWORD)
    open_to_all(secret)
    monkeypatch.delenv("SENTINEL_SMTP_PASSWORD")
    monkeypatch.setenv("SENTINEL_SMTP_PASSWORD_FILE", str(secret))
    monkeypatch.setenv("SENTINEL_SLAK_BOT_TOKEN", SLACK_TOKEN)
    db = Database.open(os.environ["SENTINEL_DATABASE_URL"])
    with db.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    db.close()
    place.slack.channel("workplace-alerts").member = False
    place.slack.settings.scopes -= {"metadata.message:read"}
    place.mail.login = ("sentinel", "another")
    with ThreadedPortal(sick):
        place.rules(portal=sick.url)
        done = call("doctor")
    assert done.exit_code == 4
    _looks_like("doctor_sick.txt", place.neutral(done.stdout))
    assert done.stderr.endswith(". Begin with database: schema\n")
    _kept_secrets(done.output)


def test_the_output_shown_in_the_documentation_is_what_is_printed() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/find-out-what-is-wrong.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    printed = (GOLDEN / "doctor_sick.txt").read_text(encoding="utf-8").splitlines()
    lines = [re.sub(r"port \d+", "port PORT", line) for line in shown.splitlines()]
    assert [line for line in lines if line not in printed] == []


def test_json_has_one_object_for_each_check(place: Clinic) -> None:
    place.slack.channel("workplace-alerts").archived = True
    found = _json(code=1)
    assert found["ok"] is False
    assert all(list(one) == ["group", "check", "state", "text", "mend"] for one in found["checks"])
    (archived,) = (one for one in found["checks"] if one["state"] == "failed")
    assert archived == {
        "group": "slack",
        "check": "#workplace-alerts",
        "state": "failed",
        "text": "it is archived",
        "mend": "Unarchive the channel or name another one in rules.toml.",
    }
    assert {one["mend"] for one in found["checks"] if one["state"] in ("ok", "skipped")} == {None}
    assert list(dict.fromkeys(one["group"] for one in found["checks"])) == [
        "configuration",
        "database",
        "clock",
        "source portal",
        "slack",
        "email",
        "webhook pager",
        "heartbeat",
        "http",
    ]


def test_only_what_is_named_is_shown_and_counts(place: Clinic) -> None:
    place.slack.settings.auth_error = "token_revoked"
    assert {one["group"] for one in _json("--only", "database", "--only", "portal", code=0)["checks"]} == {
        "database",
        "source portal",
    }
    assert _json("--only", "slack", code=5)["ok"] is False
    done = call("doctor", "--only", "slak")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "there are: configuration, database, clock, portal, slack, email, pager, heartbeat, http" in done.stderr


def test_brief_shows_only_what_is_not_well(place: Clinic) -> None:
    assert call("doctor", "--brief").stdout == ""
    place.slack.channel("workplace-alerts").member = False
    done = call("doctor", "--brief")
    assert done.stdout == (
        "slack\n"
        "  FAILED   #workplace-alerts  the bot is not in this public channel\n"
        "           mend: write /invite @sentinel in #workplace-alerts\n"
        "\n"
    )
    assert re.search(r"1 failed, \d+ ok, \d+ skipped\. Begin with slack: #workplace-alerts", done.stderr)


def test_of_several_exit_codes_the_first_in_the_documented_order_is_taken(
    place: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.portal.doorkeeper.accounts.clear()
    assert call("doctor").exit_code == 5
    monkeypatch.setenv("SENTINEL_DATABASE_URL", f"sqlite:///{place.folder}/nowhere/sentinel.db")
    assert call("doctor").exit_code == 4
    monkeypatch.setenv("SENTINEL_HTTP_BIND", "192.0.2.1:8080")
    assert call("doctor").exit_code == 2
    assert call("doctor", "--only", "portal").exit_code == 5


def test_a_source_out_of_reach_is_3(place: Clinic) -> None:
    place.rules(portal="https://127.0.0.1:1")
    found = _json(code=3)
    assert _states(found, "source portal")["tcp"] == "failed"
    assert _states(found, "clock") == {"year": "ok", "portal": "skipped"}


def test_a_url_of_the_environment_is_named_as_what_to_correct(place: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINEL_SOURCE_PORTAL_URL", "https://no-such-host.invalid")
    (dns,) = (one for one in _json("--only", "portal", code=3)["checks"] if one["check"] == "dns")
    assert "SENTINEL_SOURCE_PORTAL_URL" in dns["mend"]


def test_rules_that_cannot_be_read_leave_the_rest_to_be_looked_at(place: Clinic) -> None:
    Path("rules.toml").write_text("[[rule]\n")
    found = _json(code=2)
    assert _states(found, "database")["write"] == "ok"
    assert _states(found, "source") == {"all": "skipped"}
    assert _states(found, "channels") == {"all": "skipped"}


def test_an_environment_that_cannot_be_read_is_told_and_the_rules_are_still_checked(
    place: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTINEL_LOG_LEVEL", "loud")
    found = _json(code=2)
    assert _states(found, "configuration") == {"environment": "failed", "rules": "ok"}
    assert _states(found, "database") == {"address": "skipped"}


def test_credentials_that_would_travel_in_the_clear_are_not_sent(
    place: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTINEL_SLACK_API_URL", "http://192.0.2.1/api/")
    found = _json(code=2)
    assert _states(found, "channels") == {"all": "skipped"}
    assert place.slack.calls() == []


def test_variables_that_are_missing_are_named_where_they_are_needed(
    place: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SLACK_BOT_TOKEN", "SMTP_HOST", "SOURCE_PORTAL_PASSWORD"):
        monkeypatch.delenv(f"SENTINEL_{name}")
    place.rules(more='[[receiver]]\nname = "night"\nslack_webhook = { name = "night-shift" }\n')
    found = _json(code=2)
    told = {one["group"]: one["text"] + one["mend"] for one in found["checks"] if one["state"] == "failed"}
    assert {group: re.findall(r"SENTINEL_\w+", text)[0] for group, text in told.items()} == {
        "source portal": "SENTINEL_SOURCE_PORTAL_PASSWORD",
        "slack": "SENTINEL_SLACK_BOT_TOKEN",
        "email": "SENTINEL_SMTP_HOST",
        "slack webhook night-shift": "SENTINEL_SLACK_WEBHOOK_NIGHT_SHIFT",
    }


def test_a_ca_file_that_is_not_there_is_told_at_its_source(place: Clinic) -> None:
    (place.folder / "ca.pem").rename(place.folder / "elsewhere.pem")
    found = _json("--only", "portal", code=3)
    assert _states(found, "source portal")["tls"] == "failed"


def test_beside_a_running_instance_nothing_is_written(place: Clinic) -> None:
    running = Database.open(os.environ["SENTINEL_DATABASE_URL"])
    running.claim()
    lease.acquire(running, "host:1", 60.0, "0" * 64)
    found = _json("--only", "database", code=1)
    running.close()
    assert _states(found, "database") | {"write": "skipped", "instance": "warning"} == _states(found, "database")


def test_a_heartbeat_is_looked_at_as_far_as_nobody_notices(place: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINEL_HEARTBEAT_URL", f"{place.slack.api_url}{HOOK_PATH}")
    found = _json("--only", "heartbeat", code=0)
    assert _states(found, "heartbeat") == {"dns": "ok", "tcp": "ok", "tls": "skipped", "answer": "skipped"}
    _kept_secrets(json.dumps(found))


def test_help_says_what_is_looked_at_and_what_the_codes_mean() -> None:
    said = " ".join(call("doctor", "--help").stdout.split())
    assert "Nothing is sent to anybody" in said
    assert "0 all is well, 2 the configuration, 4 the database, 5 credentials, 3 a source" in said
