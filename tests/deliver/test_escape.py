"""Names from outside are shown for what they are and can do nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.deliver.escape import clean, cut, header, slack


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Zürich", "Zürich"),
        ("two\r\nlines\tand\u2028more\u2029", "two lines and more"),
        ("  much   room ", "much room"),
        ("\u202egnihsif", "[U+202E]gnihsif"),
        ("a\u2066b\u2069c", "a[U+2066]b[U+2069]c"),
        ("zero\u200bwidth", "zero[U+200B]width"),
        ("bell\x07 and \x1b]0;title", "bell[U+0007] and [U+001B]]0;title"),
        ("nothing\x00", "nothing[U+0000]"),
        ("half \ud800 a pair", "half [U+D800] a pair"),
        ("\ufeffmark", "[U+FEFF]mark"),
        ("pay\u200dpal", "pay[U+200D]pal"),
        ("👩\u200d🔧", "👩\u200d🔧"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("blank\u3164filler", "blank[U+3164]filler"),
        ("<!channel> & `x`", "<!channel> & `x`"),
    ],
)
@pytest.mark.threat("terminal-escapes")
@pytest.mark.fault(78)
def test_a_name_is_one_line_that_hides_nothing(raw: str, shown: str) -> None:
    assert clean(raw, 100) == shown


@pytest.mark.fault(79)
def test_a_long_name_ends_in_an_ellipsis_between_letters() -> None:
    assert cut("abcdefghij", 5) == "abcd…"
    assert cut("abcde", 5) == "abcde"
    assert cut("abe\u0301\u0301f", 5) == "ab…", "an accent stays with its letter"
    assert cut("a👩\u200d🔧bc", 4) == "a…", "an emoji made of several stays whole"
    assert cut("a👍🏽bc", 3) == "a…"
    assert cut("abc", 0) == ""


@pytest.mark.threat("body-bomb")
@pytest.mark.fault(79)
def test_a_huge_name_costs_no_time() -> None:
    assert len(clean("\u202e" * 10_000_000, 50)) <= 50


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("<https://evil.example|Fix now>", "&lt;https://evil.example|Fix now&gt;"),
        ("R&D", "R&amp;D"),
        ("@here and @Channel", "＠here and ＠Channel"),
        ("ana@example.com", "ana@example.com"),
        ("`code` *bold* ~gone~", "ʼcodeʼ ∗bold∗ ∼gone∼"),
    ],
)
@pytest.mark.threat("markup")
def test_in_slack_a_name_is_only_text(raw: str, shown: str) -> None:
    assert slack(raw) == shown


@given(st.text(st.characters(codec=None), max_size=300), st.integers(0, 80))
def test_whatever_the_name_it_is_bounded_printable_and_one_line(raw: str, limit: int) -> None:
    shown = clean(raw, limit)
    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cs", "Zl", "Zp", "Co"}
    shown.encode("utf-8")


@pytest.mark.threat("markup", "header-injection")
@given(st.text(st.characters(codec=None), max_size=300))
def test_whatever_the_name_nothing_of_it_is_live_in_slack_or_ends_a_header(raw: str) -> None:
    text = slack(clean(raw, 200))
    assert "<" not in text
    assert ">" not in text
    assert "`" not in text
    assert not {"@channel", "@here", "@everyone"} & set(text.lower().split())
    assert not set(header(raw)) & set("\r\n\0\u2028\u2029\x0b\x0c\x85")
