"""Names that somebody chose to do harm, and a look at what is shown of them."""

from __future__ import annotations

import re
import unicodedata

HOSTILE = (
    "<!channel>",
    "<@U024BE7LH>",
    "<https://evil.example|Fix now>",
    "@here `*_~",
    "\x1b]0;title\x07\x1b[2J\x1b[31m",
    "\x9b31m and \x90q\x9c",
    "two\r\nlines\tand\x0b\x0c\x1c\x85\u2028\u2029more",
    "2026-03-02T08:00:00Z [error] forged\n2026-03-02T08:00:01Z [info] forged",
    "\u202egnihsif\u2066\u2069\u200f",
    "pay\u200bpal\u200d\ufeff\u00ad",
    "nul\x00and\ud800half\udfff",
    "=cmd|' /C calc'!A0",
    "+1-2@3\t=4",
    "</title><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "{{ 7*7 }}{% raw %}",
    "'; DROP TABLE incidents; --",
    "../../etc/passwd",
    "%s%n{0}{self}",
    "a/b\\c",
    "n" * 5000,
    "é\u0301" * 400,
    "\U000e0041\ue000\uffff",
    "all",
    "",
)

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LIVE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co"})
_JOINERS = frozenset("\u200c\u200d")


def live(text: str, *, coloured: bool = False) -> set[str]:
    """What of a text acts on a terminal or hides; line ends and tabs, and colours where they may be, are the program's."""
    shown = set(_COLOUR.sub("", text) if coloured else text) - {"\n", "\t"} - _JOINERS
    return {char for char in shown if unicodedata.category(char) in _LIVE}
