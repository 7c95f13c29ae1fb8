"""Messages, channels and mails as they look in a terminal."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from textwrap import dedent
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len

from sentinel.demo.drawing import draw, draw_channel, draw_mail
from sentinel.demo.drawing_text import clean, marked
from sentinel.demo.workspace import Workspace

AT = 1_772_438_520  # 2 March 2026, 08:02 UTC
BLOCKS: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": ":red_circle: *Lausanne* &amp; more"}},
    {
        "type": "section",
        "fields": [{"type": "mrkdwn", "text": "*Devices*\n41 of 200"}, {"type": "mrkdwn", "text": "*Where*\nLausanne"}],
    },
    {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "p95 over 6 h"},
    {
        "type": "actions",
        "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": "Acknowledge"}},
            {"type": "static_select", "placeholder": {"type": "plain_text", "text": "Silence"}},
            {"type": "overflow"},
        ],
    },
    {"type": "divider"},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "rule `login`"}, {"type": "plain_text", "text": "v7"}]},
]


def drawn(message: dict[str, Any], **how: Any) -> str:
    return draw(message, **{"width": 60, "colour": False, **how})


def test_a_message_with_a_bar_looks_like_one() -> None:
    shape = {
        "bot_id": "B1",
        "bot_profile": {"name": "Sentinel"},
        "ts": f"{AT}.000000",
        "text": "Lausanne degraded",
        "attachments": [{"color": "danger", "blocks": BLOCKS}],
        "edited": {"ts": f"{AT}.000001"},
    }
    assert drawn(shape) == dedent("""\
        Sentinel APP  08:02
        Lausanne degraded
        ┃ 🔴 Lausanne & more
        ┃ Devices                      Where
        ┃ 41 of 200                    Lausanne
        ┃ ▨ p95 over 6 h
        ┃ [ Acknowledge ]  [ Silence ▾ ]  [ ⋯ ]
        ┃ ──────────────────────────────────────────────────────────
        ┃ rule login  v7
        (edited)
        """)


def test_a_narrow_terminal_stacks_fields_and_breaks_between_pills() -> None:
    lines = drawn({"blocks": BLOCKS}, width=29).splitlines()
    assert lines[1:5] == ["Devices", "41 of 200", "Where", "Lausanne"]
    assert "[ Acknowledge ]" in lines
    assert "[ Silence ▾ ]  [ ⋯ ]" in lines


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    shape = {"text": "word " * 60, "attachments": [{"color": "#a30200", "blocks": BLOCKS}]}
    assert max(cell_len(line) for line in drawn(shape, width=width).splitlines()) <= width


def test_blocks_stand_instead_of_the_text_as_in_slack() -> None:
    shown = drawn({"text": "only for the lock screen", "blocks": [{"type": "divider"}]})
    assert "lock screen" not in shown


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("*bold* _italic_ ~gone~ `code`", "bold italic gone code"),
        ("a*b*c 2*3*4 snake_case_name", "a*b*c 2*3*4 snake_case_name"),
        ("*bold with _italic_ inside*", "bold with italic inside"),
        ("`*not bold* :red_circle: &lt;`", "*not bold* :red_circle: <"),
        ("<https://example.com|the page> <https://example.com>", "the page https://example.com"),
        ("<@U0ANA> <#C1|alerts> <!here> <!subteam^S1|@desk>", "@U0ANA #alerts @here @desk"),
        ("&gt; quoted\nnot", "▎ quoted\nnot"),
        ("```\none\n> two\n``` after", "one\n> two after"),
        ("&amp;lt; stays escaped once", "&lt; stays escaped once"),
        (f"<!date^{AT}^{{date_short}} at {{time}}|then>", "Mar 2, 2026 at 08:02"),
        (f"<!date^{AT}^{{time}} ({{ago}})|08:02 UTC>", "08:02 UTC"),
        ("<!date^99999999999999999^{time}|far>", "far"),
        ("<!date^soon^{time}|soon>", "soon"),
        ("12:00:00 and :no_such_emoji:", "12:00:00 and :no_such_emoji:"),
    ],
)
def test_markup_becomes_words(markup: str, words: str) -> None:
    assert marked(markup, UTC).plain == words


def test_styles_are_kept_when_nested() -> None:
    spans = {str(span.style) for span in marked("*bold with _italic_ `code`*", UTC).spans}
    assert {"bold", "bold italic", "bold magenta"} <= spans


def test_times_are_those_of_the_reader() -> None:
    shape = {"text": f"<!date^{AT}^{{time}}|x>", "ts": f"{AT}.0", "user": "U1"}
    assert drawn(shape, zone=ZoneInfo("Europe/Zurich")) == "U1  09:02\n09:02\n"


def test_nothing_in_the_data_reaches_the_terminal_as_a_command() -> None:
    evil = "a\x1b[31mb\x1b]8;;http://x\x07c\x9bd\x08\r\u2028e\x7f\u202ef\ud800"
    shape = {
        "username": evil,
        "text": evil,
        "attachments": [
            {
                "color": "\x1b[31m",
                "title": evil,
                "text": evil,
                "footer": evil,
                "fields": [{"title": evil, "value": evil}],
            },
            {
                "blocks": [
                    {"type": evil},
                    {"type": "image", "alt_text": evil, "title": {"type": "plain_text", "text": evil}},
                ]
            },
            {"blocks": [{"type": "header", "text": {"type": "plain_text", "text": evil}}]},
            {"blocks": [{"type": "actions", "elements": [{"type": evil}, {"type": "button", "text": {"text": evil}}]}]},
        ],
    }
    shown = drawn(shape)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\ud800]", shown)
    assert "⟨U+202E⟩" in shown
    coloured = draw(shape, width=60, colour=True)
    assert "\x1b[31mb" not in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).count("\x1b") == 0
    assert clean("tab\there\r\nnext") == "tab    here\nnext"


def test_colour_follows_the_environment_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = {"text": "*x*", "attachments": [{"color": "#2eb886", "text": "y"}]}
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[38;5;" in draw(shape)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in draw(shape)
    assert "\x1b" in draw(shape, colour=True)


def test_a_channel_shows_days_roots_and_indented_threads() -> None:
    now = [float(AT)]
    workspace = Workspace(now=lambda: now[0], channels=["alerts"])
    root = workspace.say("alerts", "proxy is slow")
    now[0] += 60
    workspace.say("alerts", "looking\nagain", author="bob", thread_ts=root.ts)
    workspace.say("alerts", "second root")
    now[0] += 86_400
    workspace.say("alerts", "next day")
    assert draw_channel(workspace, "#alerts", width=40, colour=False) == dedent("""\
        # alerts
        ─────────── Monday, 2 March ────────────
        ana  08:02
        proxy is slow
           ╭ 1 reply
           │ bob  08:03
           │ looking
           │ again

        ana  08:03
        second root
        ─────────── Tuesday, 3 March ───────────
        ana  08:03
        next day
        """)


def test_a_mail_shows_who_what_and_its_text_part() -> None:
    mail = EmailMessage()
    mail["From"] = "Sentinel <sentinel@example.com>"
    mail["To"] = "workplace@example.com"
    mail["Subject"] = "Lausanne – Login"
    mail["Date"] = datetime.fromtimestamp(AT, UTC)
    mail["X-Sentinel-Incident"] = "42"
    mail.set_content("DEGRADED since 08:02 UTC.\x1b[2J\n")
    mail.add_alternative("<p>DEGRADED</p>", subtype="html")
    assert draw_mail(mail, width=50, colour=False) == dedent("""\
        ╭────────────────────────────────────────────────╮
        │ From:    Sentinel <sentinel@example.com>       │
        │ To:      workplace@example.com                 │
        │ Date:    Mon, 02 Mar 2026 08:02:00 +0000       │
        │ Subject: Lausanne – Login                      │
        │ ────────────────────────────────────────────── │
        │ DEGRADED since 08:02 UTC.[2J                   │
        ╰────────────────────────────────────────────────╯
        """)


def test_a_mail_without_a_text_part_says_so() -> None:
    mail = EmailMessage()
    mail.set_content("<p>x</p>", subtype="html")
    assert "(no text part)" in draw_mail(mail, width=40, colour=False)


def test_rich_is_loaded_only_when_something_is_drawn() -> None:
    code = "import sys, sentinel.demo.drawing, sentinel.demo.workspace; print('rich' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert answer.stdout == "False\n"
