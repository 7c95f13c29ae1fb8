"""The report that nobody had to ask for: in Slack, by e-mail, at a webhook."""

from __future__ import annotations

import csv
import email
import io
import json
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default

import pytest

from sentinel.deliver import blocks
from sentinel.deliver.channel import Delivered, Delivery
from sentinel.deliver.document import Document
from sentinel.deliver.mail import compose
from sentinel.deliver.settings import Secret, SlackSettings, SmtpSettings
from sentinel.deliver.slack import SlackChannel
from sentinel.deliver.slack_calls import SlackCalls
from sentinel.deliver.webhook import payload
from sentinel.deliver.wording import wording
from sentinel.demo.workspace import Workspace
from sentinel.domain.notices import NoticeKind
from sentinel.history.sla_report import Report
from sentinel.slareport.as_json import as_json
from sentinel.slareport.message import document
from sentinel.slareport.page import page
from tests.fakes.stories import OPENED, delivery
from tests.slareport import months

SETTINGS = SmtpSettings(host="127.0.0.1", sender="sentinel@mail.example.com")

EVERY = (months.missed, months.kept, months.at_risk, months.all_unknown, months.no_data, months.hostile)


def offered(made: Document) -> Delivery:
    return replace(delivery(), kind=NoticeKind.DIGEST, document=made, line="SLA report exchange-sites, October 2026")


def mailed(report: Report) -> EmailMessage:
    raw = compose(offered(document(report, "2026-10")), SETTINGS, ["ana@example.com"]).as_bytes()
    raw.decode("ascii")
    return email.message_from_bytes(raw, policy=default)


def attachments(mail: EmailMessage) -> dict[str, bytes]:
    found = {}
    for part in mail.iter_attachments():
        content = part.get_content()
        found[str(part.get_filename())] = content.encode() if isinstance(content, str) else content
    return found


def test_a_lock_screen_shows_whether_it_was_kept() -> None:
    shown = [document(months.report(story()), "2026-10").wording.text for story in EVERY[:-1]]
    assert shown == [
        "🔴 Missed: 99.41 % attained, 99.5 % agreed: Exchange Online, October 2026",
        "✅ Kept: 99.97 % attained, 99.5 % agreed: Exchange Online, October 2026",
        "🟠 At risk: 99.13 % attained, 99.5 % agreed: Exchange Online, October 2026",
        "⚪ No data: nothing was measured, so nothing can be said about 99.5 %: Exchange Online, October 2026",
        "⚪ No data: nothing was measured, so nothing can be said about 99.5 %: Exchange Online, October 2026",
    ]


def test_the_mail_is_complete_by_itself_and_has_the_page_and_the_figures_with_it() -> None:
    report = months.report(months.missed())
    mail = mailed(report)
    assert mail["Subject"] == "[sentinel] Exchange Online, October 2026"
    assert mail["X-Sentinel-State"] == "missed"
    body = mail.get_body(("plain",))
    assert body is not None
    assert str(body.get_content()).replace("\r\n", "\n") == (
        "MISSED: Exchange Online, October 2026\n"
        "\n"
        "Missed: 99.41 % attained, 99.5 % agreed\n"
        "99.41 % = (352 976 - 2 100) / 352 976 min of 8 nodes; 304 min of 8 nodes\n"
        "unknown excluded; 4 320 min of 8 nodes maintenance excluded\n"
        "4 h 22 min 30 s of a budget of 3 h 40 min 48 s used: 41 min 42 s too\n"
        "much.\n"
        "5 of 8 nodes had bad time in 2 incidents; the worst: Europe / France /\n"
        "Paris (12 h 20 min), Europe / France / Lyon (10 h 40 min), Europe /\n"
        "Germany / München (4 h).\n"
        "38 min unknown (0.09 %), left out of the figure. Had it all been bad:\n"
        "99.32 %, missed; all good: 99.41 %, missed.\n"
        "Mails have the page and the figures attached. Elsewhere: sentinel sla\n"
        "report --sla exchange-sites --period 2026-10 --html report.html\n"
        "\n"
        "  Europe / France / Paris  98.32 %  missed, 740 min bad\n"
        "  Europe / France / Lyon  98.55 %  missed, 640 min bad\n"
        "  Europe / Germany / München  99.46 %  missed, 240 min bad\n"
        "  Europe / Switzerland / Genève  99.46 %  missed, 240 min bad\n"
        "  Europe / Switzerland / Zürich  99.46 %  missed, 240 min bad\n"
        "\n"
        "-- \n"
        "Sentinel\n"
    )
    with_it = attachments(mail)
    assert list(with_it) == ["sla-exchange-sites-2026-10.html", "sla-exchange-sites-2026-10.csv"]
    assert with_it["sla-exchange-sites-2026-10.html"].decode().strip() == page(report).strip()
    rows = list(csv.DictReader(io.StringIO(with_it["sla-exchange-sites-2026-10.csv"].decode("utf-8-sig"), newline="")))
    assert len(rows) == 18


def test_of_several_services_the_worst_is_named_first_and_none_is_left_out() -> None:
    made = document(months.report(months.kept(), months.no_data(), months.missed()), "2026-10").wording
    assert made.text == ("🔴 Of 3 services 1 missed, 1 without data: Exchange as the sites feel it, October 2026")
    assert [line[0] for line in made.lines] == ["✗", "?", "✓"]
    assert made.lines[1] == ("? Exchange Online: no data: no service time; 99.5 % agreed, 223 min of the budget left")


@pytest.mark.parametrize("story", EVERY, ids=lambda one: one.__name__)
async def test_slack_takes_it_as_one_message_and_finds_it_again(story: object) -> None:
    assert callable(story)
    one = offered(document(months.report(story()), "2026-10"))
    async with Workspace(now=lambda: OPENED + 1.0, channels=["reports"]) as workspace:
        calls = SlackCalls(SlackSettings(token=Secret(workspace.token), api_url=workspace.api_url, deadline=5.0))
        slack = SlackChannel("#reports", calls)
        assert isinstance(await slack.send(one), Delivered)
        assert isinstance(await slack.look_up(one), Delivered)
        await calls.close()
        assert [event.kind for event in workspace.events] == ["posted"]


@pytest.mark.threat("markup")
def test_no_name_is_alive_in_slack() -> None:
    made = document(months.report(months.hostile()), "2026-10").wording
    text = json.dumps(blocks.message(made, OPENED), ensure_ascii=False)
    assert "<script" not in text
    assert "<!channel" not in text
    assert not set(text) & set("\x00\x07\x1b\u202e\ud800")


@pytest.mark.threat("header-injection")
def test_no_name_is_alive_in_a_mail() -> None:
    mail = mailed(months.report(months.hostile()))
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()
    for name in attachments(mail):
        assert name.replace(".", "").replace("-", "").isalnum(), name
        assert "/" not in name


def test_a_webhook_gets_the_rows_and_no_incident() -> None:
    report = months.report(months.missed())
    body = json.loads(json.dumps(payload(offered(document(report, "2026-10")))))
    assert body["kind"] == "digest"
    assert body["report"] == as_json(report)
    assert (body["incident"], body["digest"], body["timeline"]) == (None, None, [])


def test_an_incident_is_told_as_before() -> None:
    body = payload(delivery())
    assert body["report"] is None
    assert body["incident"]["id"] == delivery().story.incident.id
    assert wording(delivery()).text != ""


def test_a_report_of_nothing_is_no_message() -> None:
    with pytest.raises(ValueError, match="nothing to report on"):
        document(Report(at=0, timezone="UTC", sections=()), "2026-10")
