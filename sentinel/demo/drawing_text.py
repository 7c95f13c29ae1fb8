"""Slack's text markup as styled terminal text, and what makes foreign text safe to print."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from html import unescape

from rich.emoji import Emoji
from rich.text import Text

LINK = "underline bright_blue"
CODE = "magenta"
MENTION = "bold bright_blue"
QUOTE_BAR = "▎ "

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TOKEN = re.compile(
    r"```(?P<fence>.+?)```"
    r"|`(?P<code>[^`\n]+)`"
    r"|<(?P<angle>[^<>\n]+)>"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])"
    r"|(?<![\w~])~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])",
    re.DOTALL,
)
_STYLES = {"bold": "bold", "italic": "italic", "strike": "strike"}
_DATE_PART = re.compile(r"\{(\w+)\}")
_DATE_FORMATS = {
    "date_num": "%Y-%m-%d",
    "date_slash": "%m/%d/%Y",
    "date": "%B {day}, %Y",
    "date_pretty": "%B {day}, %Y",
    "date_short": "%b {day}, %Y",
    "date_short_pretty": "%b {day}, %Y",
    "date_long": "%A, %B {day}, %Y",
    "date_long_pretty": "%A, %B {day}, %Y",
    "time": "%H:%M",
    "time_secs": "%H:%M:%S",
}


def clean(text: str) -> str:
    """Text without anything a terminal obeys: control characters go, marks of writing direction become visible."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\t", "    "))
    return _BIDI.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", _SURROGATE.sub("\ufffd", text))


def plain(text: object) -> Text:
    """A `plain_text` object's words: no markup, only emoji names are replaced."""
    return Text(_emoji(unescape(clean(str(text)))))


def marked(text: object, zone: tzinfo) -> Text:
    """Slack's mrkdwn: bold, italic, strike, code, links, mentions, dates, quotes. Dates are shown in `zone`."""
    lines = Text()
    for number, line in enumerate(_lines(clean(str(text)))):
        if number:
            lines.append("\n")
        quoted = line.startswith(("&gt;", ">"))
        if quoted:
            lines.append(QUOTE_BAR, "dim")
            line = line.removeprefix("&gt;").removeprefix(">").lstrip(" ")  # noqa: PLW2901  # without its mark
        lines.append_text(_inline(line, zone, ""))
    return lines


def _lines(text: str) -> list[str]:
    """The lines of a text; a fenced block counts as one."""
    lines: list[str] = []
    for number, part in enumerate(re.split(r"(```.+?```)", text, flags=re.DOTALL)):
        pieces = [part] if number % 2 else part.split("\n")
        if lines:
            lines[-1] += pieces[0]
            lines += pieces[1:]
        else:
            lines = pieces
    return lines


def _inline(text: str, zone: tzinfo, style: str) -> Text:
    out = Text()
    end = 0
    for token in _TOKEN.finditer(text):
        out.append(_words(text[end : token.start()]), style)
        out.append_text(_token(token, zone, style))
        end = token.end()
    out.append(_words(text[end:]), style)
    return out


def _token(token: re.Match[str], zone: tzinfo, style: str) -> Text:
    kind = token.lastgroup or ""
    inside = token[kind]
    if kind == "fence":
        return Text(unescape(inside).strip("\n"), f"{style} {CODE}".strip())
    if kind == "code":
        return Text(unescape(inside), f"{style} {CODE}".strip())
    if kind == "angle":
        return _angle(inside, zone, style)
    return _inline(inside, zone, f"{style} {_STYLES[kind]}".strip())


def _angle(inside: str, zone: tzinfo, style: str) -> Text:
    target, _, label = inside.partition("|")
    if target.startswith("!date^"):
        return Text(_date(target, label, zone), style)
    if target[:1] in "@#!":
        prefix = "#" if target.startswith("#") else "@"
        name = label.lstrip("@#") or target[1:].removeprefix("subteam^")
        return Text(f"{prefix}{unescape(name)}", f"{style} {MENTION}".strip())
    return Text(_words(label) or unescape(target), f"{style} {LINK}".strip())


def _date(target: str, fallback: str, zone: tzinfo) -> str:
    """A date token in the zone; the fallback where a part of it needs more than the instant itself, as `{ago}` does."""
    _, stamp, pattern = [*target.split("^", 3), "", ""][:3]
    parts = _DATE_PART.findall(pattern)
    if not stamp.isdecimal() or not parts or not set(parts) <= _DATE_FORMATS.keys():
        return _words(fallback)
    try:
        moment = datetime.fromtimestamp(int(stamp), zone)
    except (OverflowError, OSError, ValueError):
        return _words(fallback)
    shown = _DATE_PART.sub(
        lambda part: moment.strftime(_DATE_FORMATS[part[1]].replace("{day}", str(moment.day))), pattern
    )
    return _words(shown)


def _words(text: str) -> str:
    return _emoji(unescape(text))


def _emoji(text: str) -> str:
    return Emoji.replace(text)
