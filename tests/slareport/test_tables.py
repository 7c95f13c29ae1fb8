"""The reports in a terminal of eighty columns, and in a pipe."""

from __future__ import annotations

import pytest

from sentinel.cli import screen
from sentinel.slareport import table
from tests.slareport import months

STATUS = """\
VERDICT  SLA       SERVICE   ATTAINED  OF      BUDGET LEFT        BURN  UNKNOWN
missed   exchang…  Exchang…  97.11 %   99.5 %  -277 min (-124 %)  5.79  –
missed   exchang…  Exchang…  99.41 %   99.5 %  -42 min (-19 %)    1.19  38 min
at risk  exchang…  Exchang…  99.13 %   99.5 %  73 min (32 %)      1.74  –
no data  exchang…  Exchang…  no data   99.5 %  223 min (100 %)    –     31 d 1 h
kept     exchang…  Exchang…  99.97 %   99.5 %  212 min (94 %)     0.06  –"""

NODES = """\
VERDICT  NODE                       ATTAINED  BAD      UNKNOWN  BUDGET LEFT  INC
missed   all                        99.41 %   263 min  38 min   -42 min      4
missed   Europe / France / Paris    98.32 %   740 min  38 min   -520 min     –"""


def test_the_status_has_a_line_for_each_with_the_worst_first() -> None:
    found = months.report(months.kept(), months.missed(), months.all_unknown(), months.over_budget(), months.at_risk())
    assert "\n".join(screen.aligned(table.STATUS, table.status_rows(found), 80)) == STATUS


def test_a_report_has_the_whole_first_and_fits_into_eighty_columns() -> None:
    lines = screen.aligned(table.NODES, table.node_rows(months.missed()), 80)
    assert max(screen.columns(line) for line in lines) <= 80
    assert "\n".join(lines[:3]) == NODES
    assert len(lines) == 1 + 1 + 17  # heads, the whole, eight sites and what is above them


def test_what_unknown_time_decides_has_a_question_mark() -> None:
    [row] = table.status_rows(months.report(months.half_unknown()))
    assert row[0] == "kept?"
    assert {one[0] for one in table.node_rows(months.half_unknown())} == {"kept?"}


def test_in_a_pipe_every_line_says_what_it_is_about() -> None:
    rows = table.pipe_rows(months.report(months.missed(), months.kept()))
    assert {len(row) for row in rows} == {len(table.PIPE)}
    assert {row[:2] for row in rows} == {("exchange-sites", "Exchange Online")}


def test_minutes_lost_are_rounded_up_and_minutes_left_down() -> None:
    assert [table.minutes(one) for one in (0, 1, 60, 61)] == ["0 min", "1 min", "1 min", "2 min"]
    assert [table.minutes(one, left=True) for one in (59, 60, -1, -60)] == ["0 min", "1 min", "-1 min", "-1 min"]


@pytest.mark.threat("terminal-escapes")
@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_no_name_moves_a_cursor(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(screen, "is_terminal", lambda: terminal)
    found = months.report(months.hostile())
    screen.print_table(table.PIPE, table.pipe_rows(found))
    screen.print_table(table.STATUS, table.status_rows(found))
    out = capsys.readouterr().out
    assert not set(out) & set("\x00\x07\x1b\r\u202e\ud800")
    assert len(out.splitlines()) == 1 + len(table.pipe_rows(found)) + 1 + 1
