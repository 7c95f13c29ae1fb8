"""The layers of `.importlinter` hold, and they notice what they are there for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]

BREACHES = {
    "a helper file of its own at the top": ("sentinel/utils.py", "", "every module has its place"),
    "the domain reads the clock": ("sentinel/domain/late.py", "import sentinel.clock", "decides and touches nothing"),
    "the domain writes a log": ("sentinel/domain/late.py", "import logging", "decides and touches nothing"),
    "history writes": ("sentinel/history/late.py", "import sentinel.store.unit_of_work", "Only the engine writes"),
    "the store asks a source": ("sentinel/store/late.py", "import sentinel.collect", "Imports go down only"),
    "the engine knows the demonstration": ("sentinel/engine/late.py", "import sentinel.demo", "of the demonstration"),
    "the demonstration knows the domain": ("sentinel/demo/late.py", "import sentinel.domain", "of the product"),
    "a second HTTP client": ("sentinel/deliver/late.py", "import httpx", "One module speaks HTTP"),
    "the engine speaks to Slack itself": ("sentinel/engine/late.py", "import slack_sdk", "Only deliver speaks"),
}


def test_every_import_goes_where_the_layers_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename=".importlinter", no_cache=True, no_logo=True) == 0


@pytest.mark.parametrize("breach", BREACHES, ids=str)
def test_a_planted_breach_is_named(breach: str, tmp_path: Path) -> None:
    path, line, complaint = BREACHES[breach]
    shutil.copytree(ROOT / "sentinel", tmp_path / "sentinel", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    (tmp_path / path).write_text(f"{line}\n")
    answer = _lint(tmp_path)
    broken = [shown for shown in answer.stdout.splitlines() if shown.endswith("BROKEN") or "not listed" in shown]
    assert answer.returncode == 1, answer.stdout
    assert any(complaint in shown for shown in broken), answer.stdout


def _lint(checkout: Path) -> subprocess.CompletedProcess[str]:
    """The linter's word on a checkout, in a process of its own: it looks at what is importable from there."""
    program = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(  # noqa: S603  # the linter
        [sys.executable, "-c", program, "--no-logo", "--no-cache"],
        cwd=checkout,
        env={"PYTHONPATH": str(checkout), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
