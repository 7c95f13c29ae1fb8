"""Small changes to something that was valid: in its bytes, in the tree that JSON is, in the lines of a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

ODD_BYTES = st.sampled_from(
    [
        b"",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\r",
        b"\n",
        b'"',
        b"\\",
        b"{",
        b"[",
        b"}",
        b"]",
        b",",
        b";",
        b"\t",
        b"NaN",
        b"-",
        b"e999",
        b"1" * 400,
        b"\xed\xa0\x80",
        b"\\ud800",
        b"<html>",
        b"null",
        b"true",
        b"'",
        b"=",
        b"#",
        b"%",
        b"\x1f\x8b",
    ]
)


@st.composite
def spoilt(draw: st.DrawFn, content: bytes, most: int = 4) -> bytes:
    """The bytes with a few places cut, doubled, moved or overwritten."""
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, len(content)))
        stop = min(len(content), start + draw(st.integers(0, 40)))
        piece, odd = content[start:stop], draw(ODD_BYTES)
        to = draw(st.integers(0, len(content)))
        content = draw(
            st.sampled_from(
                [
                    content[:start] + odd + content[stop:],
                    content[:start] + content[stop:],
                    content[:start] + piece * 3 + content[stop:],
                    content[:to] + piece + content[to:],
                    content[:start],
                ]
            )
        )
    return content


ODD_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        "",
        " ",
        "all",
        "-",
        "NaN",
        "Infinity",
        "n/a",
        "95,5",
        "1 234",
        "٩٥",
        "1e999",
        "-1",
        "5 %",
        "\0",
    ),
    *(
        0,
        -1,
        1e308,
        10**400,
        -(10**30),
        0.1,
        "\ud800",
        "x" * 2000,
        "\u202e",
        "=1+1",
        [],
        {},
        [[]],
        {"value": 1},
        [1, 2],
    ),
    *(float("nan"), float("inf"), float("-inf")),
)

Change = Callable[[Any, Any, Any], None]
"""Changes what stands in a container at a key; the last one is an odd value."""


def _replace(holder: Any, key: Any, odd: Any) -> None:
    holder[key] = odd


def _drop(holder: Any, key: Any, _odd: Any) -> None:
    del holder[key]


def _rename(holder: Any, key: Any, odd: Any) -> None:
    if isinstance(holder, dict):
        holder[str(odd)[:50]] = holder.pop(key)
    else:
        holder.insert(key, holder[key])


def _wrap(holder: Any, key: Any, _odd: Any) -> None:
    holder[key] = [holder[key]]


def _nest(holder: Any, key: Any, _odd: Any) -> None:
    inner = holder[key]
    for _ in range(300):
        inner = [inner]
    holder[key] = inner


CHANGES: tuple[Change, ...] = (_replace, _replace, _replace, _drop, _rename, _wrap, _nest)


@st.composite
def replanted(draw: st.DrawFn, content: bytes, most: int = 5) -> bytes:
    """A JSON text with a few values, keys or rows of it changed, dropped, doubled or wrapped."""
    tree = json.loads(content)
    for _ in range(draw(st.integers(1, most))):
        holder, key = tree, None
        while isinstance(holder, dict | list) and holder:
            key = draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
            inner = holder[key]
            if not isinstance(inner, dict | list) or not inner or draw(st.integers(0, 3)) == 0:
                break
            holder = inner
        if key is not None and isinstance(holder, dict | list) and holder:
            draw(st.sampled_from(CHANGES))(holder, key, deepcopy(draw(st.sampled_from(ODD_VALUES))))
    return json.dumps(tree, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


@st.composite
def rewritten(draw: st.DrawFn, text: str, others: tuple[str, ...], most: int = 5) -> str:
    """A file with a few of its lines dropped, doubled, moved, joined, or taken from another; or bytes of it spoilt."""
    lines = text.split("\n")
    for _ in range(draw(st.integers(1, most))):
        at, to = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
        other = draw(st.sampled_from(others))
        head, _, tail = lines[at].partition("=")
        _, _, value = lines[to].partition("=")
        lines[at : at + 1] = draw(
            st.sampled_from(
                [
                    [],
                    [lines[at]] * 2,
                    [lines[to]],
                    [other],
                    [lines[at], other],
                    [lines[at] + lines[to]],
                    [f"{head}={value}"],
                    [f"{head}={tail}{other}"],
                    [f"{head}= {draw(ODD_TOML)}"],
                ]
            )
        ) or [""]
    changed = "\n".join(lines)
    if draw(st.integers(0, 3)) == 0:
        return draw(spoilt(changed.encode("utf-8", "surrogatepass"))).decode("utf-8", "replace")
    return changed


ODD_TOML = st.sampled_from(
    [
        '""',
        '"\\u0000"',
        "'\u202e'",
        "1e400",
        "nan",
        "-inf",
        "9" * 400,
        "true",
        "[]",
        "{}",
        '[[["a"]]]',
        "2026-03-02",
        "0x",
        '"10m10"',
        '"**/**/**"',
        '"((((("',
        '"devices > "',
        '"https://[::1"',
        '"https://u:p@h"',
        '"é\u0301"',
        '"' + "a" * 3000 + '"',
        '"devices_with_errors / devices > 5% and not (" ',
        '{ breach = "devices > 5", clear = "devices < 9" }',
        "'''",
        '"""',
    ]
)
