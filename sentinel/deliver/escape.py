"""Names from outside made harmless: shown for what they are, in one line, at a bounded length."""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "…"

_JOINERS = frozenset("\u200c\u200d")
"""They join emoji and shape letters of some scripts; between ASCII letters they only deceive."""

_BLANKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
_MARKED = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_NONCHARACTER = 0xFFFE
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5")
"""Letters and marks that show nothing although Unicode counts them as visible."""

_CALLS = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
_MRKDWN = str.maketrans({"`": "ʼ", "*": "∗", "~": "∼"})
_SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def clean(text: str, limit: int) -> str:
    """One line of at most `limit` characters: line ends are blanks, what is invisible or turns text round is named.

    A right-to-left override becomes `[U+202E]`, an escape character `[U+001B]`, a lone surrogate `[U+D800]`.
    """
    early = text[: 4 * limit + 16]  # a name may be huge; what lies beyond cannot be shown anyway
    return cut(" ".join(visible(early).split()), limit)


def visible(text: str) -> str:
    """One line of any length with its blanks kept: line ends become blanks, what is invisible is named as in `clean`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(text, i) for i in range(len(text)))


def _shown(text: str, i: int) -> str:
    char = text[i]
    if char.isascii() and char.isprintable():
        return char
    if char in _BLANKS:
        return " "
    if char in _JOINERS and _joins(text, i):
        return char
    hidden = unicodedata.category(char) in _MARKED or char in _FILLERS or ord(char) & _NONCHARACTER == _NONCHARACTER
    return f"[U+{ord(char):04X}]" if hidden else char


def _joins(text: str, i: int) -> bool:
    """Whether both neighbours are such that a joiner between them is how the word is written."""
    around = text[i - 1 : i] + text[i + 1 : i + 2]
    return len(around) == 2 and not any(char.isascii() for char in around)  # noqa: PLR2004  # both neighbours


def cut(text: str, limit: int) -> str:
    """At most `limit` characters with … at the end; letters keep their marks, emoji are not torn apart."""
    if len(text) <= limit:
        return text
    end = max(0, limit - 1)
    while end > 0 and _continues(text, end):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS if limit > 0 else ""


def _continues(text: str, i: int) -> bool:
    """Whether the character at `i` belongs to the one before it."""
    char = text[i]
    skin_tone = "\U0001f3fb" <= char <= "\U0001f3ff"
    joined = char in _JOINERS or text[i - 1] in _JOINERS
    return joined or skin_tone or unicodedata.category(char).startswith("M")


def slack(text: str) -> str:
    """Clean text for Slack's mrkdwn: no link, mention, channel call or style can come out of it.

    Slack documentation, Formatting text for app surfaces: `&`, `<` and `>` are the only characters to escape. The
    signs that style text are swapped for look-alikes, so that a name stays readable inside bold, struck or code.
    """
    return _CALLS.sub("＠", text.translate(_MRKDWN)).translate(_SLACK)


def header(text: str, limit: int = 200) -> str:
    """Clean text for an e-mail header: `clean` leaves nothing in it that could end or fold the line."""
    return clean(text, limit)
