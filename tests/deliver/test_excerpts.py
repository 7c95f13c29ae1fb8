"""Lines that are shown as they are, with their blanks: the caret under a mistake in a refused rules file."""

from __future__ import annotations

import asyncio
import io
import json

import pytest

from sentinel.deliver import blocks
from sentinel.deliver.console import ConsoleChannel
from sentinel.deliver.mail import compose
from sentinel.deliver.settings import SmtpSettings
from sentinel.deliver.webhook import payload
from sentinel.deliver.wording import EXCERPT_LINES, EXCERPT_WIDE, incident_wording
from tests.fakes.stories import OPENED, delivery, ended, facts, source_trouble, story

EXCERPT = (
    "rules.toml:12:12: error[E110]: unknown metric 'device'\n"
    '   |\n12 | warning = "device > 5"\n   |            ^^^^^^\n'
)
LINES = EXCERPT.splitlines()
REFUSED = source_trouble(rule="sentinel/reload", facts=facts(detail="refused", excerpt=EXCERPT))
SETTINGS = SmtpSettings(host="mail.example.com", sender="sentinel@example.com")


def test_slack_shows_them_as_code() -> None:
    body = blocks.message(incident_wording(story(REFUSED), OPENED), OPENED)["attachments"][0]["blocks"]
    fenced = [one["text"]["text"] for one in body if one["type"] == "section" and "```" in one["text"]["text"]]
    assert fenced == ["```" + EXCERPT.rstrip("\n").replace(">", "&gt;") + "```"]


def test_a_mail_keeps_their_blanks_in_both_parts() -> None:
    mail = compose(delivery(one=REFUSED), SETTINGS, ("ana@example.com",))
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "\n".join(f"  {line}".rstrip() for line in LINES) in "\n".join(map(str.rstrip, text.splitlines()))
    assert "   |            ^^^^^^\n" in html.partition("<pre")[2]


def test_a_webhook_and_the_console_have_them() -> None:
    assert json.loads(json.dumps(payload(delivery(one=REFUSED))))["incident"]["excerpt"] == EXCERPT
    stream = io.StringIO()
    asyncio.run(ConsoleChannel(stream).send(delivery(one=REFUSED)))
    assert "   |            ^^^^^^\n" in stream.getvalue()


def test_what_is_over_shows_none() -> None:
    over = ended(facts=facts(detail="refused", excerpt=EXCERPT))
    assert incident_wording(story(over), OPENED).excerpt == ()
    assert incident_wording(story(REFUSED), OPENED).shorter().excerpt == ()


@pytest.mark.threat("markup")
def test_hostile_lines_stay_text_and_bounded() -> None:
    hostile = "```\n<!channel> & <https://evil.example.com|here>\x1b[2J\n" + "x" * 10_000 + "\n" + "y\n" * 100
    one = source_trouble(facts=facts(excerpt=hostile))
    words = incident_wording(story(one), OPENED)
    assert len(words.excerpt) == EXCERPT_LINES
    assert max(map(len, words.excerpt)) <= EXCERPT_WIDE
    [fenced] = [
        block["text"]["text"]
        for block in blocks.message(words, OPENED)["attachments"][0]["blocks"]
        if block["type"] == "section" and "ʼʼʼ" in block["text"]["text"]
    ]
    inside = fenced.removeprefix("```").removesuffix("```")
    assert "`" not in inside
    assert "<" not in inside
    assert "\x1b" not in inside
    html = compose(delivery(one=one), SETTINGS, ("ana@example.com",)).get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "<!channel>" not in html
    assert "<https://evil" not in html
