"""`sentinel schema`: what editors are given."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.terminal import ROOT, call


def test_the_schema_is_printed_as_it_is_published() -> None:
    done = call("schema")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (ROOT / "rules.schema.json").read_text(encoding="utf-8")
    assert call("schema", "tests").stdout == (ROOT / "tests.schema.json").read_text(encoding="utf-8")


def test_it_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "rules.schema.json"
    done = call("schema", "--output", str(file))
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"{file} written\n")
    assert json.loads(file.read_text(encoding="utf-8"))["title"] == "Sentinel rules"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    done = call("schema", "-o", str(tmp_path / "nowhere" / "x.json"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "cannot be written: No such file or directory" in done.stderr
