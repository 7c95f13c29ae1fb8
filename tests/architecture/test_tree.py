"""What every file of the project keeps to."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 400
BANNED = {"utils", "helpers", "common", "core", "base", "manager", "models", "services", "misc"}
PYTHON = sorted(p for d in ("sentinel", "tests", "benchmarks", "alembic") for p in (ROOT / d).rglob("*.py"))
PACKAGES = sorted(p for p in (ROOT / "sentinel").rglob("*") if p.is_dir() and any(p.glob("*.py")))
SCRIPTS = [ROOT / "scripts/setup.sh", ROOT / "scripts/sentinel", ROOT / "scripts/test", ROOT / ".ci/run"]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {_name(path): len(path.read_text().splitlines()) for path in PYTHON}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [_name(path) for path in PYTHON if path.stem in BANNED or path.parent.name in BANNED] == []


def test_the_migrations_do_not_shadow_their_library() -> None:
    assert not (ROOT / "alembic/__init__.py").exists()


@pytest.mark.parametrize("package", PACKAGES, ids=_name)
def test_every_package_says_what_it_is_for(package: Path) -> None:
    assert ast.get_docstring(ast.parse((package / "__init__.py").read_text()))


@pytest.mark.parametrize("package", PACKAGES, ids=_name)
def test_no_package_runs_code_when_it_is_imported(package: Path) -> None:
    """Only a docstring, imports and constants: importing a part must not start another."""
    quiet = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    body = ast.parse((package / "__init__.py").read_text()).body
    assert [ast.unparse(node) for node in body if not isinstance(node, quiet)] == []


@pytest.mark.threat("supply-chain")
@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements*.lock")), ids=_name)
def test_a_lock_pins_everything_by_hash_and_names_no_place(lock: Path) -> None:
    text = lock.read_text()
    lines = text.replace("\\\n", " ").splitlines()
    pins = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert "://" not in text
    assert pins
    assert [pin.split()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


@pytest.mark.threat("supply-chain")
def test_what_runs_is_pinned_as_what_was_tested() -> None:
    """The three locks agree wherever they name the same package."""
    pin = re.compile(r"^([a-zA-Z0-9_.-]+==\S+(?: ; [^\\\n]+)?)", re.MULTILINE)
    tested = {found.strip() for found in pin.findall((ROOT / "requirements-dev.lock").read_text())}
    for name in ("requirements.lock", "requirements-build.lock"):
        used = {found.strip() for found in pin.findall((ROOT / name).read_text())}
        assert used <= tested, name


@pytest.mark.parametrize("script", SCRIPTS, ids=_name)
def test_a_script_is_plain_posix_shell(script: Path) -> None:
    assert script.read_text().startswith("#!/bin/sh\n")
    assert script.stat().st_mode & 0o111
    subprocess.run(["/bin/sh", "-n", str(script)], check=True)  # noqa: S603  # our own file


@pytest.mark.threat("supply-chain")
def test_a_weakness_can_be_reported_in_private() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    assert "Report a vulnerability" in text
    assert "in private" in text
    assert "docs/explanation/threats.md" in text
