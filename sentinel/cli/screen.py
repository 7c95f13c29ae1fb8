"""What commands print: tables for people, tab-separated lines for pipes, JSON for programs; words go to stderr.

Names come from outside: whatever they hold, no control character reaches the terminal and no text turns round.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import click

from sentinel.deliver.escape import clean, cut

FIELD = 10_000
"""Characters of one field, at most."""

NARROWEST = 8
"""No column is made narrower than this to make a table fit."""

_GAP = "  "
_CUT = "… / "
_MAY_BE_CUT = frozenset(
    {"SLA", "SERVICE", "NODE", "RULE", "VALUE", "TO", "CHANNEL", "REASON", "ACK", "WHAT", "MUTED BY", "FOR", "AUTHOR"}
)
_PATHS = frozenset({"NODE"})
"""Columns whose end says most: a node is cut from the top."""

_COLOURS = {
    "critical": "red",
    "failing": "red",
    "abandoned": "red",
    "error": "red",
    "missed": "red",
    "warning": "yellow",
    "at risk": "yellow",
    "stale": "yellow",
    "flapping": "yellow",
    "unclear": "yellow",
    "unknown": "magenta",
    "no data": "magenta",
    "kept?": "yellow",
    "kept": "green",
    "recovered": "green",
    "delivered": "green",
    "ok": "green",
}
_DECEIVING = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\uf8ff"
    "\U000e0000-\U0010ffff]"
)


def say(words: str) -> None:
    """A remark for people, on stderr."""
    click.echo(words, err=True)


def complain(message: str, hint: str = "") -> None:
    """What went wrong and what mends it, on stderr. Several lines are kept, what is invisible in them is named."""
    for label, text in (("error", message), ("hint", hint)):
        if text:
            head = click.style(f"{label}:", fg="red" if label == "error" else None, bold=True)
            click.echo(f"{head if coloured(sys.stderr) else f'{label}:'} {_lines(text)}", err=True)


def print_json(value: Any) -> None:
    """A JSON document on stdout. Letters stay as they are; what would deceive or break a terminal is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    text = _DECEIVING.sub(lambda found: json.dumps(found[0])[1:-1], text)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if encoding.lower().replace("-", "") != "utf8":
        text = json.dumps(value, indent=2, allow_nan=False)
    click.echo(text)


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows under their heads: aligned on a terminal, separated by tabs elsewhere."""
    found = [[clean(field, FIELD) for field in row] for row in rows]
    if not is_terminal():
        for line in (tuple(head.lower() for head in heads), *found):
            click.echo("\t".join(line))
    elif found:
        width = shutil.get_terminal_size().columns
        for line in aligned(heads, found, width, coloured=coloured(sys.stdout)):
            click.echo(line)


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, coloured: bool = False) -> list[str]:
    """The lines of a table: as wide as its fields need, the names and sentences in it cut until it fits into `width`.

    Columns without anything are left out. Ids, states and times stay whole, even where the table stays too wide.
    """
    used = [i for i in range(len(heads)) if any(row[i] for row in rows)]
    shown_heads = [heads[i] for i in used]
    shown = [[row[i] or "–" for i in used] for row in rows]
    widths = [max(columns(cell) for cell in column) for column in zip(shown_heads, *shown, strict=True)]
    flexible = [i for i, head in enumerate(shown_heads) if head in _MAY_BE_CUT]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        widest = max(flexible, key=lambda i: widths[i], default=None)
        if widest is None or widths[widest] <= NARROWEST:
            break
        widths[widest] -= 1
    lines = [_line(shown_heads, widths)]
    paths = [i for i, head in enumerate(shown_heads) if head in _PATHS]
    for row in shown:
        for i in paths:
            row[i] = _without_top(row[i], widths[i])
        line = _line(row, widths)
        colour = _COLOURS.get(row[0]) if coloured else None
        if colour is not None:
            line = click.style(line[: len(row[0])], fg=colour) + line[len(row[0]) :]
        lines.append(line)
    return lines


def columns(text: str) -> int:
    """How many columns of a terminal a clean text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def is_terminal() -> bool:
    """Whether data goes to a terminal."""
    return sys.stdout.isatty()


def one_line(text: str, limit: int = FIELD) -> str:
    """Text from outside in one harmless line."""
    return clean(text, limit)


def width() -> int:
    """Columns of the terminal; 80 where there is none."""
    return shutil.get_terminal_size().columns


def wants_colour() -> bool:
    """Whether data on stdout is shown in colours."""
    return coloured(sys.stdout)


def coloured(stream: Any) -> bool:
    """Whether what goes to that stream is shown in colours: NO_COLOR, --no-color and pipes refuse."""
    context = click.get_current_context(silent=True)
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    if context is not None and context.find_root().color is False:
        return False
    return bool(stream.isatty())


def _without_top(path: str, wide: int) -> str:
    """`… / Zurich` of `Europe / Switzerland / Zurich`: as much of its end as fits, the last name in any case."""
    while columns(path) > wide:
        rest = path.removeprefix(_CUT).partition(" / ")[2]
        if not rest:
            break
        path = _CUT + rest
    return path if columns(path) <= wide else path.removeprefix(_CUT)


def _line(fields: Sequence[str], widths: Sequence[int]) -> str:
    cells = []
    for field, wide in zip(fields, widths, strict=True):
        short = field
        while columns(short) > wide:
            short = cut(short, len(short) - max(1, columns(short) - wide))
        cells.append(short + " " * (wide - columns(short)))
    return _GAP.join(cells).rstrip()


def _lines(text: str) -> str:
    return "\n".join(clean(line, FIELD) for line in text.splitlines())
