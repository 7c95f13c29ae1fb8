"""Room for the database: the same judgement as that of `sentinel/disk`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from sentinel.doctor.room import note
from sentinel.findings import Findings, State


@dataclass
class Disk:
    free: float
    total: float = 100e9


@pytest.mark.parametrize(
    ("free", "state"), [(50e9, State.OK), (10e9, State.OK), (9e9, State.WARNING), (0.05e9, State.FAILED)]
)
def test_a_disk_that_fills_is_told_early(
    free: float, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: Disk(free))
    found = Findings(4)
    note(tmp_path, found)
    (one,) = found
    assert (one.check, one.state) == ("disk", state)
    assert ("SENTINEL_RETENTION_DAYS" in one.mend) is (state is not State.OK)
