"""What a container platform and a scrape see, and that no secret is in anything the program writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.demo.faults import Status
from tests.e2e.stage import PASSWORD, TOKEN, stage
from tests.fakes.program import eventually

pytestmark = pytest.mark.process


def test_the_health_pages_and_the_metrics(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url) as it, it.program() as program:
        program.start(until="polling")
        assert program.get("/livez") == (200, "ok\n")
        it.bad = {it.sites[0]}
        eventually(lambda: it.kinds == ["posted"], "the opening")
        assert program.checks("/readyz") == {"status": 200, "store": (True, "answers"), "role": (True, "leader")}
        health = program.checks("/healthz")
        assert health["status"] == 200
        assert health["readings"][1].startswith("1 queries, last reading")
        status, metrics = program.get("/metrics")
        assert status == 200
        assert 'sentinel_ticks_total{outcome="good",source="portal"}' in metrics
        assert 'sentinel_deliveries_total{kind="slack",outcome="delivered"} 1.0' in metrics
        assert 'sentinel_outbox_notices{state="waiting"} 0.0' in metrics
        assert 'sentinel_delivery_seconds_bucket{kind="slack",le="5.0"} 1.0' in metrics
        assert 'sentinel_query_tick_age_seconds{hierarchy="Location",level="Site",service="Exchange Online",' in metrics
        assert 'sentinel_source_reachable{source="portal"} 1.0' in metrics
        assert 'sentinel_incidents_open{rule="errors"} 1.0' in metrics
        assert "sentinel_lease_held 1.0" in metrics
        assert "sentinel_lease_epoch 1.0" in metrics
        eventually(lambda: "sentinel_disk_free_ratio 0." in program.get("/metrics")[1], "the disk is measured")
        assert program.get("/nothing")[0] == 404


@pytest.mark.threat("secrets")
@pytest.mark.promise("P8")
def test_canary_secrets_are_in_nothing_that_the_program_writes(sqlite_url: str, tmp_path: Path) -> None:
    hook = "canary-hook-5d2e"
    canaries = (PASSWORD, TOKEN, hook)
    given = {
        "SENTINEL_SLACK_WEBHOOK_TEAM": f"http://127.0.0.1:9/services/{hook}",
        "SENTINEL_LOG_LEVEL": "debug",
    }
    with stage(tmp_path, sqlite_url, given=given) as it, it.program() as program:
        rules = tmp_path / "rules.toml"
        more = '\n[[receiver]]\nname = "hooked"\nslack_webhook = { name = "team" }\n'
        text = rules.read_text().replace('to = ["team-aland"]', 'to = ["team-aland", "hooked"]')
        rules.write_text(text + more)
        program.start(until="polling")
        it.bad = {it.sites[0]}
        eventually(lambda: it.kinds == ["posted"], "the opening")
        program.says("told later")
        it.portal.fault(Status(401))
        program.says("reading failed")
        it.slack.settings.auth_error = "invalid_auth"
        written = program.get("/metrics")[1] + program.get("/healthz")[1]
        program.kill()
        program.given["SENTINEL_SOURCE_PORTAL_PASSWORD"] = "wrong"
        rules.write_text("nonsense")
        assert program.start().finish() == 2
        written += program.stderr_file.read_text() + program.out
        files = [one for one in tmp_path.iterdir() if one.name.startswith("sentinel.db")]
        assert any(one.name.endswith("-wal") for one in files)
        kept = b"".join(one.read_bytes() for one in files)
    for canary in canaries:
        assert canary not in written
        assert canary.encode() not in kept


@pytest.mark.threat("secrets")
def test_the_database_password_is_in_no_complaint(tmp_path: Path) -> None:
    secret = "canary-database-8c4d"
    url = f"postgresql://sentinel:{secret}@127.0.0.1:9/sentinel?connect_timeout=2"
    with stage(tmp_path, url) as it, it.program("--debug", "run") as program:
        assert program.start().finish() == 4
        assert "127.0.0.1" in program.log
        assert secret not in program.log + program.out
