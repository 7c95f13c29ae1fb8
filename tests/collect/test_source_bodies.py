"""Bodies that are broken, and text in odd encodings: a reason that says why, never a guess."""

from __future__ import annotations

import json
import math

import pytest

from sentinel.domain.reading import Query, Reason
from tests.collect.portals import (
    SERVICE,
    TWO_SITES,
    body,
    by_node,
    failure,
    reading_of,
    remarked,
    row,
)

ZURICH, BERN = ("CH", "Zürich"), ("CH", "Bern")
PATH = Query("portal", SERVICE, "Location", path=("CH",))


# ---- broken bodies


@pytest.mark.fault(72, 77, 80)
@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"", Reason.EMPTY, "no content"),
        (b"  \r\n", Reason.EMPTY, "no content"),
        (b"[]", Reason.EMPTY, "no row"),
        (b'{"rows": []}', Reason.EMPTY, "no row"),
        (b'{"headers": ["Site", "devices"], "data": []}', Reason.EMPTY, "no row"),
        (b'[{"Site": "x", "devices": 1', Reason.NOT_A_TABLE, "ends in the middle"),
        (b'[{"Site": "x",\n "devices": 1,, }]', Reason.NOT_A_TABLE, "line 2, column"),
        (b'[{"Site": "x", "devices": 1, "devices": 2}]', Reason.NOT_A_TABLE, "'devices' twice"),
        (b'[{"Site": "x", "devices": 1, "devi\\u0063es": 2}]', Reason.NOT_A_TABLE, "'devices' twice"),
        (b'[{"Site": "x\\u003a", "devices": 1, "devices": 2}]', Reason.NOT_A_TABLE, "'devices' twice"),
        (b'[{"Site": "a:b", "devices": 1}, {"Site": "c", "devices": 1, "Site": "d"}]', Reason.NOT_A_TABLE, "twice"),
        (b'{"rows": [], "rows": [{"Site": "x", "devices": 1}]}', Reason.NOT_A_TABLE, "'rows' twice"),
        (b'{"headers": ["Site", "devices", "devices"], "data": [["x", 1, 2]]}', Reason.NOT_A_TABLE, "more than once"),
        (b'{"headers": ["Site", "devices"], "data": [["x", 1], ["y"]]}', Reason.NOT_A_TABLE, "row 2 has 1 cells"),
        (b'[{"Site": "x", "devices": 1}, 5]', Reason.NOT_A_TABLE, "row 2"),
        (b"[1, 2]", Reason.NOT_A_TABLE, "row 1"),
        (b"42", Reason.NOT_A_TABLE, "42"),
        (b'"text"', Reason.NOT_A_TABLE, "text"),
        (b"null", Reason.NOT_A_TABLE, "None"),
        (b'{"a": 1, "b": {}}', Reason.NOT_A_TABLE, "'a', 'b'"),
        (b"[{}]", Reason.NOT_A_TABLE, "empty object"),
        (b'[{"Site": "x", "Country": "y"}]', Reason.NOT_A_TABLE, "no column of the table holds figures"),
        (b'[{"devices": 1}, {"devices": 2}]', Reason.NOT_A_TABLE, "no column names the nodes"),
        (b"[" * 100_000 + b"]" * 100_000, Reason.NOT_A_TABLE, "nested"),
        (b'[{"Site": "x", "devices": ' + b"[" * 900 + b"]" * 900 + b"}]", None, ""),
        (b"\x00\x01\x02\xff", Reason.NOT_A_TABLE, "broken JSON"),
    ],
)
async def test_a_body_that_is_no_table_says_why(content: bytes, reason: Reason | None, words: str) -> None:
    reading = await reading_of(content)
    if reason is not None:
        found = failure(reading)
        assert (found.reason, words in found.text) == (reason, True), found.text
        assert len(found.text) < 400
    else:
        assert reading.failure is not None or math.isnan(by_node(reading)["x",])


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("service,Site,devices\r\n", Reason.EMPTY, "no row"),
        ("service,Site,devices\r\nX,Bern,5\r\nX,Basel\r\n", Reason.NOT_A_TABLE, "line 3 of the CSV has 2 cells"),
        ('service,Site,devices\r\nX,"Bern,5\r\n', Reason.NOT_A_TABLE, "broken CSV"),
        ("X,Bern,5\r\nX,Basel,6\r\n", Reason.NOT_A_TABLE, "header"),
        ("service,Site,devices,devices\r\nX,Bern,5,6\r\n", Reason.NOT_A_TABLE, "more than once"),
        ("The Portal is being upgraded.", Reason.NOT_A_TABLE, "no CSV table"),
    ],
)
async def test_broken_csv_says_why_and_where(text: str, reason: Reason, words: str) -> None:
    found = failure(await reading_of(text.encode(), content_type="text/csv", format="csv"))
    assert (found.reason, words in found.text) == (reason, True), found.text


async def test_colons_in_names_and_titles_are_no_equal_keys() -> None:
    rows = [row("C:H", "a:b:c") | {"x: y": 1, "note": None}, row("C:H", "d") | {"x: y": 1, "note": "q:"}]
    reading = await reading_of(body({"meta:": {"took": "1:2"}, "rows": rows}))
    assert list(by_node(reading)) == [("C:H", "a:b:c"), ("C:H", "d")]
    assert reading.remarks == ()


# ---- text


async def test_bytes_that_are_not_utf8_are_shown_as_replaced_and_remarked() -> None:
    reading = await reading_of(body(TWO_SITES).replace("Zürich".encode(), b"Z\xfcrich"))
    assert ("CH", "Z�rich") in by_node(reading)
    assert remarked(reading, "not utf-8")


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "utf-16"])
async def test_a_declared_charset_is_read(charset: str) -> None:
    content = json.dumps(TWO_SITES, ensure_ascii=False).encode(charset)
    reading = await reading_of(content, content_type=f"application/json; charset={charset}")
    assert by_node(reading)[ZURICH] == 10
    assert reading.remarks == ()


async def test_utf8_that_calls_itself_latin1_is_still_read_as_utf8() -> None:
    reading = await reading_of(body(TWO_SITES), content_type="application/json;charset=ISO-8859-1")
    assert ZURICH in by_node(reading)


async def test_half_characters_and_nul_in_names_are_replaced_so_that_they_can_be_stored() -> None:
    content = (
        b'[{"Country": "CH", "Site": "a\\ud800b", "devices": 1}, {"Country": "CH", "Site": "c\\u0000d", "devices": 2}]'
    )
    reading = await reading_of(content)
    assert by_node(reading) == {("CH", "a\ufffdb"): 1, ("CH", "c␀d"): 2}
    assert remarked(reading, "cannot be stored")


@pytest.mark.fault(78, 79)
async def test_odd_names_stay_as_they_are() -> None:
    names = ["\u202egnp.exe", "a\u200bb", "x" * 10_000, " Abidjan ", "<b>", "A/B", "e\u0301", "é"]
    reading = await reading_of(body([row("CH", name) for name in names]))
    assert [node[1] for node in by_node(reading)] == names
    assert reading.remarks == ()


async def test_numbers_as_names_are_names() -> None:
    reading = await reading_of(body([row("CH", 1001), row("CH", 1002)]))  # type: ignore[arg-type]
    assert list(by_node(reading)) == [("CH", "1001"), ("CH", "1002")]
