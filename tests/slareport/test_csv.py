"""The file for spreadsheets: what any of them reads, and what none of them runs."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.hierarchy import node_text, parse_node
from sentinel.history.sla_report import Report
from sentinel.slareport.as_json import as_json
from sentinel.slareport.csv_file import COLUMNS, csv_bytes, harmless
from tests.slareport import months

BEGINS_A_FORMULA = tuple("=+-@\t\r＝＋－＠")
BOM = b"\xef\xbb\xbf"


def _read(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_bytes(report).decode("utf-8-sig"), newline="")))


def test_it_says_that_it_is_unicode_and_ends_its_lines_as_the_format_has_it() -> None:
    found = csv_bytes(months.report(months.missed()))
    assert found.startswith(BOM)
    assert found.count(BOM) == 1
    assert found.count(b"\r\n") == found.count(b"\n") == 1 + 18
    assert "Zürich" in found.decode("utf-8-sig")
    assert "東京" in found.decode("utf-8-sig")


def test_read_back_it_is_the_json() -> None:
    report = months.report(months.missed(), months.all_unknown())
    rows, expected = _read(report), as_json(report)
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        assert tuple(row) == COLUMNS
        assert parse_node(row["node"]) == tuple(wanted["node"])
        assert int(row["budget_left_seconds"]) == wanted["budget_left_seconds"]
        assert (row["availability"] or None) == wanted["availability"]
        assert row["formula"] == wanted["formula"]


def test_no_data_is_an_empty_cell_and_neither_nought_nor_one() -> None:
    row = _read(months.report(months.no_data()))[0]
    assert (row["availability"], row["kept"], row["burn_rate"]) == ("", "", "")
    assert row["verdict"] == "no data"


def test_a_budget_that_is_overspent_stays_a_number() -> None:
    assert int(_read(months.report(months.over_budget()))[0]["budget_left_seconds"]) < 0


def test_it_has_every_node_however_many() -> None:
    assert len(_read(months.report(months.large(1_500)))) == 1_500 + 30 + 1 + 1  # sites, countries, Europe, the whole


@pytest.mark.threat("csv-injection")
def test_no_name_becomes_a_formula() -> None:
    numbers = {"budget_left_seconds"}
    for row in _read(months.report(months.hostile())):
        for column, cell in row.items():
            assert column in numbers or not cell.startswith(BEGINS_A_FORMULA), (column, cell)


@pytest.mark.threat("csv-injection")
@given(st.text(alphabet=st.sampled_from("=+-@\t\r\n;,|\"' aé＝＠\x00\u202e"), max_size=12))
def test_nor_where_the_spreadsheet_splits_cells_at_another_sign(name: str) -> None:
    """A German Excel splits at semicolons: what follows one begins a cell there."""
    shown = harmless(name)
    for separator in (";", ",", "\t", "|"):
        for cell in shown.split(separator):
            assert not cell.strip(" \"'") or not cell.lstrip().lstrip('"').startswith(BEGINS_A_FORMULA), shown
    assert not set(shown) & set("\t\r\n\x00\u202e")


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_an_honest_name_stays_as_it_is(name: str) -> None:
    honest = "".join(char for char in name if char.isalnum() and char.isprintable())
    if honest.isascii():
        assert harmless(honest) == honest
    assert harmless(node_text(("Europe", "Saint-Denis", "R&D (1st floor)"))) == "Europe/Saint-Denis/R&D (1st floor)"
