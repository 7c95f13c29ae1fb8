"""`scripts/test` and `scripts/setup.sh`, run in a checkout whose Python is a stand-in that notes what it is asked."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

STAND_IN = """#!/bin/sh
printf '%s\\n' "$*" >> "{log}"
case "$*" in
    *sysconfig*) echo "{site}" ;;
    *) case "$*" in {failing}) exit {status} ;; esac ;;
esac
"""


class Checkout:
    """A checkout with the real scripts; `failing` are the commands (shell patterns) that end with `status`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = path / "asked.log"
        for script in ("setup.sh", "sentinel", "test"):
            (path / "scripts").mkdir(exist_ok=True)
            shutil.copy(ROOT / "scripts" / script, path / "scripts")
        for lock in ("requirements.lock", "requirements-dev.lock"):
            (path / lock).write_text("one==1 --hash=sha256:0\n")
        self.python()

    def python(self, *, failing: str = "nothing", status: int = 1) -> None:
        programs = self.path / ".venv/bin"
        programs.mkdir(parents=True, exist_ok=True)
        text = STAND_IN.format(log=self._log, site=self.path, failing=failing, status=status)
        for name in ("python", "lint-imports"):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  # our own scripts
            command, cwd=self.path, capture_output=True, text=True, check=False, timeout=60
        )

    def asked(self) -> list[str]:
        """What Python was asked since the last time."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        self._log.unlink(missing_ok=True)
        return lines


def test_everything_the_makefile_starts_is_there() -> None:
    text = (ROOT / "Makefile").read_text()
    ours = [name.replace(".", "/") for name in re.findall(r"-m (benchmarks[\w.]*)", text)]
    programs = [
        name for name in ours if not (ROOT / f"{name}.py").exists() and not (ROOT / name / "__main__.py").exists()
    ]
    scripts = [name for name in re.findall(r"@(scripts/\S+)", text) if not (ROOT / name).exists()]
    assert programs + scripts == []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_all_checks_run_and_pytest_is_the_last(checkout: Checkout) -> None:
    answer = checkout.run("scripts/test")
    shown = [line for line in answer.stdout.splitlines() if line.startswith("==")]
    assert answer.returncode == 0
    assert shown == ["== lint", "== format", "== types", "== imports", "== sim", "== long", "== tests"]
    thorough, usual = checkout.asked()[-2:]
    assert thorough.startswith("-m pytest -n ")
    assert thorough.endswith(" -m long")
    assert usual.startswith("-m pytest -n ")
    assert usual.endswith(" -m not long")


def test_continuous_integration_runs_the_same_from_anywhere(checkout: Checkout) -> None:
    (checkout.path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", checkout.path / ".ci")
    checkout.run("/bin/sh", "-c", 'cd / && exec "$0"', str(checkout.path / ".ci/run"))
    assert checkout.asked()[-1].startswith("-m pytest")


def test_a_failed_check_fails_the_run_but_the_others_still_run(checkout: Checkout) -> None:
    checkout.python(failing='"-m mypy"')
    answer = checkout.run("scripts/test")
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1] == "FAILED: types"
    assert checkout.asked()[-1].startswith("-m pytest")


def test_a_run_that_collected_no_test_fails(checkout: Checkout) -> None:
    """The exit status of pytest is 5 then."""
    checkout.python(failing='"-m pytest"*', status=5)
    assert checkout.run("scripts/test").returncode == 1


def test_checks_run_by_name_and_the_rest_goes_to_pytest(checkout: Checkout) -> None:
    checkout.run("scripts/setup.sh", "dev")
    checkout.asked()
    assert checkout.run("scripts/test", "types", "tests", "tests/domain", "-k", "two words").returncode == 0
    types, tests = checkout.asked()
    assert types == "-m mypy"
    assert tests.endswith(" tests/domain -k two words")
    assert checkout.run("scripts/test", "typos").returncode == 2


def test_set_up_installs_by_hash_once_and_again_when_the_lock_changes(checkout: Checkout) -> None:
    assert checkout.run("scripts/setup.sh", "run").returncode == 0
    assert "-m pip install --quiet --require-hashes -r requirements.lock" in checkout.asked()
    assert checkout.run("scripts/setup.sh", "run").returncode == 0
    assert checkout.asked() == []
    (checkout.path / "requirements.lock").write_text("one==2 --hash=sha256:0\n")
    assert checkout.run("scripts/setup.sh", "run").returncode == 0
    assert checkout.asked() != []


def test_a_set_up_that_broke_off_is_taken_up_again(checkout: Checkout) -> None:
    checkout.python(failing='*"pip install"*')
    assert checkout.run("scripts/setup.sh", "run").returncode != 0
    checkout.python()
    checkout.asked()
    assert checkout.run("scripts/setup.sh", "run").returncode == 0
    assert any("pip install" in line for line in checkout.asked())


def test_the_program_gets_its_arguments_and_its_output_stays_clean(checkout: Checkout) -> None:
    answer = checkout.run("scripts/sentinel", "status", "--node", "two words")
    assert checkout.asked()[-1] == "-P -m sentinel status --node two words"
    assert answer.stdout == ""
