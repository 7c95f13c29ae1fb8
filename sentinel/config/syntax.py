"""Text that is no TOML: what the parser said, in words that name the mistake, at the place where it was made.

The standard library's parser stops at the first thing that it cannot read, often behind the mistake: a quote that is
never closed shows at the end of its line. What it says is kept where nothing better is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from sentinel.errors import Problem

_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)\s*$")
_TYPOGRAPHIC = "“”„‟«»‘’‚‹›`"
_VALUE = re.compile(r"[^\s\[{\"'][^#\n]*?(?=\s*(?:#|$))")
_TOKEN = re.compile(
    r"#[^\n]*|\"\"\".*?\"\"\"|'''.*?'''|(?!\"\"\")\"(?:[^\"\\\n]|\\.)*\"|(?!''')'[^'\n]*'|[\[\]{}]", re.DOTALL
)
_OPEN_QUOTE = ("Illegal character '\\n'", "Illegal character '\\r'", "Expected \"'", "Unterminated string")
_HEADER = re.compile(r"\s*\[{1,2}[A-Za-z0-9_. -]+\]{1,2}\s*(#.*)?")
_CLOSING = {"[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class _Fault:
    """What was said of a text, and where. `written` is the line; line and column from 1, 0 where the place is unknown."""

    text: str
    message: str
    line: int
    column: int
    hint: str = ""
    span: int = 1

    @property
    def written(self) -> str:
        lines = self.text.split("\n")
        return lines[self.line - 1] if 0 < self.line <= len(lines) else ""

    @property
    def rest(self) -> str:
        """What stands in the line from the place on."""
        return self.written[max(0, self.column - 1) :]


def syntax_problem(said: str, text: str, file: str) -> Problem:
    """The problem (E101) of a text that the parser refused with these words."""
    fault = _located(said, text)
    for explain in _EXPLANATIONS:
        better = explain(fault)
        if better is not None:
            fault = better
            break
    message = "".join(char if char.isprintable() else "?" for char in fault.message)
    return Problem(
        file=file,
        line=fault.line,
        column=fault.column,
        span=fault.span,
        code="E101",
        message=message[:1].lower() + message[1:],
        hint=fault.hint,
    )


def _located(said: str, text: str) -> _Fault:
    """At the end of the document: behind the last thing that stands there."""
    match = _PLACE.search(said)
    if match is None:
        return _Fault(text, "a value cannot be read", 0, 0)
    if match.group(1):
        return _Fault(text, said[: match.start()], int(match.group(1)), int(match.group(2)))
    shown = text.rstrip()
    return _Fault(text, said[: match.start()], shown.count("\n") + 1, len(shown) - shown.rfind("\n"))


def _quote_left_open(fault: _Fault) -> _Fault | None:
    """At the quote that opens: the parser notices at the end of the line, or of the file."""
    if not fault.message.startswith(_OPEN_QUOTE):
        return None
    position, opened = 0, -1
    while position < len(fault.text):
        match = _TOKEN.match(fault.text, position)
        if match is None and fault.text[position] in "\"'":
            opened = position
            break
        position = match.end() if match else position + 1
    if opened < 0:
        return None
    line = fault.text.count("\n", 0, opened) + 1
    column = opened - fault.text.rfind("\n", 0, opened)
    several = fault.text.startswith(('"""', "'''"), opened)
    where = "write the same three quotes behind the text" if several else "write the same quote at the end of the text"
    return replace(fault, message="this quote is never closed", line=line, column=column, hint=where)


def _bracket_left_open(fault: _Fault) -> _Fault | None:
    """At the bracket that opens: the parser notices at the next thing that does not belong into it."""
    within = fault.message == "Invalid value" and _HEADER.fullmatch(fault.written)  # a header, taken for an element
    if not within and not fault.message.startswith(("Unclosed array", "Unclosed inline table")):
        return None
    lines = fault.text.split("\n")
    end = sum(len(line) + 1 for line in lines[: fault.line - 1]) + (0 if within else fault.column - 1)
    opened: list[tuple[int, str]] = []
    for match in _TOKEN.finditer(fault.text, 0, end):
        if match.group() in _CLOSING:
            opened.append((match.start(), match.group()))
        elif match.group() in _CLOSING.values() and opened:
            opened.pop()
    if not opened:
        return None
    start, sign = opened[-1]
    place = replace(fault, line=fault.text.count("\n", 0, start) + 1, column=start - fault.text.rfind("\n", 0, start))
    if sign == "[" and fault.rest[:1] not in ("", "[") and place.line == fault.line:
        return replace(fault, message="this does not belong to the list", hint="write a comma between two elements")
    hint = f"write {_CLOSING[sign]} at its end"
    hint += ", in the same line: a table in braces has only one" if sign == "{" else ""
    return replace(place, message="this bracket is never closed", hint=hint)


