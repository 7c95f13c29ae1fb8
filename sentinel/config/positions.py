"""Where every key, value and table header of a TOML text stands.

The standard library's parser tells no positions, and a parser that does costs ten times its time. So this scanner
runs over text that the parser has accepted, and only when a place is asked for.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""`("rule", 0, "override", 1, "node")`."""

_BLANK = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*+"{3,5}' r"|'''(?:[^']|'{1,2}(?!'))*+'{3,5}" r'|"(?:[^"\\\n]|\\.)*+"' r"|'[^'\n]*'",
    re.DOTALL,
)
_PLAIN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+(?:Z|[+-][0-9:]+)?|[^\s,#\]}]+")
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[ \t]*\n\s*|.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Span:
    """Characters from `start` up to `end` of the text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column from 1, and how many characters of that line to underline."""

    line: int
    column: int
    span: int


class _Lost(Exception):  # what stands here is not what the parser must have seen
    pass


class Positions:
    """The places of a text. `headers`: of tables; `keys` and `values` by path, the first one where a key is repeated."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.headers: dict[Path, Span] = {}
        self.keys: dict[Path, Span] = {}
        self.values: dict[Path, Span] = {}
        self._at = 0
        self._counts: dict[Path, int] = {}
        self._starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        try:
            self._document()
        except (_Lost, RecursionError, tomllib.TOMLDecodeError):
            self._at = len(self.text)  # what was found so far is right, and better than nothing

    def key(self, path: Path) -> Place:
        """Where the key stands; of a table its header; else the nearest thing around it."""
        return self._nearest(path, (self.keys, self.headers, self.values))

    def value(self, path: Path) -> Place:
        """Where the value stands; of a table its header; else the nearest thing around it."""
        return self._nearest(path, (self.values, self.headers, self.keys))

    def inside(self, path: Path, start: int, end: int) -> Place:
        """Where characters `start` to `end` of a text value stand, escapes counted as they are written."""
        span = self.values.get(path)
        if span is None:
            return self.value(path)
        offsets = _written(self.text[span.start : span.end])
        first = span.start + offsets[min(start, len(offsets) - 1)]
        last = span.start + offsets[min(max(end, start + 1), len(offsets) - 1)]
        return self._place(Span(first, max(last, first + 1)))

    def alias(self, written: Path, meant: Path) -> None:
        """Let what stands at one path, and below it, be found under another one as well."""
        length = len(written)
        for table in (self.headers, self.keys, self.values):
            below = [(path, span) for path, span in table.items() if path[:length] == written]
            for path, span in below:
                table.setdefault((*meant, *path[length:]), span)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1; empty beyond the end."""
        lines = self.text.split("\n")
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def _nearest(self, path: Path, tables: tuple[dict[Path, Span], ...]) -> Place:
        for length in range(len(path), 0, -1):
            for table in tables:
                span = table.get(path[:length])
                if span is not None:
                    return self._place(span)
        return Place(1, 1, 1)

    def _place(self, span: Span) -> Place:
        line = bisect_right(self._starts, span.start)
        start = self._starts[line - 1]
        line_end = self.text.find("\n", span.start)
        end = min(span.end, line_end if line_end >= 0 else len(self.text))
        return Place(line, span.start - start + 1, max(1, end - span.start))

    # The scanner. `self._at` is the next character.

    def _document(self) -> None:
        table: Path = ()
        self._skip()
        while self._at < len(self.text):
            if self.text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip()

    def _header(self) -> Path:
        start = self._at
        several = self.text.startswith("[[", start)
        self._at += 2 if several else 1
        names = [name for name, _ in self._dotted()]
        self._expect("]]" if several else "]")
        path: Path = ()
        for number, name in enumerate(names):
            path = (*path, name)
            if path in self._counts and (number < len(names) - 1 or not several):
                path = (*path, self._counts[path] - 1)
        span = Span(start, self._at)
        if several:
            self._counts[path] = self._counts.get(path, 0) + 1
            self.headers.setdefault(path, span)
            path = (*path, self._counts[path] - 1)
        self.headers.setdefault(path, span)
        return path

    def _pair(self, table: Path) -> None:
        path = table
        for name, span in self._dotted():
            path = (*path, name)
            self.keys.setdefault(path, span)
        self._expect("=")
        self._skip()
        self._value(path)

    def _dotted(self) -> list[tuple[str, Span]]:
        names = []
        while True:
            self._skip()
            match = _STRING.match(self.text, self._at) or _BARE_KEY.match(self.text, self._at)
            if match is None:
                raise _Lost
            raw = match.group()
            names.append((tomllib.loads(f"key = {raw}")["key"] if raw[0] in "\"'" else raw, Span(*match.span())))
            self._at = match.end()
            self._skip()
            if not self.text.startswith(".", self._at):
                return names
            self._at += 1

    def _value(self, path: Path) -> None:
        start = self._at
        char = self.text[start : start + 1]
        if char == "[":
            self._array(path)
        elif char == "{":
            self._inline(path)
        else:
            match = (_STRING if char in "\"'" else _PLAIN).match(self.text, start)
            if match is None:
                raise _Lost
            self._at = match.end()
        self.values.setdefault(path, Span(start, self._at))

    def _array(self, path: Path) -> None:
        self._at += 1
        number = 0
        while not self._closes("]"):
            self._value((*path, number))
            number += 1
            self._comma()

    def _inline(self, path: Path) -> None:
        self._at += 1
        while not self._closes("}"):
            self._pair(path)
            self._comma()

    def _closes(self, sign: str) -> bool:
        self._skip()
        if self._at >= len(self.text):
            raise _Lost
        if self.text[self._at] != sign:
            return False
        self._at += 1
        return True

    def _comma(self) -> None:
        self._skip()
        if self.text.startswith(",", self._at):
            self._at += 1

    def _expect(self, sign: str) -> None:
        self._skip()
        if not self.text.startswith(sign, self._at):
            raise _Lost
        self._at += len(sign)

    def _skip(self) -> None:
        match = _BLANK.match(self.text, self._at)
        assert match is not None
        self._at = match.end()


def _written(raw: str) -> list[int]:
    """For each character of a string's value, and for its end, the offset at which it is written."""
    quotes = 3 if raw[:3] in ('"""', "'''") else 1
    position, end = quotes, len(raw) - quotes
    if quotes == 3 and raw.startswith("\n", position):  # noqa: PLR2004  # three quotes: a first newline is left out
        position += 1
    offsets = []
    while position < end:
        escape = _ESCAPE.match(raw, position) if raw[0] == '"' else None
        if escape is None:
            offsets.append(position)
            position += 1
            continue
        if "\n" not in escape.group():
            offsets.append(position)
        position = escape.end()
    return [*offsets, position]
