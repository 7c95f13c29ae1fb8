"""Certificates that come to their end and a token that is refused: looked at in their own time, told, and over once mended."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from sentinel.config.loader import load
from sentinel.config.settings import Settings
from sentinel.deliver.channel import Later, Outcome, Refused
from sentinel.deliver.registry import Channels
from sentinel.deliver.settings import DeliverySettings, Secret, SlackSettings, SmtpSettings, WebhookSettings
from sentinel.demo.workspace import Workspace
from sentinel.domain.rules import Address, Rulebook, Severity
from sentinel.domain.selfcheck import Sighting, Symptom
from sentinel.engine.outside import DAY, Endpoint, Outside, endpoints_of
from sentinel.fetch_expiry import NotSeen, Shown
from tests.domain.polls import a_route
from tests.fakes.clock import FakeClock

PORTAL = Endpoint("portal.example.com", 443, "source portal")
MAIL = Endpoint("mail.example.com", 587, "e-mail", starttls=True)
SLACK = Address("team", "slack", "#team")
OFFICE = Address("office", "email", "office@example.com")


@dataclass
class World:
    """Endpoints with the end of their certificates (None: not seen now), and Slack's answer to the token."""

    clock: FakeClock = field(default_factory=FakeClock)
    ends: dict[Endpoint, float | None] = field(default_factory=dict)
    answer: Outcome | None = None

    def watch(self) -> Outside:
        book = Rulebook(rules=(), routes=(a_route(SLACK),), sources=(), addresses=(SLACK, OFFICE))
        return Outside(lambda: tuple(self.ends), lambda: book, self.clock, self.test_token, self.look)

    async def test_token(self) -> Outcome | None:
        return self.answer

    async def look(self, endpoint: Endpoint) -> Shown | NotSeen:
        at = self.ends[endpoint]
        return NotSeen("nobody answers") if at is None else Shown(at)

    def in_days(self, days: float) -> float:
        return self.clock.now() + days * DAY


async def found(watch: Outside, rule: str) -> Sighting:
    (one,) = [one for one in await watch() if one.rule == rule]
    return one


async def certificates(watch: Outside) -> list[Symptom]:
    return list((await found(watch, "sentinel/certificate")).symptoms)


@pytest.mark.promise("P6")
@pytest.mark.fault(47)
async def test_a_certificate_is_told_of_two_weeks_before_its_end_and_urgently_three_days_before() -> None:
    it = World()
    it.ends = {PORTAL: it.in_days(14.5), MAIL: it.in_days(200)}
    watch = it.watch()
    await watch.refresh()
    assert await certificates(watch) == []
    it.clock.advance(DAY)
    (soon,) = await certificates(watch)
    assert (soon.subject, soon.severity) == ("portal.example.com:443", Severity.WARNING)
    assert "source portal" in soon.detail
    assert "13 days" in soon.detail
    it.clock.advance(11 * DAY)
    (very_soon,) = await certificates(watch)
    assert very_soon.severity is Severity.CRITICAL
    it.clock.advance(5 * DAY)
    assert "has expired" in (await certificates(watch))[0].summary
    it.ends[PORTAL] = it.in_days(90)
    await watch.refresh()
    assert await certificates(watch) == []


@pytest.mark.promise("P4")
async def test_before_the_first_look_and_for_what_cannot_be_seen_nothing_is_concluded() -> None:
    it = World(answer=Later("no connection to Slack"))
    it.ends = {PORTAL: None, MAIL: it.in_days(5)}
    watch = it.watch()
    assert list(await watch()) == []
    await watch.refresh()
    seen = await found(watch, "sentinel/certificate")
    assert (seen.unknown, seen.subjects) == ({PORTAL.name}, {PORTAL.name, MAIL.name})
    assert [one.subject for one in seen.symptoms] == [MAIL.name]
    assert (await found(watch, "sentinel/token")).unknown == {"slack"}
    it.ends[MAIL] = None
    await watch.refresh()
    assert [one.subject for one in await certificates(watch)] == [MAIL.name]


