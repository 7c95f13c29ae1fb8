"""Whatever a body holds, parsing ends in figures that fit together or in a reason; never in another exception."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.collect.numbers import looks_numeric, measured
from sentinel.collect.parse import Expected, parse
from sentinel.collect.table import Unreadable
from sentinel.domain.metrics import Unit
from sentinel.domain.reading import Query
from tests.effort import effort

QUERIES = (
    Query("p", "s", "Location", level="Site"),
    Query("p", "s", "Location", path=()),
    Query("p", "s", "Location", path=("CH", "all")),
)
names = st.sampled_from(["all", "", "CH", "Bern", "a:b", "\ud800", "x\0y", "5", "é"])
cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["1,234", "5 ms", "9" * 400, "-", "%", "1e999", ".", "+", "'"]),
    st.lists(st.integers(), max_size=2),
)
titles = st.sampled_from(
    ["service", "Country", "Site", "devices", "Devices", "users", "status", "Odd: (ms)", "", "2 x"]
)
rows = st.lists(st.dictionaries(titles, st.one_of(names, cells), max_size=6), max_size=6)
contents = st.one_of(
    rows,
    st.builds(lambda content: {"rows": content, "took": "1:2"}, rows),
    st.builds(
        lambda head, data: {"headers": head, "data": data}, st.lists(titles, max_size=4), st.lists(st.lists(cells))
    ),
    st.recursive(cells, lambda inner: st.lists(inner) | st.dictionaries(titles, inner)),
)


def parsed_or_reason(body: bytes, content_type: str, wanted: str) -> None:
    for query in QUERIES:
        try:
            found = parse(body, content_type, Expected(query, wanted, {}, ("Country", "Site")))
        except Unreadable:
            continue
        size = len(found.figures.rows.nodes)
        assert size == len(set(found.figures.rows.nodes)) > 0
        assert all(column.shape == (size,) for column in found.figures.columns.values())
        assert len(found.remarks) <= 8
        "".join(name for node in found.figures.rows.nodes for name in node).encode()


@pytest.mark.threat("body-bomb")
@effort(300)
@given(contents)
def test_any_json_is_a_table_or_has_a_reason(content: Any) -> None:
    parsed_or_reason(json.dumps(content).encode(), "application/json", "json")


@effort(200)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_any_bytes_are_a_table_or_have_a_reason(content: bytes) -> None:
    for wanted in ("json", "csv"):
        parsed_or_reason(content, "text/csv; charset=nonsense", wanted)


@effort(200)
@given(st.lists(st.lists(st.one_of(names, st.text(max_size=6)), min_size=3, max_size=3), max_size=5))
def test_any_csv_is_a_table_or_has_a_reason(lines: list[list[str]]) -> None:
    text = "\n".join(
        ",".join(cell.replace("\ud800", "") for cell in line) for line in [["Country", "Site", "devices"], *lines]
    )
    parsed_or_reason(text.encode("utf-8", "replace"), "text/csv", "csv")


@effort(300)
@given(st.lists(st.integers(min_value=-(2**60), max_value=2**60) | st.floats(allow_nan=False, allow_infinity=False)))
def test_plain_numbers_come_out_as_they_went_in(numbers: list[Any]) -> None:
    kinds = frozenset(map(type, numbers))
    assert measured(numbers, kinds, Unit.ANY, negative=True).figures.tolist() == [float(one) for one in numbers]
    texts: list[object] = [repr(one) for one in numbers]
    found = measured(texts, frozenset(map(type, texts)), Unit.ANY, negative=True)
    assert found.figures.tolist() == [float(one) for one in numbers]
    assert not numbers or looks_numeric(texts, frozenset({str}))


@effort(300)
@given(st.dictionaries(st.text(), st.text() | st.integers(), min_size=1, max_size=4), st.booleans())
def test_an_equal_key_never_passes_and_unequal_ones_always_do(one: dict[str, Any], twice: bool) -> None:
    text = json.dumps([one | {"Site": "x", "devices": 1}], ensure_ascii=False)
    body = (text[:-2] + ', "devices": 2}]' if twice else text).encode("utf-8", "surrogatepass")
    if twice:
        with pytest.raises(Unreadable, match="twice"):
            parse(body, "application/json", Expected(QUERIES[0]))
    else:
        assert parse(body, "application/json", Expected(QUERIES[0])).table.size == 1