def _braces_over_lines(fault: _Fault) -> _Fault | None:
    if not fault.message.startswith("Invalid initial character for a key part"):
        return None
    before = fault.written[: fault.column - 1].rstrip()
    if before.endswith((",", "{")) and fault.rest.lstrip()[:1] in ("", "#"):
        hint = "write all of it in one line, or as a table of its own under a [header]"
        return replace(fault, message="a table in braces ends in the line in which it begins", hint=hint)
    if before.endswith(",") and fault.rest[:1] == "}":
        return replace(
            fault, message="a table in braces has no comma at its end", column=len(before), hint="leave the comma out"
        )
    return _typographic(fault) if fault.rest.startswith(tuple(_TYPOGRAPHIC)) else None


def _typographic(fault: _Fault) -> _Fault:
    return replace(fault, message="these quotes are typographic ones", hint='write straight quotes: "..."')


def _value(fault: _Fault) -> _Fault | None:
    """A value that is none: words without quotes, words of other languages, nothing at all."""
    if fault.message != "Invalid value":
        return None
    if re.fullmatch(r"\s*(#\s.*)?", fault.rest):
        return replace(fault, message="the value is missing")
    if fault.rest[0] in _TYPOGRAPHIC:
        return _typographic(fault)
    whole = _VALUE.match(fault.rest)
    given = whole[0].rstrip("]}, ") if whole else ""
    fault = replace(fault, message="this is no value", span=max(1, len(given)))
    if given.lower() in ("yes", "no", "on", "off", "true", "false"):
        return replace(fault, hint="write true or false, in small letters and without quotes")
    if given.lower() in ("none", "null", "nil"):
        return replace(fault, hint="TOML has no empty value: leave the key out")
    return replace(fault, hint="text needs quotes")


def _more_in_the_line(fault: _Fault) -> _Fault | None:
    """Something behind a value: a unit, a second value, a quote within quotes."""
    if not fault.message.startswith("Expected newline"):
        return None
    before = fault.written[: fault.column - 1]
    number = re.search(r"=\s*([-+]?[0-9][0-9._]*)\s?$", before)
    unit = re.match(r"\s?(%|[A-Za-z]+)(?!\w|\s*=)", fault.rest)
    if number and unit:
        column = number.start(1) + 1
        span = fault.column - column + unit.end()
        hint = "a number with a unit is text: put it in quotes"
        return replace(fault, message="this is no value", column=column, span=span, hint=hint)
    if re.match(r"\s*\[+[^\]]*\]$", before) and fault.rest.startswith("]"):
        hint = "write [[...]] around the name of a table that there may be several of, [...] around any other"
        return replace(fault, message="there is a bracket too many", hint=hint)
    if re.search(r"\"\s*$", before):
        hint = (
            'several texts stand in brackets: ["a", "b"]'
            if re.match(r"\s*[,\"]", fault.rest)
            else 'within a text in double quotes write \\" for a quote, or put the text into single ones'
        )
        return replace(fault, message="the text has ended, and more stands behind it", hint=hint)
    return replace(fault, message="the value has ended, and more stands behind it", hint="one key in each line")


def _no_equals_sign(fault: _Fault) -> _Fault | None:
    if not fault.message.startswith("Expected '=' after a key"):
        return None
    fault = replace(fault, message="here a key's = is expected")
    if fault.rest[:1] == ":":
        return replace(fault, hint="write = instead of the colon")
    if fault.written.lstrip().startswith(("-", "//", "--", ";")):
        return replace(fault, hint="a list stands in brackets: [...]; a comment begins with #")
    if fault.rest[:1] and not fault.rest[0].isascii():
        return replace(fault, hint="a key with such letters needs quotes")
    return replace(fault, hint="key = value; a key has no spaces in it") if "=" in fault.rest else fault