async def test_an_endpoint_that_is_no_longer_used_is_no_subject_any_more() -> None:
    it = World()
    it.ends = {PORTAL: it.in_days(5), MAIL: it.in_days(5)}
    watch = it.watch()
    await watch.refresh()
    del it.ends[PORTAL]
    await watch.refresh()
    seen = await found(watch, "sentinel/certificate")
    assert (seen.subjects, [one.subject for one in seen.symptoms]) == ({MAIL.name}, [MAIL.name])


@pytest.mark.promise("P1", "P6")
@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_a_token_that_slack_refuses_breaks_every_slack_channel(code: str) -> None:
    async with Workspace(now=FakeClock().now) as slack:
        channels = Channels(DeliverySettings(slack=SlackSettings(token=Secret(slack.token), api_url=slack.api_url)))
        it = World(answer=await channels.token_answer())
        watch = it.watch()
        await watch.refresh()
        assert (await found(watch, "sentinel/token")).symptoms == ()
        slack.settings.auth_error = code
        it.answer = await channels.token_answer()
        await watch.refresh()
        (refused,) = (await found(watch, "sentinel/token")).symptoms
        assert code in refused.detail
        assert "SENTINEL_SLACK_BOT_TOKEN" in refused.hint
        assert refused.broken == {"slack:#team"}
        await slack.stop()
        assert isinstance(await channels.token_answer(), Later)
        await channels.close()


async def test_without_a_slack_channel_the_token_is_nobodys_business() -> None:
    it = World(answer=Refused("Slack answered invalid_auth to auth.test"))
    watch = it.watch()
    watch.rulebook = lambda: Rulebook(rules=(), routes=(), sources=(), addresses=(OFFICE,))
    await watch.refresh()
    assert (await found(watch, "sentinel/token")).symptoms == ()
    assert await Channels(DeliverySettings()).token_answer() is None


RULES = """
[[source]]
name = "portal"
type = "nexthink"
url = "https://portal.example.com:8443/base"

[[rule]]
id = "errors"
service = "Mail"
hierarchy = "Location"
level = "Site"
critical = "devices_with_errors / devices > 10%"

[[receiver]]
name = "team"
slack = { channel = "#team" }
email = { to = ["team@example.com"] }

[[receiver]]
name = "hooks"
slack_webhook = { name = "old" }
webhook = { name = "tickets", url = "https://tickets.example.com/hook" }
"""


def test_every_tls_server_that_is_used_is_looked_at_once_and_no_secret_is_in_its_name() -> None:
    settings = Settings.load({"SENTINEL_HEARTBEAT_URL": "https://hc.example.com/canary-switch"})
    delivery = DeliverySettings(
        slack=SlackSettings(token=Secret("xoxb-canary")),
        smtp=SmtpSettings(host="mail.example.com", sender="s@example.com", ca_file="/ca.pem"),
        slack_webhooks={"old": Secret("https://hooks.slack.com/services/canary")},
        webhooks={
            "tickets": WebhookSettings(url=Secret("https://tickets.example.com/hook")),
            "plain": WebhookSettings(url=Secret("http://127.0.0.1:9/hook")),
            "again": WebhookSettings(url=Secret("https://tickets.example.com/other")),
        },
    )
    found = endpoints_of(settings, load(text=RULES), delivery)
    assert [(one.name, one.used_for, one.starttls) for one in found] == [
        ("portal.example.com:8443", "source portal", False),
        ("slack.com:443", "Slack", False),
        ("mail.example.com:587", "e-mail", True),
        ("hooks.slack.com:443", "Slack webhook old", False),
        ("tickets.example.com:443", "webhook tickets", False),
        ("hc.example.com:443", "the heartbeat", False),
    ]
    assert "canary" not in str(found)
