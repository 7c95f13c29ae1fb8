"""E-mails: as they were looked at and found good, and sound whatever the names."""

from __future__ import annotations

import email
import re
from email.policy import default
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from sentinel.deliver.mail import COLUMNS, compose, reference
from sentinel.deliver.settings import SmtpSettings
from sentinel.domain.notices import NoticeKind
from tests.deliver.any_story import DELIVERY
from tests.deliver.test_blocks import CASES
from tests.effort import effort
from tests.fakes.stories import delivery, ended, incident

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

    from sentinel.deliver.channel import Delivery

SETTINGS = SmtpSettings(host="127.0.0.1", sender="sentinel@mail.example.com", sender_name="Sentinel (prod)")
MAX_BYTES = 100_000


def composed(one: Delivery) -> EmailMessage:
    """The mail as it arrives: composed, written, read."""
    raw = compose(one, SETTINGS, ["ana@example.com"]).as_bytes()
    assert len(raw) < MAX_BYTES
    raw.decode("ascii")
    assert max(len(line) for line in raw.splitlines()) <= 998
    return email.message_from_bytes(raw, policy=default)


def part(mail: EmailMessage, subtype: str) -> str:
    body = mail.get_body((subtype,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("name", CASES)
def test_a_mail_looks_as_it_was_found_good(name: str, golden: Callable[[str, str], None]) -> None:
    mail = composed(CASES[name])
    golden(f"mail-{name}.txt", f"Subject: {mail['Subject']}\n\n{part(mail, 'plain')}")
    golden(f"mail-{name}.html", part(mail, "html"))


def test_the_headers_let_people_filter_and_machines_keep_quiet() -> None:
    mail = composed(delivery())
    assert mail["From"] == '"Sentinel (prod)" <sentinel@mail.example.com>'
    assert mail["To"] == "ana@example.com"
    assert mail["Date"] == "Mon, 02 Mar 2026 08:03:00 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["List-Id"] == "Sentinel notices <notices.sentinel.mail.example.com>"
    assert mail["X-Sentinel-Incident"] == "sn-abcdefghijkl"
    assert mail["X-Sentinel-State"] == "critical"
    assert mail["X-Sentinel-Severity"] == "critical"
    assert mail["Message-ID"].endswith("@mail.example.com>")


def test_the_same_notice_always_has_the_same_message_id_and_another_has_another() -> None:
    one, later = delivery(), delivery(at=1_800_000_000.0, may_repeat=True)
    assert composed(one)["Message-ID"] == composed(later)["Message-ID"]
    assert composed(one)["Message-ID"] != composed(delivery(NoticeKind.ESCALATED, incident(step=2)))["Message-ID"]


def test_the_subject_of_the_first_mail_stays_when_the_incident_moves() -> None:
    ref = reference(delivery(), SETTINGS)
    later = delivery(NoticeKind.RECOVERED, ended(node=("Europe",)), ref=ref)
    assert composed(later)["Subject"] == composed(delivery())["Subject"]
    assert composed(later)["References"] == composed(delivery())["Message-ID"]
    assert reference(later, SETTINGS) == ref


@pytest.mark.threat("header-injection", "html-injection")
def test_a_hostile_name_adds_no_header_and_no_markup() -> None:
    one = incident(service="x\r\nBcc: everyone@example.com\u2028Bcc: y\0", node=("<script>alert(1)</script>",))
    mail = composed(delivery(one=one))
    assert mail["Bcc"] is None
    assert "<script>" not in part(mail, "html")
    assert "&lt;script&gt;" in part(mail, "html")


@pytest.mark.threat("header-injection", "html-injection")
@effort(40)
@given(DELIVERY)
def test_any_incident_becomes_a_mail_that_is_sound(one: Delivery) -> None:
    mail = composed(one)
    assert set(mail.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "List-Id",
        "X-Sentinel-Incident",
        "X-Sentinel-State",
        "X-Sentinel-Severity",
        "MIME-Version",
        "Content-Type",
    }
    text, html = part(mail, "plain"), part(mail, "html")
    assert all(len(line) <= COLUMNS for line in text.splitlines() if not line.startswith("Runbook: "))
    assert text.strip()
    for tag in re.findall("<[a-z!/][^>]*>", html):
        assert re.match(
            r"</?(!DOCTYPE|html|head|meta|title|style|body|div|table|tr|td|h1|p|span|ul|li|strong|a)\b", tag
        )
        assert "onmouseover" not in tag
