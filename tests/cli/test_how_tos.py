"""The how-tos about rules can be followed as they are written, by somebody whose Sentinel has run for a day."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sentinel.clock import SystemClock
from sentinel.store import silences
from sentinel.store.database import Database
from tests.backtest.past import POLL, lived, rules
from tests.cli.terminal import ROOT, call, environment
from tests.domain.polls import START, a_silence

NODE = "Europe/Switzerland/Zurich"
FINE, BAD = (105.0,) * 200, (80.0,) * 20
WORDS = 'summary = "Quality"\nowner = "workplace"\nrunbook = "https://wiki.example.com/quality"'
AGREED = """
[[sla]]
id = "mail"
service = "Mail"
hierarchy = "Location"
level = "Site"
good = "quality >= 100"
objective = "99.5%"
"""
FOUND = {0, 1}
"""Commands that compare or look for something end with 1 when there is something; every other code is a failure here."""


@pytest.fixture
def folder(tmp_path: Path, sqlite_url: str) -> Path:
    """Rules, a draft of them, tests, and a database that has seen an outage which lasts."""
    present = rules(tmp_path, hold="10m")
    text = present.read_text().replace('service = "Mail"', f'service = "Mail"\n{WORDS}')
    present.write_text(text + AGREED)
    (tmp_path / "draft.toml").write_text(text.replace("quality < 100", "quality < 70"))
    (tmp_path / "rules-tests.toml").write_text(
        'rules = "rules.toml"\nevery = "5m"\n[[test]]\nname = "bad"\n[[test.series]]\nservice = "Mail"\n'
        f'node = {NODE.split("/")}\nmetric = "quality"\nvalues = "80x4"\n'
        f'[[test.expect]]\nat = "10m"\nstates = {{ "{NODE}" = "warning" }}\n'
    )
    start = SystemClock().now() // POLL * POLL - (len(FINE) + len(BAD) - 1) * POLL
    lived(sqlite_url, present, {NODE: FINE + BAD}, start=start)
    assert Path(sqlite_url.removeprefix("sqlite:///")) == tmp_path / "sentinel.db"
    return tmp_path


def commands(page: str) -> list[str]:
    """Every line of the page's shell blocks that runs sentinel, but the one that runs for ever."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    return [line for line in "".join(blocks).splitlines() if line.startswith("sentinel ")]


def run(line: str, folder: Path, **replaced: str) -> subprocess.CompletedProcess[str]:
    words = [replaced.get(word, word) for word in shlex.split(line, comments=True)[1:]]
    return subprocess.run(  # noqa: S603  # the lines of our own pages
        [sys.executable, "-m", "sentinel", *words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def silenced(folder: Path, name: str) -> None:
    """A silence that lasts is on record."""
    db = Database.open(f"sqlite:///{folder / 'sentinel.db'}")
    since = SystemClock().now() - START
    silences.add(db, a_silence(since - 60, since + 3600, name=name, node="Europe"))
    db.close()


PAGES = ("change-rules", "why-told", "editor", "acknowledge", "maintenance", "sla-report", "silence")


@pytest.mark.long
@pytest.mark.process
@pytest.mark.parametrize("page", [f"docs/how-to/{name}.md" for name in PAGES])
def test_every_command_of_the_page_answers(page: str, folder: Path) -> None:
    listed = call("incidents", "list", "-q", "--database", f"sqlite:///{folder / 'sentinel.db'}").stdout.split()
    silenced(folder, "sl-7k2m4qxa")
    # What the page shows is an example: another company's names, an instant of its past, the id of its incident.
    stand_ins = {
        "sn-4qk2v7m3xapr": listed[0],
        "Exchange*": "Mail",
        "2026-03-02T10:05": "10m",
        "Europe/Switzerland/**": "Europe/**",
    }
    lines = commands(page)
    assert len(lines) > 2
    for line in lines:
        done = run(line, folder, **stand_ins)
        expected = FOUND if {"diff", "--against"} & set(shlex.split(line)) else {0}
        assert done.returncode in expected, f"{line}\n{done.stdout}{done.stderr}"
        assert done.stdout or done.stderr or "github" in line, line  # a review is told of problems alone


def test_the_lines_of_a_page_that_cannot_run_are_noticed(folder: Path) -> None:
    """The test above fails when a page names an option or a file that is not there."""
    assert run("sentinel check nowhere.toml", folder).returncode == 2
    assert run("sentinel rules diff --nothing", folder).returncode == 2
    shutil.rmtree(folder)
