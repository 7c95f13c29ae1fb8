"""`sentinel demo` needs nothing and ends by itself; what it leaves is the page about the SLA."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sentinel.demo.script import rules
from tests.cli.terminal import start
from tests.fakes.program import Program

pytestmark = pytest.mark.process

SWITZERLAND = {f"Europe / Switzerland{site}" for site in ("", " / Zurich", " / Geneva", " / Basel")}


@pytest.mark.timeout(180)
def test_the_demonstration_ends_by_itself_with_one_message_and_the_page_of_the_outage(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with Program(tmp_path, {"TMPDIR": str(temporary)}, "demo", "--speed", "2000", "--width", "100") as program:
        assert program.start().finish(120.0) == 0, program.log
        assert "Told in Slack: 1 message," in program.out
        assert "recovered" in program.out.lower()
        assert "\x1b" not in program.out + program.log
        assert "Traceback" not in program.log
        affected = set(re.findall(r"^(?:kept\??|missed|at risk) +(Europe / \S.*?)  ", program.out, re.MULTILINE))
        assert affected == SWITZERLAND
        assert re.search(r"^(Zurich|Basel|Geneva): 9\d\.\d+ % = \(", program.out, re.MULTILINE)
        [left] = temporary.iterdir()
        assert left.as_uri() in program.out
    page = left.read_text()
    assert "Europe / Switzerland" in page
    assert "Sunday patching" in page
    assert not re.search(r"<script|(?:src|href)=[\"']?https?:", page)


def test_it_writes_over_no_other_file(tmp_path: Path) -> None:
    mine = tmp_path / "notes.txt"
    mine.write_text("mine")
    assert start("demo", "--page", str(mine)).returncode == 2
    assert start("demo", "--month", str(mine)).returncode == 2
    printed = start("demo", "--page", "-")
    assert (printed.returncode, "the page needs a file" in printed.stderr) == (2, True)
    assert mine.read_text() == "mine"


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_month_can_pass_under_rules_of_ones_own_and_nobody_is_told(tmp_path: Path) -> None:
    file, record = tmp_path / "rules.toml", tmp_path / "sentinel.db"
    file.write_text(rules("https://portal.example.com", mail=False))
    database = ("--database", f"sqlite:///{record}")
    with Program(tmp_path, {}, "demo", "--month", str(record), "--rules", str(file)) as program:
        assert program.start().finish(150.0) == 0, program.log
    told = json.loads(start("notices", "list", "--json", *database).stdout)
    assert {one["state"] for one in told} <= {"not_told"}
    found = json.loads(start("sla", "report", "--period", "last", "--json", *database, "--rules", str(file)).stdout)
    assert {one["final"] for one in found} == {True}
    [austin] = [one for one in found if one["node"] == ["North America", "United States", "Austin"]]
    assert austin["bad_seconds"] == 5 * 3600
    assert austin["unknown_seconds"] == 2 * 3600  # nobody polled
    assert austin["verdict"] == "missed"
    [berlin] = [one for one in found if one["node"] == ["Europe", "Germany", "Berlin"]]
    assert berlin["bad_seconds"] == 0  # it was planned
    assert berlin["excluded_seconds"] >= 11 * 3600  # four Sundays; on one of them an hour may be skipped
