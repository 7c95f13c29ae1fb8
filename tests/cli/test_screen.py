"""Tables, JSON and what never reaches a terminal."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sentinel.cli import screen

HEADS = ("STATE", "NODE", "ACK", "ID")


def test_columns_line_up_by_what_a_terminal_shows() -> None:
    rows = [("critical", "日本", "", "sn-1"), ("unknown", "Zu\u0308rich", "", "sn-22")]
    assert screen.aligned(HEADS, rows, 80) == [
        "STATE     NODE    ID",
        "critical  日本    sn-1",
        "unknown   Zu\u0308rich  sn-22",
    ]


def test_what_is_missing_in_a_row_is_a_dash_and_an_empty_column_is_left_out() -> None:
    rows = [("critical", "Paris", "ana", "sn-1"), ("unknown", "Lyon", "", "sn-2")]
    assert screen.aligned(HEADS, rows, 80)[2] == "unknown   Lyon   –    sn-2"


@pytest.mark.parametrize(
    ("width", "node"),
    [
        (80, "Europe / Switzerland / Zurich"),
        (40, "… / Switzerland / Zurich"),
        (39, "… / Zurich"),
        (26, "… / Zurich"),
        (25, "Zurich"),
    ],
)
def test_a_node_is_cut_from_its_top_because_its_end_tells_which(width: int, node: str) -> None:
    rows = [("critical", "Europe / Switzerland / Zurich", "", "sn-1")]
    assert screen.aligned(HEADS, rows, width)[1].split() == ["critical", *node.split(), "sn-1"]


def test_a_long_last_name_is_cut_as_any_other() -> None:
    rows = [("critical", "Europe / Llanfairpwllgwyngyll", "", "sn-1")]
    assert screen.aligned(HEADS, rows, 26)[1] == "critical  Llanfairp…  sn-1"


def test_only_the_first_word_is_coloured() -> None:
    rows = [("critical", "critical", "", "sn-1")]
    assert screen.aligned(HEADS, rows, 80, coloured=True)[1] == "\x1b[31mcritical\x1b[0m  critical  sn-1"


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60), min_size=1, max_size=4), st.integers(10, 120))
def test_a_table_is_as_wide_as_its_terminal_or_as_narrow_as_it_can_be(names: list[str], width: int) -> None:
    rows = [("critical", screen.one_line(name), "", "sn-abcdefghijkl") for name in names]
    lines = screen.aligned(HEADS, rows, width)
    assert all(screen.columns(line) <= max(width, 8 + 2 + screen.NARROWEST + 2 + 15) for line in lines)
    assert all(line.endswith("sn-abcdefghijkl") for line in lines[1:])


@given(st.text())
def test_json_comes_back_as_it_was_and_holds_nothing_that_steers_a_terminal(text: str) -> None:
    @click.command()
    def show() -> None:
        screen.print_json({text: [text]})

    shown = CliRunner().invoke(show).stdout
    assert json.loads(shown) == {text: [text]}
    assert not set(shown) & set("\x1b\x7f\x9b\u202e\u2066\u200b\ud800")


def test_letters_stay_letters_where_the_terminal_can_show_them() -> None:
    @click.command()
    def show() -> None:
        screen.print_json("Zürich")

    assert CliRunner().invoke(show).stdout == '"Zürich"\n'
    assert CliRunner(charset="latin-1").invoke(show).stdout == '"Z\\u00fcrich"\n'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_json_is_never_printed(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        screen.print_json(value)
