"""Where things stand in a TOML text: the scanner agrees with the parser, and a place is where a reader would look."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sentinel.config.positions import Path, Place, Positions
from tests.effort import effort

TEXT = '''\
[defaults]
every = "10m"            # a comment = "not a key"

[[rule]]
"id" = "first"
critical = { breach = "devices > 5", clear = 'devices < 3' }
service = ["Exchange Online",
           "SAP*"]

[[rule.override]]
node = "a"
[[rule.override]]
node = "b"

[rule.rollup]
min_children = 3

[[rule]]
id = "second"
summary = """
[[rule]]
is only text here"""
'''


def test_a_key_and_its_value_are_found_on_their_line() -> None:
    positions = Positions(TEXT)
    assert positions.key(("defaults", "every")) == Place(2, 1, 5)
    assert positions.value(("defaults", "every")) == Place(2, 9, 5)


def test_tables_of_a_list_are_told_apart() -> None:
    positions = Positions(TEXT)
    assert positions.key(("rule", 0)).line == 4
    assert positions.key(("rule", 1)).line == 18
    assert positions.value(("rule", 0, "override", 1, "node")) == Place(13, 8, 3)
    assert positions.value(("rule", 0, "rollup", "min_children")).line == 16


def test_quoted_keys_inline_tables_and_lists_over_several_lines_are_followed() -> None:
    positions = Positions(TEXT)
    assert positions.value(("rule", 0, "id")) == Place(5, 8, 7)
    assert positions.value(("rule", 0, "critical", "clear")) == Place(6, 46, 13)
    assert positions.value(("rule", 0, "service", 1)) == Place(8, 12, 6)


def test_what_is_missing_is_shown_at_the_header_of_its_table() -> None:
    assert Positions(TEXT).key(("rule", 0, "hierarchy")) == Place(4, 1, 8)


def test_a_value_over_several_lines_is_underlined_on_its_first() -> None:
    assert Positions(TEXT).value(("rule", 0, "service")) == Place(7, 11, 19)


def test_what_is_nowhere_stands_at_the_top() -> None:
    assert Positions("").value(("delivery", "retry_min")) == Place(1, 1, 1)


def test_places_inside_a_text_count_its_quotes_and_escapes() -> None:
    positions = Positions('a = "devices > 5"\nb = "\\u0064e\\tf"\nc = """\nfirst\nsecond"""\n')
    assert positions.inside(("a",), 8, 9) == Place(1, 14, 1)
    assert positions.inside(("b",), 1, 2) == Place(2, 12, 1)
    assert positions.inside(("b",), 3, 4) == Place(2, 15, 1)
    assert positions.inside(("c",), 6, 12) == Place(5, 1, 6)


def test_the_end_of_a_text_is_its_closing_quote() -> None:
    assert Positions('a = "devices >"').inside(("a",), 9, 9) == Place(1, 15, 1)


def test_windows_line_ends_move_nothing() -> None:
    unix, windows = Positions(TEXT), Positions(TEXT.replace("\n", "\r\n"))
    paths: list[Path] = [("defaults", "every"), ("rule", 0, "service", 1), ("rule", 1, "id")]
    assert [unix.value(path) for path in paths] == [windows.value(path) for path in paths]


def _paths(value: Any, path: Path = ()) -> list[Path]:
    if isinstance(value, dict):
        return [inner for key, one in value.items() for inner in [(*path, key), *_paths(one, (*path, key))]]
    if isinstance(value, list):
        return [inner for index, one in enumerate(value) for inner in _paths(one, (*path, index))]
    return []


_KEYS = st.sampled_from(["a", "b", '"c d"', "'e.f'", "g.h"])
_SIMPLE = st.one_of(
    st.integers(-5, 5).map(str),
    st.sampled_from(
        ["true", "1.5", "inf", "2026-03-02 08:00:00Z", "'#'", '"]"', '"\\""', '"""\n"x"""', "'''}'''", '""']
    ),
)
_VALUES = st.recursive(
    _SIMPLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: "[ " + " ,\n# ]\n ".join(parts) + " ]"),
        st.lists(inner, max_size=2).map(
            lambda parts: "{" + ", ".join(f"k{n} = {p}" for n, p in enumerate(parts)) + "}"
        ),
    ),
    max_leaves=6,
)
_LINES = st.one_of(
    st.tuples(_KEYS, _VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}  # [x]"),
    st.sampled_from(["[[rule]]", "[[rule.override]]", "[table]", "[ rule . rollup ]", "", "# [[rule]]"]),
)


@given(st.lists(_LINES, max_size=12).map("\n".join))
@effort(150)
def test_every_key_that_the_parser_sees_has_a_place(text: str) -> None:
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    positions = Positions(text)
    known = positions.keys.keys() | positions.headers.keys()
    implied = {path[:length] for path in known for length in range(1, len(path))}
    assert set(_paths(parsed)) <= known | implied


@given(st.text(max_size=80))
@effort(150)
def test_no_text_makes_the_scanner_fail(text: str) -> None:
    place = Positions(text).value(("rule", 0, "id"))
    assert 1 <= place.line <= text.count("\n") + 1
