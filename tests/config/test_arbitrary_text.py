"""Whatever stands in a rules file, there is an answer: rules, or problems with their places. Never a crash."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.config.codes import CODES
from sentinel.config.loader import LARGEST, load
from sentinel.config.report import as_github, as_json, as_text
from sentinel.config.schema import RulesFile
from sentinel.errors import ConfigError
from tests.effort import effort

_NAMES = sorted(
    {
        "maintenance",
        "flapping",
        "changes",
        "quiet",
        "password",
        "nonsense",
        "breach",
        "clear",
        "min_share",
        "channel",
        *(field.alias or name for name, field in RulesFile.model_fields.items()),
        *(
            "name",
            "url",
            "id",
            "service",
            "hierarchy",
            "level",
            "path",
            "every",
            "for",
            "warning",
            "critical",
            "only_if",
        ),
        *("days", "days_of_month", "from", "to", "first", "last", "start", "end"),
        *("hours", "holidays", "closed", "date"),
        *("node", "override", "rollup", "columns", "levels", "slack", "email", "webhook", "to", "severity", "timezone"),
    }
)
_SCALARS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(
        ["true", "false", "nan", "-inf", "1e400", "2026-03-02", '""', '"10m"', '"portal"', '"a/**"', '"\\u0000"']
    ),
    st.sampled_from(
        ['"devices > 5"', '"devices / 0 > 5%"', '"((("', '"http://["', '"../../etc/passwd"', '"a@b\\r\\nc"']
    ),
    st.sampled_from(['"mon-fri"', '"fri-mon"', '"24:00"', '"06:00"', '"CH-ZH"', '"-3:-1"', '"9999-12-31T24:00"']),
    st.sampled_from(["07:30:00", "2026-12-05T22:00:00", "2026-12-05T22:00:00-12:00", "0001-01-01", "9999-12-31"]),
    st.text(st.characters(codec="utf-8", exclude_characters="'\n\r", exclude_categories=("Cc",)), max_size=12).map(
        lambda text: f"'{text}'"
    ),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: "[" + ", ".join(parts) + "]"),
        st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key} = {value}" for key, value in pairs.items()) + "}"
        ),
    ),
    max_leaves=5,
)
_TABLES = st.tuples(
    st.sampled_from(["", "[defaults]", "[[source]]", "[[service]]", "[[rule]]", "[[rule.override]]", "[[receiver]]"])
    | st.sampled_from(["[[route]]", "[delivery]", "[rule.critical]", "[[sla]]"])
    | st.sampled_from(["[[calendar]]", "[[calendar.hours]]", "[[calendar.date]]", "[[maintenance]]"]),
    st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=6),
).map(lambda table: "\n".join([table[0], *(f"{key} = {value}" for key, value in table[1].items())]))


def _answer(text: str) -> None:
    try:
        problems = load(text=text).warnings
    except ConfigError as refused:
        problems = refused.problems
        assert any(problem.severity == "error" for problem in problems)
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    for problem in problems:
        assert problem.code in CODES
        assert problem.message
        assert 0 <= problem.line <= len(lines)
        if problem.line:
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
    as_text(problems, {"rules.toml": text})
    as_json(problems)
    as_github(problems)


@given(st.text(max_size=200))
@effort(150)
def test_any_text_gets_an_answer(text: str) -> None:
    _answer(text)


@given(st.lists(_TABLES, max_size=6).map("\n".join))
@effort(300)
def test_any_table_of_the_format_gets_an_answer(text: str) -> None:
    _answer(text)


@pytest.mark.threat("body-bomb")
def test_brackets_without_end_get_an_answer() -> None:
    for text in ("a = " + "[" * 5000, "a = " + "[" * 900 + "]" * 900, "a = " + "{b=" * 2000, "a = " + "9" * 6000):
        _answer(text)


@pytest.mark.threat("body-bomb")
def test_a_file_that_is_too_large_or_never_ends_is_refused_without_being_read(tmp_path: Path) -> None:
    large = tmp_path / "large.toml"
    large.write_bytes(b"# " + b"x" * LARGEST)
    for file in (large, Path("/dev/zero")):
        with pytest.raises(ConfigError, match="larger than 4 MiB"):
            load(file)
