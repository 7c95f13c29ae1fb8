"""`rules.example.toml` runs unchanged against the demo Portal, through Slack and e-mail, in one `run --once`."""

from __future__ import annotations

from pathlib import Path

from sentinel.app import App, load_all
from sentinel.demo.mailbox import Mailbox
from sentinel.demo.outages import Outage
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.tiers import tier
from sentinel.demo.workspace import Workspace
from tests.domain.polls import START
from tests.fakes.clock import FakeClock

EXAMPLE = Path(__file__).parents[2] / "rules.example.toml"
HOUR = 3600.0


async def test_the_example_finds_an_outage_and_tells_its_receivers(tmp_path: Path) -> None:
    clock = FakeClock(START + HOUR)
    dark = Outage(
        kind="site_dark",
        start=START,
        end=START + 5 * HOUR,
        node=("Europe", "Switzerland", "Zurich"),
        services=("Exchange Online",),
    )
    async with (
        Portal(tier("demo"), now=clock.now, outages=[dark]) as portal,
        Workspace(now=clock.now) as slack,
        Mailbox() as mailbox,
    ):
        environ = {
            "SENTINEL_RULES": str(EXAMPLE),
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
        for _ in range(3):
            settings, loaded = load_all(environ)
            assert loaded.warnings == ()
            plans = await App(settings, loaded, clock=clock).once()
            assert all(plan is not None and plan.query.failure is None for plan in plans)
            clock.advance(600.0)
        roots = [message.text for message in slack.roots("#workplace-alerts")]
        assert len(roots) == 3, (
            "one message for each rule that sees the outage and for the budget, whatever the number of runs"
        )
        assert sum("burn rate over 1 h" in text for text in roots) == 1
        assert sum("devices_with_errors / devices 100 %" in text for text in roots) == 1
        assert len(mailbox.mails) == 3
        assert all("Exchange Online" in str(mail["Subject"]) for mail in mailbox.mails)
