"""A month ends, and on its first working day the whole program reports on it: in Slack and by mail, from cron too."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel.app import App, load_all
from sentinel.demo.mailbox import Mailbox
from sentinel.demo.outages import Outage
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.tiers import tier
from sentinel.demo.workspace import Workspace
from tests.fakes.clock import FakeClock

RULES = """
[defaults]
timezone = "Europe/Zurich"

[[source]]
name = "portal"
url = "https://portal.example.com"

[[receiver]]
name = "owner"
slack = { channel = "#reports" }
email = { to = ["owner@example.com"] }

[[sla]]
id = "exchange"
service = "Exchange Online"
hierarchy = "Location"
level = "Site"
good = "devices_with_errors / devices <= 10%"
objective = "99.5%"
report_to = ["owner"]
"""
SATURDAY = datetime(2026, 10, 31, 10, 0, tzinfo=UTC).timestamp()
MONDAY = datetime(2026, 11, 2, 6, 0, tzinfo=UTC).timestamp()
"""07:00 in Zurich."""


@pytest.mark.promise("P1")
@pytest.mark.promise("P2")
async def test_what_was_measured_in_october_is_told_once_in_november(tmp_path: Path) -> None:
    clock = FakeClock(SATURDAY)
    dark = Outage(
        kind="site_dark",
        start=SATURDAY + 1200.0,
        end=SATURDAY + 3000.0,
        node=("Europe", "Switzerland", "Zurich"),
        services=("Exchange Online",),
    )
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    async with (
        Portal(tier("demo"), now=clock.now, outages=[dark]) as portal,
        Workspace(now=clock.now, channels=["reports"]) as slack,
        Mailbox() as mailbox,
    ):
        environ = {
            "SENTINEL_RULES": str(rules),
            "SENTINEL_DATABASE_URL": f"sqlite:///{tmp_path / 'sentinel.db'}",
            "SENTINEL_HTTP_BIND": "off",
            "SENTINEL_SOURCE_PORTAL_URL": portal.url,
            "SENTINEL_SOURCE_PORTAL_USERNAME": USER,
            "SENTINEL_SOURCE_PORTAL_PASSWORD": PASSWORD,
            "SENTINEL_SLACK_BOT_TOKEN": slack.token,
            "SENTINEL_SLACK_API_URL": slack.api_url,
            "SENTINEL_SMTP_HOST": "127.0.0.1",
            "SENTINEL_SMTP_PORT": str(mailbox.port),
            "SENTINEL_SMTP_SECURITY": "none",
            "SENTINEL_SMTP_FROM": "sentinel@example.com",
        }

        async def run_once() -> None:
            settings, loaded = load_all(environ)
            await App(settings, loaded, clock=clock).once()

        for _ in range(12):
            await run_once()
            clock.advance(600.0)
        clock.jump(MONDAY - 600.0 - clock.now())
        await run_once()
        assert (slack.roots("#reports"), mailbox.mails) == ([], [])
        for _ in range(3):
            clock.advance(600.0)
            await run_once()
        [root] = slack.roots("#reports")
        assert re.match(r"🔴 Missed: 9\d\.\d+ % attained, 99\.5 % agreed: Exchange Online, October 2026", root.text)
        [mail] = mailbox.mails
        assert str(mail["Subject"]) == "[sentinel] Exchange Online, October 2026"
        names = [part.get_filename() for part in mail.walk() if part.get_filename()]
        assert names == ["sla-exchange-2026-10.html", "sla-exchange-2026-10.csv"]
        assert any("Zurich" in block for block in [str(root.attachments)])
