"""Mistakes that people make in rules files, and the whole answer of `sentinel check` to each, as it was approved.

`testdata/broken/NN-what.toml` is a file with one kind of mistake, `NN-what.txt` what is printed about it: standard
output, then standard error, then the exit code. Where the words change on purpose, write the answers anew and read
every one of them: `python -m tests.config.test_broken_files`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.cli.terminal import call

BROKEN = Path(__file__).parent / "testdata" / "broken"
FILES = sorted(BROKEN.glob("*.toml"))
_PLACE = re.compile(r"^(?P<file>\S+):(?P<line>\d+):(?P<column>\d+): (?:error|warning)\[", re.MULTILINE)


def answer(file: Path) -> str:
    """All that `sentinel check` prints of a file in the working directory, and how it ends."""
    done = call("check", file.name)
    return f"{done.stdout}{done.stderr}exit code {done.exit_code}\n"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_mistake_that_people_make_gets_the_answer_that_was_approved(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(BROKEN)
    told = answer(file)
    assert told == file.with_suffix(".txt").read_text(encoding="utf-8")
    assert "hunter2" not in told, "credentials are never shown"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_caret_stands_under_the_line_that_is_named(file: Path) -> None:
    """The approved answers themselves: the line that is shown is the one of the file, and the caret is at the column."""
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    told = file.with_suffix(".txt").read_text(encoding="utf-8")
    found = list(_PLACE.finditer(told))
    assert found
    for place in found:
        _, bar, shown, caret, *_ = told[place.start() :].splitlines()
        margin = bar.index("|") + 2
        line, column = lines[int(place["line"]) - 1], int(place["column"])
        assert caret.index("^") == margin + column - 1
        assert shown[margin : caret.index("^")] == line[: column - 1].replace("\t", " ")


def test_there_are_answers_for_thirty_broken_files_and_no_others() -> None:
    assert len(FILES) >= 30
    assert {file.stem for file in FILES} == {file.stem for file in BROKEN.glob("*.txt")}
    numbers = [int(file.name[:2]) for file in FILES]
    assert numbers == list(range(1, len(FILES) + 1))


def _write_anew() -> None:
    os.chdir(BROKEN)
    for stale in BROKEN.glob("*.txt"):
        stale.unlink()
    for file in FILES:
        file.with_suffix(".txt").write_text(answer(file), encoding="utf-8")


if __name__ == "__main__":
    _write_anew()
