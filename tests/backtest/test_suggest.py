"""`sentinel rules suggest`: limits from the past, each with what it would have cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sentinel.store import archiving
from tests.backtest.past import NODE_0, NODE_1, readings, rules
from tests.cli.terminal import call

SPAN = ("--since", "2026-03-02T08:00Z", "--until", "2026-03-06T08:00Z")
POLLS = 1000
USUAL = tuple(100 + number % 10 for number in range(POLLS))
"""Between 100 and 109; low figures are bad."""


def story(*dips: tuple[int, int, float]) -> dict[str, tuple[float, ...]]:
    """node0 dips to a figure from one poll until before another."""
    figures = [float(one) for one in USUAL]
    for begin, end, figure in dips:
        figures[begin:end] = [figure] * (end - begin)
    return {NODE_0: tuple(figures), NODE_1: tuple(map(float, USUAL))}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return rules(tmp_path, hold="0s")


def suggested(file: Path, dips: list[tuple[int, int, float]], *options: str) -> dict[str, Any]:
    archive = file.with_name("history.npz")
    archiving.write(archive, readings(story(*dips)))
    done = call("rules", "suggest", "--rules", str(file), "--archive", str(archive), *SPAN, "--json", *options)
    assert done.exit_code == 0, done.output
    [found] = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_a_limit_leaves_what_was_usual_quiet_and_finds_what_was_not(file: Path) -> None:
    """Twelve polls of 2,000 figures were bad: more than one in a thousand, fewer than one in a hundred."""
    found = suggested(file, [(100, 106, 40.0), (500, 506, 40.0)])
    assert (found["subject"], found["readings"], found["figures"]) == ("quality", 1000, 2000)
    assert (found["median"], found["worst"]) == (104.0, 40.0)
    by_role = {one["role"]: one for one in found["limits"] if one["role"]}
    assert by_role["warning"]["condition"] == "quality < 90"
    assert (by_role["warning"]["incidents"], by_role["warning"]["notices"]) == (2, 4)
    assert by_role["critical"]["condition"] == "quality < 36"
    assert (by_role["critical"]["incidents"], by_role["critical"]["notices"]) == (0, 0)
    assert by_role["in force"]["condition"] == "quality < 100"
    assert by_role["in force"]["incidents"] == 2


def test_the_cost_of_a_limit_is_what_a_backtest_of_it_finds(file: Path) -> None:
    found = suggested(file, [(100, 106, 95.0), (300, 320, 85.0), (700, 701, 60.0)])
    archive = file.with_name("history.npz")
    assert len(found["limits"]) > 2
    for one in found["limits"]:
        tried = file.with_name("tried.toml")
        tried.write_text(file.read_text().replace("quality < 100", one["condition"]))
        done = call("backtest", "--rules", str(tried), "--archive", str(archive), *SPAN, "--json")
        report = json.loads(done.stdout)
        assert (one["incidents"], one["notices"]) == (report["new"]["incidents"], report["new"]["notices"])


def test_limits_are_in_order_and_their_share_falls(file: Path) -> None:
    found = suggested(file, [(100, 200, 60.0), (300, 310, 30.0)])
    limits = [one["limit"] for one in found["limits"]]
    shares = [one["beyond"] for one in found["limits"]]
    assert limits == sorted(limits, reverse=True)
    assert shares == sorted(shares, reverse=True)
    assert found["limits"][0]["beyond"] == pytest.approx(0.055)


def test_what_only_if_shuts_out_is_no_figure(file: Path) -> None:
    file.write_text(file.read_text().replace("rollup = false", 'rollup = false\nonly_if = "quality > 50"'))
    assert suggested(file, [(100, 200, 40.0)])["worst"] == 100.0


def test_a_rule_about_nothing_recorded_says_so(file: Path, tmp_path: Path) -> None:
    archive = tmp_path / "history.npz"
    archiving.write(archive, readings(story()))
    other = tmp_path / "other.toml"
    other.write_text(file.read_text().replace('level = "Site"', 'level = "Country"'))
    done = call("rules", "suggest", "--rules", str(other), "--archive", str(archive), *SPAN)
    assert (done.exit_code, done.stdout) == (4, "")
    assert "no figures of what the rules look at were recorded in that time" in done.stderr


def test_a_rule_without_a_fixed_number_says_so(file: Path, tmp_path: Path) -> None:
    archive = tmp_path / "history.npz"
    archiving.write(archive, readings(story()))
    file.write_text(file.read_text().replace("quality < 100", "quality < 80% * baseline(quality, 1h)"))
    done = call("rules", "suggest", "--rules", str(file), "--archive", str(archive), *SPAN)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "quality: its condition compares with no fixed number" in done.stderr


def test_people_get_lines_to_paste(file: Path, tmp_path: Path) -> None:
    archive = tmp_path / "history.npz"
    archiving.write(archive, readings(story((100, 106, 40.0), (500, 506, 40.0))))
    done = call("rules", "suggest", "quality", "--rules", str(file), "--archive", str(archive), *SPAN)
    assert 'warning = "quality < 90"' in done.stderr
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["limit", "< 100", "< 90", "< 36"]


def test_an_unknown_rule_is_answered_with_the_nearest(file: Path) -> None:
    done = call("rules", "suggest", "qualty", "--rules", str(file))
    assert done.exit_code == 1
    assert "did you mean 'quality'?" in done.stderr


def test_figures_of_the_past_are_figures_too(file: Path) -> None:
    """An average over three polls of a dip of six: its worst is the dip itself."""
    file.write_text(file.read_text().replace("quality < 100", "avg(quality, 15m) < 100"))
    found = suggested(file, [(100, 106, 40.0), (500, 506, 40.0)])
    assert (found["subject"], found["worst"]) == ("avg(quality, 15m)", 40.0)
    assert found["limits"][0]["incidents"] == 2
