"""`sentinel history`: readings out of one database and into another."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.backtest.past import NODE_0, NODE_1, recorded
from tests.cli.terminal import call


@pytest.fixture
def url(sqlite_url: str) -> str:
    return recorded(sqlite_url)


def test_a_history_moves_to_another_database_and_is_replayed_there(
    url: str, empty_database_url: str, tmp_path: Path
) -> None:
    """SQLite to Postgres, too."""
    archive = tmp_path / "history.npz"
    done = call("history", "export", str(archive), "--database", url)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "7 readings of 1 query" in done.stderr
    if empty_database_url != url:
        assert call("db", "upgrade", "--database", empty_database_url).exit_code == 0
    done = call("history", "import", str(archive), "--database", empty_database_url)
    assert done.exit_code == 0, done.output
    again = call("history", "import", str(archive), "--database", empty_database_url)
    assert "0 of 7 readings were new" in again.stderr
    listed = json.loads(call("history", "list", "--json", "--database", empty_database_url).stdout)
    assert listed == json.loads(call("history", "list", "--json", "--archive", str(archive)).stdout)
    [one] = listed
    assert (one["service"], one["level"], one["readings"]) == ("Mail", "Site", 7)
    assert (one["first_at"], one["last_at"]) == ("2026-03-02T08:00:00Z", "2026-03-02T08:30:00Z")


def test_a_longer_history_is_taken_in_with_its_figures(
    sqlite_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    """Above a handful of rows Postgres is given all of them in one document, packed figures included."""
    story = {NODE_0: tuple(range(60, 110)), NODE_1: (math.inf, None) + (80,) * 48}
    first, second = tmp_path / "first.npz", tmp_path / "second.npz"
    assert call("history", "export", str(first), "--database", recorded(sqlite_url, story)).exit_code == 0
    if empty_database_url != sqlite_url:
        assert call("db", "upgrade", "--database", empty_database_url).exit_code == 0
    done = call("history", "import", str(first), "--database", empty_database_url)
    assert done.exit_code == 0, done.output
    assert call("history", "export", str(second), "--database", empty_database_url).exit_code == 0
    with np.load(first) as before, np.load(second) as after:
        assert set(before.files) == set(after.files)
        for name in before.files:
            np.testing.assert_array_equal(before[name], after[name])


def test_an_export_can_be_cut_by_time_and_service(url: str, tmp_path: Path) -> None:
    archive = tmp_path / "history.npz"
    part = ("--since", "2026-03-02T08:05Z", "--until", "2026-03-02T08:15Z", "--database", url)
    assert call("history", "export", str(archive), *part, "--service", "M*").exit_code == 0
    assert json.loads(call("history", "list", "--json", "--archive", str(archive)).stdout)[0]["readings"] == 2
    done = call("history", "export", str(tmp_path / "none.npz"), *part, "--service", "SAP*")
    assert done.exit_code == 1
    assert "no such readings are recorded" in done.stderr
    assert not (tmp_path / "none.npz").exists()


def test_a_file_that_is_there_is_replaced_only_when_asked(url: str, tmp_path: Path) -> None:
    archive = tmp_path / "history.npz"
    archive.write_text("precious")
    done = call("history", "export", str(archive), "--database", url)
    assert done.exit_code == 2
    assert "--force replaces it" in done.stderr
    assert archive.read_text() == "precious"
    assert call("history", "export", str(archive), "--database", url, "--force").exit_code == 0


def test_what_is_no_archive_is_refused(url: str, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not an archive")
    done = call("history", "import", str(text), "--database", url)
    assert done.exit_code == 4
    assert "this is no archive of readings" in done.stderr


def test_nothing_recorded_is_an_empty_list(sqlite_url: str) -> None:
    done = call("history", "list", "--database", sqlite_url)
    assert (done.exit_code, done.stderr) == (0, "no readings\n")
