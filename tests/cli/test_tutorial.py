"""The tutorials are done as they are written: files saved under their names, every command run, every exit code as announced."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.terminal import ROOT, environment

RULE, FIGURE = ROOT / "docs/tutorial/tested-rule.md", ROOT / "docs/tutorial/monthly-figure.md"


@dataclass(frozen=True)
class Step:
    """A file to save under a name or to add to, or a line to run with the exit code that it is to have."""

    text: str
    name: str = ""
    more: bool = False
    code: int = 0


def steps(page: str) -> list[Step]:
    found = []
    for before, language, block in re.findall(
        r"([^`]*(?:`[^`\n]+`[^`]*)*)^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    ):
        if language == "toml":
            verb, name = re.findall(r"(Save this as|Add this to the end of) `([^`]+)`", before)[-1]
            found.append(Step(block, name, more=verb.startswith("Add")))
            continue
        for line in block.splitlines():
            announced = re.search(r"# exit code (\d)", line)
            found.append(Step(line, code=int(announced[1]) if announced else 0))
    return found


def followed(page: Path, folder: Path) -> Iterator[tuple[list[str], str]]:
    """Do all that the page says, in that folder; the words of each command, and what it printed."""
    for step in steps(page.read_text()):
        if step.name:
            with (folder / step.name).open("a" if step.more else "w") as file:
                file.write(step.text)
            continue
        words = shlex.split(step.text, comments=True)
        command = [sys.executable, "-m", "sentinel", *words[1:]] if words[0] == "sentinel" else words
        ended = subprocess.run(  # noqa: S603  # the lines of our own page
            command, cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=120
        )
        assert ended.returncode == step.code, f"{step.text}\n{ended.stdout}{ended.stderr}"
        yield words, ended.stdout + ended.stderr


@pytest.mark.long
@pytest.mark.process
@pytest.mark.timeout(300)
def test_a_newcomer_who_follows_it_ends_with_a_rule_a_test_and_a_backtest(tmp_path: Path) -> None:
    done = [words[1] for words, _ in followed(RULE, tmp_path)]
    assert done == [
        *("demo", "history", "check", "explain", "backtest", "rules", "backtest", "test"),
        *("draft.toml", "db", "history", "explain"),
    ]
    assert "Incidents over time" in (tmp_path / "difference.html").read_text()


@pytest.mark.long
@pytest.mark.process
@pytest.mark.timeout(400)
def test_a_service_owner_who_follows_it_can_say_why_the_figure_is_what_it_is(tmp_path: Path) -> None:
    done = list(followed(FIGURE, tmp_path))
    reports = [printed for words, printed in done if words[1:3] == ["sla", "report"] and "--csv" not in words]
    first, _, germany, planned, office, _ = reports
    assert re.search(r"\tmissed\tNorth America / United States / Austin\t99\.\d+ %\t300 min\t120 min\t-", first)
    assert re.search(r"\tmissed\tEurope / Germany\t99\.[34]\d* %\t(240|300) min\t120 min\t-", germany)
    assert re.search(r"\tkept\tEurope / Germany\t100\.00 %\t0 min\t120 min\t", planned)
    assert "\tkept?\tEurope / Germany\t" in office
    page, table = (tmp_path / "report.html").read_text(), (tmp_path / "report.csv").read_text()
    assert "Sunday patching" in page
    assert "Austin" in table
    [backtest] = [printed for words, printed in done if words[1] == "backtest"]
    assert re.search(r"exchange-sites of Exchange Online: \d+\.\d+ % of 99\.5 %, budget left", backtest)
