"""The tutorial is done as it is written: files saved under their names, every command run, every exit code as announced."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.terminal import ROOT, environment

TUTORIAL = ROOT / "docs/tutorial/tested-rule.md"


@dataclass(frozen=True)
class Step:
    """A file to save under a name, or a line to run with the exit code that it is to have."""

    text: str
    name: str = ""
    code: int = 0


def steps(page: str) -> list[Step]:
    found = []
    for before, language, block in re.findall(
        r"([^`]*(?:`[^`\n]+`[^`]*)*)^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    ):
        if language == "toml":
            name = re.findall(r"Save this as `([^`]+)`", before)[-1]
            found.append(Step(block, name))
            continue
        for line in block.splitlines():
            announced = re.search(r"# exit code (\d)", line)
            found.append(Step(line, code=int(announced[1]) if announced else 0))
    return found


@pytest.mark.long
@pytest.mark.process
@pytest.mark.timeout(300)
def test_a_newcomer_who_follows_it_ends_with_a_rule_a_test_and_a_backtest(tmp_path: Path) -> None:
    done = []
    for step in steps(TUTORIAL.read_text()):
        if step.name:
            (tmp_path / step.name).write_text(step.text)
            continue
        words = shlex.split(step.text, comments=True)
        command = [sys.executable, "-m", "sentinel", *words[1:]] if words[0] == "sentinel" else words
        ended = subprocess.run(  # noqa: S603  # the lines of our own page
            command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False, timeout=120
        )
        assert ended.returncode == step.code, f"{step.text}\n{ended.stdout}{ended.stderr}"
        done.append(words[1])
    assert done == [
        *("demo", "history", "check", "explain", "backtest", "rules", "backtest", "test"),
        *("draft.toml", "db", "history", "explain"),
    ]
    assert "Incidents over time" in (tmp_path / "difference.html").read_text()
