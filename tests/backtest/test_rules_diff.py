"""`sentinel rules diff`: what an edit would do to what is open, before it is saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.backtest.past import NODE_0, NODE_1, lived, rules
from tests.cli.terminal import call, on_a_terminal

BAD = {NODE_0: (75, 75, 75), NODE_1: (105, 105, 98)}
"""node0 has been open for two polls; node1 has just become bad, and its `for` still runs."""


@pytest.fixture
def present(tmp_path: Path) -> Path:
    return rules(tmp_path)


@pytest.fixture
def url(sqlite_url: str, present: Path) -> str:
    return lived(sqlite_url, present, BAD)


def edit(present: Path, *changes: tuple[str, str]) -> Path:
    """A draft of the rules with other words in it."""
    text = present.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    draft = present.with_name("draft.toml")
    draft.write_text(text)
    return draft


def diff(url: str, present: Path, draft: Path, *, code: int) -> dict[str, Any]:
    done = call("rules", "diff", str(draft), "--against", str(present), "--database", url, "--json")
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_edit_of_words_changes_nothing_that_is_open(url: str, present: Path) -> None:
    draft = edit(present, ("rollup = false", 'rollup = false\nsummary = "Quality"  # told first'))
    found = diff(url, present, draft, code=0)
    assert found["rules"] == [
        {
            "rule": "quality",
            "change": "changed",
            "renamed": None,
            "settings": [{"key": "summary", "old": "quality", "new": "Quality"}],
        }
    ]
    assert [(one["node"], one["effect"]) for one in found["incidents"]] == [(["Europe", "node0"], "goes_on")]
    assert found["new_alerts"] == []


def test_every_key_of_a_rule_is_told_by_its_name_and_as_it_is_written(url: str, present: Path) -> None:
    draft = edit(
        present,
        ("rollup = false", "flapping = { changes = 4, within = '2h', quiet = '30m' }"),
        ('warning = "quality < 100"', 'warning = { breach = "quality < 100", clear = "quality > 101", for = "0s" }'),
        ('recover_for = "0s"', 'recover_for = "0s"\nno_data_after = "1h"'),
    )
    [rule] = diff(url, present, draft, code=1)["rules"]
    assert {one["key"]: (one["old"], one["new"]) for one in rule["settings"]} == {
        "rollup": ("false", "min_children 2, min_share 0.5, min_coverage 0.5"),
        "flapping": ("6 changes within 1h, quiet 15m", "4 changes within 2h, quiet 30m"),
        "warning.clear": (None, "quality > 101"),
        "warning.for": ("1m", "0s"),
        "no_data_after": ("30m", "1h"),
    }


def test_comments_and_order_are_no_change(url: str, present: Path) -> None:
    draft = edit(present, ('id = "quality"\nservice = "Mail"', 'service = "Mail" # all\nid = "quality"'))
    found = diff(url, present, draft, code=0)
    assert (found["rules"], found["routing_changed"]) == ([], False)


def test_a_milder_limit_ends_what_is_open_as_a_change_of_the_rule(url: str, present: Path) -> None:
    """`recover_for` is nothing here, so it would end at the next reading that is like the last one."""
    found = diff(url, present, edit(present, ("quality < 100", "quality < 50")), code=1)
    assert [(one["effect"], one["text"]) for one in found["incidents"]] == [("closes", "closes as rule changed")]


def test_with_recover_for_it_is_said_how_long_that_takes(url: str, present: Path) -> None:
    draft = edit(present, ("quality < 100", "quality < 50"), ('recover_for = "0s"', 'recover_for = "20m"'))
    [one] = diff(url, present, draft, code=1)["incidents"]
    assert one["effect"] == "no_longer_bad"
    assert one["text"] == "is no longer bad: closes as rule changed if it stays so for 20 min"


def test_a_stricter_limit_shows_whom_it_would_find_in_the_last_figures(url: str, present: Path) -> None:
    found = diff(url, present, edit(present, ("quality < 100", "quality < 99")), code=0)
    assert found["new_alerts"] == []
    strict = edit(present, ('warning = "quality < 100"', 'warning = "quality < 100"\ncritical = "quality < 80"'))
    [one] = diff(url, present, strict, code=0)["incidents"]
    assert one["effect"] == "goes_on"
    at_once = edit(
        present,
        ('warning = "quality < 100"', 'warning = "quality < 100"\ncritical = { breach = "quality < 80", for = "0s" }'),
    )
    [one] = diff(url, present, at_once, code=1)["incidents"]
    assert (one["effect"], one["text"]) == ("changes", "becomes critical")


def test_what_is_quiet_now_and_would_be_found_is_listed(sqlite_url: str, present: Path) -> None:
    quiet = lived(sqlite_url, present, {NODE_0: (120, 120), NODE_1: (140, 140)})
    found = diff(quiet, present, edit(present, ("quality < 100", "quality < 130")), code=1)
    assert found["new_alerts"] == [
        {"rule": "quality", "service": "Mail", "node": ["Europe", "node0"], "state": "pending"}
    ]


def test_a_rule_that_is_removed_closes_what_is_open(url: str, present: Path) -> None:
    other = edit(present, ('service = "Mail"', 'service = "SAP"'))
    [one] = diff(url, present, other, code=1)["incidents"]
    assert (one["effect"], one["text"]) == ("closes", "closes as rule removed")


def test_a_rule_under_another_id_looks_renamed_and_is_warned_about(url: str, present: Path) -> None:
    """faults.md 87: identity is the id."""
    draft = edit(present, ('id = "quality"', 'id = "mail-quality"\nsummary = "quality"'))
    found = diff(url, present, draft, code=1)
    assert [(one["rule"], one["change"], one["renamed"]) for one in found["rules"]] == [
        ("mail-quality", "added", "quality"),
        ("quality", "removed", "mail-quality"),
    ]
    shown = call("rules", "diff", str(draft), "--against", str(present), "--database", url)
    assert "quality looks renamed to mail-quality" in shown.stderr


def test_other_routes_are_said(url: str, present: Path) -> None:
    found = diff(url, present, edit(present, ('channel = "#team"', 'channel = "#others"')), code=0)
    assert found["routing_changed"] is True


def test_other_maintenance_and_other_calendars_are_said_by_their_names(url: str, present: Path) -> None:
    """The line in the file is no change, and neither is a comment."""
    windows = '[[maintenance]]\nname = "{}"\ndays = "sun"\n[[calendar]]\nname = "office"\ndays = "mon-fri"\n'
    before, after = present.with_name("before.toml"), present.with_name("after.toml")
    text = present.read_text()
    before.write_text(text + windows.format("Patching") + '[[maintenance]]\nname = "Closing"\ndays_of_month = -1\n')
    after.write_text(
        text + "# moved\n" + windows.format("Updates") + '[[maintenance]]\nname = "Closing"\ndays_of_month = 1\n'
    )
    found = diff(url, before, after, code=0)
    assert found["maintenance"] == [
        {"name": "Updates", "change": "added"},
        {"name": "Closing", "change": "changed"},
        {"name": "Patching", "change": "removed"},
    ]
    assert found["calendars"] == []
    shown = call("rules", "diff", str(after), "--against", str(before), "--database", url).stderr
    assert "Maintenance: Updates added, Closing changed, Patching removed\n" in shown
    assert "Calendars" not in shown


def test_a_level_that_was_never_asked_is_named(url: str, present: Path) -> None:
    found = diff(url, present, edit(present, ('level = "Site"', 'level = ["Site", "Country"]')), code=0)
    assert found["not_asked_yet"] == ["Mail, Location, Country"]


def test_a_broken_draft_is_shown_with_its_mistakes(url: str, present: Path) -> None:
    done = call("rules", "diff", str(edit(present, ("quality < 100", "qualty < 100"))), "--against", str(present))
    assert done.exit_code == 2
    assert "error[E110]" in done.stderr


def test_a_terminal_is_shown_rules_and_incidents(url: str, present: Path) -> None:
    draft = edit(present, ("quality < 100", "quality < 50"))
    shown = on_a_terminal("rules", "diff", str(draft), "--against", str(present), "--database", url)
    assert "warning.breach" in shown
    assert "closes as rule changed" in shown


def test_nothing_is_written(url: str, present: Path) -> None:
    before = Path(url.removeprefix("sqlite:///")).read_bytes()
    diff(url, present, edit(present, ("quality < 100", "quality < 50")), code=1)
    assert Path(url.removeprefix("sqlite:///")).read_bytes() == before


def test_conditions_that_look_back_are_judged_with_their_past(sqlite_url: str, present: Path) -> None:
    """Eight figures of 120 and one of 90: far below its baseline, which only the earlier readings tell."""
    quiet = lived(sqlite_url, present, {NODE_0: (120,) * 8 + (102,)})
    draft = edit(present, ("quality < 100", "quality < baseline(quality, 30m) * 90%"))
    assert [one["node"] for one in diff(quiet, present, draft, code=1)["new_alerts"]] == [["Europe", "node0"]]
    mild = edit(present, ("quality < 100", "quality < baseline(quality, 30m) * 80%"))
    assert diff(quiet, present, mild, code=0)["new_alerts"] == []
