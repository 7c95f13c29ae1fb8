"""What the pages about backtests show can be done as it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sentinel.clock import SystemClock
from sentinel.engine.importing import take_in
from sentinel.store import archiving
from sentinel.store.database import Database
from tests.backtest.past import POLL, STORY, readings, recorded, rules
from tests.cli.terminal import ROOT, environment

HOW_TO, FORMAT = ROOT / "docs/how-to/backtest.md", ROOT / "docs/reference/archive.md"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "sentinel", *words[1:]] if words[0] == "sentinel" else words
    return subprocess.run(  # noqa: S603  # our own page
        program, cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def folder(tmp_path: Path, sqlite_url: str) -> Path:
    """A working directory with rules and a database that knows of March and of last week, and another database."""
    shutil.copyfile(sqlite_url.removeprefix("sqlite:///"), tmp_path / "elsewhere.db")
    db = Database.open(recorded(sqlite_url))
    take_in(db, readings(STORY, start=SystemClock().now() // POLL * POLL - 7 * 86400.0))
    db.close()
    rules(tmp_path)
    return tmp_path


@pytest.mark.long
@pytest.mark.process
def test_every_command_of_the_how_to_does_what_it_says(folder: Path) -> None:
    lines = "".join(blocks(HOW_TO, "sh")).splitlines()
    archiving.write(folder / "march.npz", readings(STORY))
    for line in lines:
        if "--archive history.npz --since" in line:  # the history of the review, which the page exports later
            line = line.replace("history.npz", "march.npz")  # noqa: PLW2901  # only the name differs
        done = run(shlex.split(line, comments=True), folder)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert len(lines) > 7
    assert "Incidents over time" in (folder / "backtest.html").read_text()


@pytest.mark.long
@pytest.mark.process
def test_the_lines_of_python_read_an_archive(tmp_path: Path) -> None:
    archiving.write(tmp_path / "history.npz", readings(STORY))
    [code] = blocks(FORMAT, "python")
    # The page's example has devices; this history has another figure.
    done = run([sys.executable, "-c", code.replace("figures/devices", "figures/quality")], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "['portal', 'Mail', 'Location', 'Site', None, 'hour'] ['quality']" in done.stdout
    assert "[ 75.  80.]" in done.stdout
