"""What the condition language refuses, with the exact place, a hint where one helps, and units that fit or do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.expression_parser import MOST
from sentinel.domain.expression_tokens import LONGEST
from sentinel.domain.expressions import Condition, ExpressionError, parse
from sentinel.domain.metrics import CATALOGUE, Unit
from tests.effort import effort

UNITS = {
    **{key: metric.unit for key, metric in CATALOGUE.items()},
    "a": Unit.ANY,
    "b": Unit.ANY,
    "share": Unit.RATIO,
    "WaitTime": Unit.TIME,
}

CODES = {"syntax", "unknown_metric", "unknown_function", "unit", "unknown_unit", "type", "window", "nested", "constant"}


def condition(text: str) -> Condition:
    return parse(text, UNITS)


def refusal(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as refused:
        condition(text)
    return refused.value


@pytest.mark.parametrize(
    ("marked", "code", "hint"),
    [
        ("a > 1 «AND» b > 1", "syntax", "write and"),
        ("a > 1 «&»& b > 1", "syntax", "write and"),
        ("a «≥» 5", "syntax", "write >="),
        ("a > «.»5", "syntax", "0.5"),
        ("a > 5«,»5", "syntax", "5.5"),
        ("a > 5«KB»", "unknown_unit", "5kB"),
        ("a > 5«msecs»", "unknown_unit", "5ms"),
        ("a > 5 «apples»", "unknown_unit", "ms"),
        ("a > «٣»", "syntax", ""),
        ("a > «1e999»", "constant", ""),
        ("a > «1e308 * 10»", "constant", ""),
        ("a > «1e305TB»", "constant", ""),
        ("a / «0» > 5", "constant", ""),
        ("a / «(3 - 3)» > 5", "constant", ""),
        ("parent(«5») > a", "constant", "parent("),
        ("parent(«a > 5») > a", "type", ""),
        ("parent(a«,» b) > a", "syntax", ""),
        ("(a «b») > 3", "syntax", ""),
        ("a > 3«)»", "syntax", ""),
        ("«(»a > 3", "syntax", ""),
        ("a > 1 and «b»", "type", "compare"),
        ("not «a»", "type", "compare"),
        ("«(a > 1)» > 1", "type", "and / or"),
        ("-«(a > 1)» > 1", "type", "and / or"),
        ("1 < a «<» 3", "syntax", "a < b and b < c"),
        ("a «=» 3", "syntax", "=="),
        ("«devises» > 3", "unknown_metric", "'devices'"),
        ("«waittime» > 3", "unknown_metric", "'WaitTime'"),
        ("«parrent»(a) > 3", "unknown_function", "'parent'"),
        ("«percentile»(a) > 3", "unknown_function", "parent"),
        ("«averge»(a, 1h) > 3", "unknown_function", "'avg'"),
        ("avg(a«)» > 1", "window", "avg("),
        ("avg(a, 1h «>» 1", "syntax", ""),
        ("«quantile»(a) > 1", "unknown_function", "parent, outliers, baseline"),
        ("avg(a, «5») > 1", "window", "10m"),
        ("avg(a, «5%») > 1", "window", "10m"),
        ("avg(a, «b») > 1", "window", "10m"),
        ("avg(a, «1h30m») > 1", "window", "90m"),
        ("avg(a, «0m») > 1", "window", ""),
        ("a > baseline(a, «36d»)", "window", "7d"),
        ("avg(a, 1h«,» 2h) > 1", "syntax", ""),
        ("avg(«5», 1h) > 1", "constant", "avg(devices, 1h)"),
        ("avg(«a > 1», 1h) > 1", "type", ""),
        ("avg(a + 1 - «baseline»(a, 7d), 1h) > 1", "nested", "once"),
        ("avg(parent(«min»(a, 1h)), 1h) > 1", "nested", ""),
        ("outliers(«WaitTime») > 1", "unit", "outliers(devices)"),
        ("outliers(«5») > 1", "constant", "outliers(devices)"),
        ("avg(WaitTime, 1h) > «150»", "unit", "150ms"),
    ],
)
def test_the_place_of_a_mistake(marked: str, code: str, hint: str) -> None:
    text = marked.replace("«", "").replace("»", "")
    start, end = marked.index("«"), marked.index("»") - 1
    found = refusal(text)
    assert (text[found.start : found.end], found.start, found.code) == (text[start:end], start, code)
    assert hint in found.hint
    assert found.message == str(found)


@pytest.mark.parametrize("text", ["", "   ", "a >", "a > 1 and", "not", "a +"])
def test_a_condition_that_ends_too_early_is_marked_behind_its_end(text: str) -> None:
    found = refusal(text)
    assert (found.start, found.end, found.code) == (len(text), len(text) + 1, "syntax")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "a > 1" + ")" * 10_000,
        "(" * 900 + "a > 1" + ")" * 900,
        "not " * 480 + "a > 1",
        "-" * 1900 + "a > 1",
        "parent(" * 200 + "a" + ")" * 200 + " > 1",
        "+".join(["a"] * 900) + " > 1",
        "/".join(["a"] * 900) + " > 1",
        " or ".join(["a>1"] * 260),
    ],
    ids=["beyond the length", "parentheses", "not", "minus", "parent", "sums", "quotients", "or"],
)
def test_a_monstrous_condition_is_refused_not_suffered(text: str) -> None:
    assert refusal(text).code == "syntax"


def test_the_longest_chain_that_is_allowed_can_be_judged_told_and_bounded() -> None:
    found = condition("+".join(["a"] * (MOST + 1)) + " > 1")
    assert found.metrics == {"a"}
    assert found.subject.count("+") == MOST
    assert refusal("a > 1" + " " * LONGEST).start == LONGEST


@pytest.mark.parametrize(
    ("text", "unit", "as_percent", "limit"),
    [
        ("devices_with_errors / devices > 5%", Unit.RATIO, True, "> 5 %"),
        ("devices_with_errors / devices > 0.05", Unit.RATIO, False, "> 0.05"),
        ("1 - devices_with_errors / devices < 95%", Unit.RATIO, True, "< 95 %"),
        ("(devices - devices_with_errors) / devices < 99.5%", Unit.RATIO, True, "< 99.5 %"),
        ("devices_with_errors > devices * 5%", Unit.COUNT, False, "> devices * 5%"),
        ("devices_with_errors > 5% * devices", Unit.COUNT, False, "> 5% * devices"),
        ("100 * devices_with_errors / devices > 5", Unit.RATIO, False, "> 5"),
        ("share > 2 * 5%", Unit.RATIO, True, "> 10 %"),
        ("share > parent(share) + 5%", Unit.RATIO, True, "> parent(share) + 5%"),
        ("network_response_time > 150ms", Unit.TIME, False, "> 150 ms"),
        ("network_response_time > 1.5 s", Unit.TIME, False, "> 1.5 s"),
        ("network_response_time > 0", Unit.TIME, False, "> 0"),
        ("network_response_time > 2 * 150ms", Unit.TIME, False, "> 300 ms"),
        ("network_response_time / parent(network_response_time) > 3", Unit.RATIO, False, "> 3"),
        ("network_response_time - 100ms > 1m", Unit.TIME, False, "> 1 min"),
        ("network_response_time / 150ms > 3", Unit.RATIO, False, "> 3"),
        ("incoming_traffic / devices > 10MB", Unit.BYTES, False, "> 10 MB"),
        ("incoming_traffic + outgoing_traffic >= 1.2GB", Unit.BYTES, False, ">= 1.2 GB"),
        ("devices + 5 > 17", Unit.COUNT, False, "> 17"),
        ("a > 5%", Unit.RATIO, True, "> 5 %"),
        ("a + 5 > 150ms", Unit.TIME, False, "> 150 ms"),
        ("a > 1e3", Unit.COUNT, False, "> 1000"),
        ("incoming_traffic / network_response_time > 5", Unit.COUNT, False, "> 5"),
    ],
)
def test_units_that_fit(text: str, unit: Unit, as_percent: bool, limit: str) -> None:
    found = condition(text)
    assert (found.unit, found.as_percent, found.limit) == (unit, as_percent, limit)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("network_response_time > 150", "150ms"),
        ("150 < network_response_time", "150ms"),
        ("network_response_time > devices", ""),
        ("incoming_traffic > 10", "10MB"),
        ("network_response_time + 5 > 1s", "5ms"),
        ("network_response_time > 5%", "ratio"),
        ("devices > 5%", "ratio"),
        ("devices_with_errors / devices > users", "ratio"),
        ("devices > 5s", ""),
        ("incoming_traffic > 5s", ""),
        ("devices + network_response_time > 5", ""),
        ("network_response_time * incoming_traffic > 5", ""),
        ("share + devices > 5", "ratio"),
    ],
)
def test_units_that_do_not_fit(text: str, hint: str) -> None:
    found = refusal(text)
    assert found.code == "unit"
    assert hint in found.hint


@pytest.mark.parametrize(
    ("text", "subject", "limit"),
    [
        ("not (a <= 5)", "a", "> 5"),
        ("not not a < 5", "a", "< 5"),
        ("not (a == 5 or b > 1)", "a", "!= 5"),
        ("2 * 5 >= a", "a", "<= 10"),
        ("-a < -5", "-a", "< -5"),
        ("-(a + b) < 5", "-(a + b)", "< 5"),
        ("a - (b - 1) > 5", "a - (b - 1)", "> 5"),
        ("a / (b / 2) > 5", "a / (b / 2)", "> 5"),
        ("((a)) / (b) > 5", "a / b", "> 5"),
        ("parent(a + b) > 5", "parent(a + b)", "> 5"),
        ("a > 5 and b > 7", "a", "> 5"),
    ],
)
def test_the_leading_comparison_as_people_read_it(text: str, subject: str, limit: str) -> None:
    found = condition(text)
    assert (found.subject, found.limit) == (subject, limit)


words = st.sampled_from(
    [
        "a",
        "b",
        "devices",
        "share",
        "parent",
        "baseline",
        "(",
        ")",
        "(",
        ")",
        "+",
        "-",
        "*",
        "/",
        "<",
        "<=",
        ">",
        ">=",
        "==",
        "!=",
        "=",
        ",",
        "and",
        "or",
        "not",
        "5",
        "5%",
        "150ms",
        "0",
        "1e3",
        ".",
        "$",
    ]
)


@effort(500)
@given(st.lists(words, max_size=14).map(" ".join))
def test_any_row_of_words_is_a_condition_or_refused_within_its_text(text: str) -> None:
    refused: ExpressionError | None = None
    try:
        found = condition(text)
    except ExpressionError as error:
        refused = error
    if refused is None:
        assert found.subject
        assert found.limit
    else:
        assert 0 <= refused.start < refused.end <= len(text) + 1
        assert refused.message
        assert refused.code in CODES
