"""What an edit makes of agreements: beside each other over the time that is replayed, as sentences, tables, JSON and page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sentinel.config.loader import load
from sentinel.deliver.times import iso
from sentinel.history.sla import report
from sentinel.slareport.as_json import as_json
from sentinel.store.database import Database
from tests.backtest.past import NODE_0, NODE_1, POLL, lived, recorded, rules
from tests.cli.terminal import call, on_a_terminal

Story = Mapping[str, Sequence[float | None]]
SPAN = ("--since", "2026-03-02T08:00Z", "--until", "2026-03-02T12:00Z", "--utc")
SLA = """
[[sla]]
id = "mail-sites"
service = "Mail"
hierarchy = "Location"
level = "Site"
good = "quality >= {limit}"
objective = "{objective}"
"""


@pytest.fixture
def url(sqlite_url: str) -> str:
    return recorded(sqlite_url)


def agreed(folder: Path, name: str, limit: int, objective: str = "99.5%", more: str = "") -> str:
    """A rules file whose agreement asks for that quality."""
    file = rules(folder, name)
    file.write_text(file.read_text() + SLA.format(limit=limit, objective=objective) + more)
    return str(file)


def found(*options: str, code: int = 0) -> dict[str, Any]:
    done = call("backtest", *SPAN, "--json", *options)
    assert done.exit_code == code, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_an_edit_shows_what_becomes_of_the_figures(url: str, tmp_path: Path) -> None:
    """Of fourteen samples, each five minutes, seven reach a hundred and ten reach ninety: 35 minutes bad, or 20, at a site.

    Nobody is told anything else, so the exit code is 0.
    """
    old, new = agreed(tmp_path, "old.toml", 100), agreed(tmp_path, "new.toml", 90)
    [one] = found("--database", url, "--rules", new, "--against", old)["sla"]
    assert (one["sla"], one["service"]) == ("mail-sites", "Mail")
    assert one["old"] == {
        "objective": "0.995000", "availability": "0.500000", "good_seconds": 1050, "bad_seconds": 1050,
        "unknown_seconds": 4 * 3600 - 2100, "excluded_seconds": 0, "budget_seconds": 72, "budget_left_seconds": -978,
        "formula": "50.00 % = (70 - 35) / 70 min of 2 nodes; 410 min of 2 nodes unknown excluded",
    }  # fmt: skip
    assert (one["new"]["availability"], one["new"]["bad_seconds"], one["new"]["budget_left_seconds"]) == (
        "0.714286", 600, -528,
    )  # fmt: skip


def test_an_agreement_that_one_side_lacks(url: str, tmp_path: Path) -> None:
    plain, more = str(rules(tmp_path, "plain.toml")), agreed(tmp_path, "more.toml", 90)
    [added] = found("--database", url, "--rules", more, "--against", plain)["sla"]
    [removed] = found("--database", url, "--rules", plain, "--against", more)["sla"]
    assert (added["old"], removed["new"]) == (None, None)
    assert added["new"] == removed["old"]
    assert found("--database", url, "--rules", plain)["sla"] == []
    said = call("backtest", *SPAN, "--database", url, "--rules", plain, "--against", more).stderr
    assert "mail-sites of Mail: only the old rules have it, 71.43 % of 99.5 %, budget left -9 min" in said


def test_what_is_replayed_to_warm_up_does_not_count(url: str, tmp_path: Path) -> None:
    """From half past eight on nothing was asked any more but the last sample, which stands for another five minutes."""
    file = agreed(tmp_path, "rules.toml", 100)
    done = call(
        "backtest",
        "--since",
        "2026-03-02T08:30Z",
        "--until",
        "2026-03-02T09:00Z",
        "--json",
        "--database",
        url,
        "--rules",
        file,
    )
    [one] = json.loads(done.stdout)["sla"]
    assert (one["new"]["good_seconds"], one["new"]["bad_seconds"], one["new"]["unknown_seconds"]) == (150, 150, 1500)


def test_maintenance_of_the_file_is_taken_into_account(url: str, tmp_path: Path) -> None:
    """It mutes as well, so somebody would have been told less."""
    more = '[[maintenance]]\nname = "work"\nstart = "2026-03-02T08:00:00Z"\nend = "2026-03-02T08:15:00Z"\n'
    old, new = agreed(tmp_path, "old.toml", 100), agreed(tmp_path, "new.toml", 100, more=more)
    [one] = found("--database", url, "--rules", new, "--against", old, code=1)["sla"]
    assert (one["new"]["excluded_seconds"], one["new"]["availability"]) == (900, "0.750000")
    assert one["new"]["budget_seconds"] == 67


def test_people_see_a_sentence_and_a_table(url: str, tmp_path: Path) -> None:
    old, new = agreed(tmp_path, "old.toml", 100), agreed(tmp_path, "new.toml", 90, "70%")
    said = call("backtest", *SPAN, "--database", url, "--rules", new, "--against", old).stderr
    assert (
        "mail-sites of Mail: 71.43 % of 70 %, budget left 62 min (86 %), "
        "instead of 50.00 % of 99.5 %, budget left -17 min (-1359 %)" in said
    )
    alone = call("backtest", *SPAN, "--database", url, "--rules", new).stderr
    assert "mail-sites of Mail: 71.43 % of 70 %, budget left 62 min (86 %)\n" in alone
    same = call("backtest", *SPAN, "--database", url, "--rules", new, "--against", new).stderr
    assert "mail-sites" not in same, "nothing becomes of it"
    shown = on_a_terminal("backtest", *SPAN, "--database", url, "--rules", new, "--against", old)
    assert "Service levels over that time" in shown
    assert "99.5 % / 70 %" in shown


def test_the_page_has_the_formulas_of_both_sides(url: str, tmp_path: Path) -> None:
    old, new = agreed(tmp_path, "old.toml", 100), agreed(tmp_path, "new.toml", 90)
    page = tmp_path / "page.html"
    call("backtest", *SPAN, "--database", url, "--rules", new, "--against", old, "--html", str(page))
    text = page.read_text()
    assert "Service levels over that time" in text
    assert "50.00 % = (70 - 35) / 70 min of 2 nodes; 410 min of 2 nodes unknown excluded" in text
    assert "<b>71.43 %</b>" in text
    call("backtest", *SPAN, "--database", url, "--rules", str(rules(tmp_path)), "--html", str(page))
    assert "Service levels" not in page.read_text()


def test_an_alarm_on_the_budget_is_replayed_like_any_rule(url: str, tmp_path: Path) -> None:
    """Both sites were bad at first, and before that counts as good: five minutes of an hour burn. Soon it is node 0 alone."""
    old, new = agreed(tmp_path, "old.toml", 100), agreed(tmp_path, "new.toml", 100, more="burn_alerts = true\n")
    done = call("backtest", *SPAN, "--json", "--database", url, "--rules", new, "--against", old)
    assert done.exit_code == 1
    added = [one for one in json.loads(done.stdout)["notices"] if one["change"] == "+"]
    assert {one["rule"] for one in added} == {"sla/mail-sites"}
    assert [(one["kind"], one["severity"], one["node"]) for one in added[:2]] == [
        ("degraded", "critical", ["Europe"]),
        ("narrowed", "critical", ["Europe", "node0"]),
    ]


def test_a_rule_test_a_live_run_and_a_replay_come_to_the_same(sqlite_url: str, tmp_path: Path) -> None:
    """The same figures by three ways: rows that are missing, polls that fail, incidents, weights, a month that begins within."""
    more = 'weight = "quality"\nunknown = "bad"\nburn_alerts = true\n'
    file = Path(agreed(tmp_path, "rules.toml", 100, more=more))
    story: Story = {NODE_0: (75, None, 95, 105, None, 95, 85, 110), NODE_1: (80, 90, None, 110, None, 130, 140, 90)}
    start = datetime(2026, 2, 28, 23, 40, tzinfo=UTC).timestamp()
    lived(sqlite_url, file, story, start=start)
    end = start + 8 * POLL
    db = Database.open(sqlite_url)
    try:
        march = as_json(report(db, load(file), end))
        february = as_json(report(db, load(file), end, period="2026-02"))
    finally:
        db.close()
    (tmp_path / "tests.toml").write_text(rule_test(story, start))
    done = call("test", "--json", str(tmp_path / "tests.toml"))
    assert done.exit_code == 0, done.output
    [played] = json.loads(done.stdout)
    assert played["sla"] == february + march
    assert {row["incidents"] for row in march} != {0}
    span = ("--since", "2026-03-01T00:00:00Z", "--until", iso(end))
    done = call("backtest", *span, "--json", "--database", sqlite_url, "--rules", str(file))
    [one] = json.loads(done.stdout)["sla"]
    whole, same = march[0], set(one["new"]) - {"budget_seconds", "budget_left_seconds"}
    assert {key: one["new"][key] for key in same} == {key: whole[key] for key in same}


def rule_test(story: Story, start: float) -> str:
    """A file of rule tests that plays the story; a poll that failed is an E."""
    polls = range(len(story[NODE_0]))
    series = [
        f'[[test.series]]\nservice = "Mail"\nnode = {json.dumps(node.split("/"))}\nmetric = "quality"\n'
        f'values = "{" ".join("_" if value is None else f"{value:g}" for value in values)}"\n'
        for node, values in story.items()
    ]
    letters = "".join("E" if all(values[poll] is None for values in story.values()) else "." for poll in polls)
    head = f'rules = "rules.toml"\nevery = "5m"\n[[test]]\nname = "story"\nstart = "{iso(start)}"\n'
    source = f'[[test.source]]\nvalues = "{letters}"\n'
    return "\n".join([head, *series, source])