def _statement(fault: _Fault) -> _Fault | None:
    if fault.message != "Invalid statement":
        return None
    if fault.rest.startswith(tuple(_TYPOGRAPHIC)):
        return _typographic(fault)
    if fault.rest.startswith(("<<<<<<<", "=======", ">>>>>>>")):
        hint = "keep one of the versions between <<<<<<< and >>>>>>>"
        return replace(fault, message="a merge conflict stands here", span=len(fault.rest.split()[0]), hint=hint)
    if fault.rest[:1] in "/;":
        return replace(fault, message="a line cannot begin like this", hint="a comment begins with #")
    if not fault.rest[:1].isascii():
        hint = "type this line anew: something that cannot be seen stands here"
        return replace(fault, message="a line cannot begin like this", hint="" if fault.rest[0].isalpha() else hint)
    return replace(fault, message="a line cannot begin like this", hint="[table], [[table]], or key = value")


def _escape(fault: _Fault) -> _Fault | None:
    if not fault.message.startswith(("Invalid hex value", "Unescaped '\\'")):
        return None
    column = fault.written.rfind("\\", 0, fault.column) + 1
    hint = "write \\\\ for a backslash, or put the text into single quotes: '...'"
    message = "a backslash has a meaning within double quotes"
    return replace(fault, message=message, column=column or fault.column, span=2 if column else 1, hint=hint)


def _valued(lines: list[str], key: str) -> int:
    """The last line above in which a key has a value, 0 where none has."""
    written = re.compile(rf"\s*{re.escape(key)}\s*=")
    return next((number for number in range(len(lines), 0, -1) if written.match(lines[number - 1])), 0)


def _twice(fault: _Fault) -> _Fault | None:
    """A key or a table that is there already: with the line of the first."""
    if not fault.message.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate")):
        return None
    column = len(fault.written) - len(fault.written.lstrip()) + 1
    bare = fault.written.split("#", maxsplit=1)[0].rstrip()
    header = re.fullmatch(r"\s*\[+\s*([^\[\]]+?)\s*\]+", bare)
    lines = fault.text.split("\n")[: fault.line - 1]
    if header:
        same = re.compile(rf"\s*\[+\s*{re.escape(header.group(1))}\s*\]+")
        first = next((number for number, line in enumerate(lines, 1) if same.match(line)), 0)
        valued = 0 if first else _valued(lines, header.group(1).rpartition(".")[2])
        if valued:
            message = f"{header.group(1)} has a value already, so it cannot be tables as well"
            hint = f"the value stands in line {valued}: take it out, and write it into the first table"
            return replace(fault, message=message, column=column, span=len(bare) - column + 1, hint=hint)
        single = f"if there may be several, write [[{header.group(1)}]] each time; if not, put them together"
        hint = single + (f" (the first one stands in line {first})" if first else "")
        message = "this table is there already"
        return replace(fault, message=message, column=column, span=len(bare) - column + 1, hint=hint)
    key = fault.written[column - 1 :].split("=")[0].strip()
    hint = "the same key stands twice in one table"
    for number in range(len(lines), 0, -1):
        if lines[number - 1].lstrip().startswith("["):
            break
        if lines[number - 1].split("=")[0].strip() == key:
            hint += f": here and in line {number}"
            break
    return replace(fault, message="this key is there already", column=column, span=max(1, len(key)), hint=hint)


def _header(fault: _Fault) -> _Fault | None:
    if not fault.message.startswith(("Expected ']]' at", "Expected ']' at")):
        return None
    return replace(
        fault,
        message="the header of a table is never closed",
        hint=f"write {']]' if ']]' in fault.message else ']'} behind its name",
    )


_EXPLANATIONS: tuple[Callable[[_Fault], _Fault | None], ...] = (
    _quote_left_open,
    _bracket_left_open,
    _braces_over_lines,
    _value,
    _more_in_the_line,
    _no_equals_sign,
    _statement,
    _escape,
    _twice,
    _header,
)
