"""`run --once`, as cron calls it: each query once, then the outbox, then an exit code that says how it went."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel.demo.faults import Status
from tests.e2e.stage import stage

pytestmark = pytest.mark.process


def test_every_run_tells_what_is_new_and_repeats_nothing(database_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, database_url) as it, it.program("run", "--once") as cron:
        it.bad = {it.sites[0]}
        assert cron.start().finish() == 0
        assert it.kinds == ["posted"]
        assert cron.start().finish() == 0
        assert it.kinds == ["posted"]
        it.bad = set()
        assert cron.start().finish() == 0
        assert it.kinds == ["posted", "edited", "replied"]


@pytest.mark.parametrize("declared", [True, False], ids=["declared services", "services to be discovered"])
def test_a_portal_that_is_down_is_exit_3(sqlite_url: str, tmp_path: Path, declared: bool) -> None:
    with stage(tmp_path, sqlite_url, declared=declared) as it, it.program("run", "--once") as cron:
        it.portal.fault(Status(503))
        assert cron.start().finish() == 3, cron.log
        assert "503" in cron.log


@pytest.mark.parametrize("declared", [True, False], ids=["declared services", "services to be discovered"])
def test_a_wrong_password_is_exit_5_after_one_failed_login(sqlite_url: str, tmp_path: Path, declared: bool) -> None:
    with stage(tmp_path, sqlite_url, declared=declared) as it:
        with it.program("run", "--once", SENTINEL_SOURCE_PORTAL_PASSWORD="wrong") as cron:
            assert cron.start().finish() == 5, cron.log
        assert len([one for one in it.portal.log if one.auth_ok is False]) == 1


@pytest.mark.promise("P4", "P5")
def test_a_restart_while_the_portal_is_down_closes_nothing(sqlite_url: str, tmp_path: Path) -> None:
    with stage(tmp_path, sqlite_url, declared=False) as it, it.program("run", "--once") as cron:
        it.bad = {it.sites[0]}
        assert cron.start().finish() == 0
        assert it.kinds == ["posted"]
        it.portal.fault(Status(503))
        assert cron.start().finish() == 3
        assert it.kinds == ["posted"]
        it.portal.clear_faults()
        it.bad = set()
        assert cron.start().finish() == 0
        assert it.kinds == ["posted", "edited", "replied"]
        assert "recovered" in it.roots[0].text.lower()


@pytest.mark.promise("P1")
@pytest.mark.fault(99)
def test_a_notice_that_a_channel_refuses_is_announced_on_another_one_in_the_same_run(
    sqlite_url: str, tmp_path: Path
) -> None:
    with stage(tmp_path, sqlite_url) as it, it.program("run", "--once") as cron:
        it.slack.channel("#team-aland").archived = True
        it.bad = {it.sites[0]}
        assert cron.start().finish() == 0
        (told,) = it.slack.roots("#team-rest")
        assert "given up" in told.text
        assert cron.start().finish() == 0
        assert it.kinds == ["posted"]


def test_a_slack_that_is_down_does_not_hold_cron_up(sqlite_url: str, tmp_path: Path) -> None:
    from sentinel.demo.workspace_faults import http_status, rate_limited  # noqa: PLC0415

    with stage(tmp_path, sqlite_url, rollup=False) as it, it.program("run", "--once") as cron:
        it.bad = set(it.sites)
        it.slack.inject("*", rate_limited(600), times=1)
        it.slack.inject("*", http_status(503), times=None)
        assert cron.start().finish() == 0
        assert it.kinds == []
