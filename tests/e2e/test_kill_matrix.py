"""The kill matrix for real: SIGKILL at every point of a tick, on both databases, for three kinds of channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.killmatrix import page
from tests.e2e.kill_points import GROUPS, differences
from tests.e2e.kill_run import run, theatre

ROOT = Path(__file__).parents[2]


@pytest.mark.long
@pytest.mark.process
@pytest.mark.timeout(400)  # a dozen starts of the program, on machines that may be busy
@pytest.mark.promise("P1", "P2", "P3", "P5")
@pytest.mark.fault(1, 2, 3, 4, 5, 6, 112)
@pytest.mark.parametrize("group", GROUPS)
def test_a_kill_at_every_point_loses_nothing_and_repeats_only_what_nobody_can_look_up(
    group: str, empty_database_url: str, tmp_path: Path
) -> None:
    store = "sqlite" if empty_database_url.startswith("sqlite") else "postgres"
    with theatre(store, empty_database_url, tmp_path) as it:
        cells = run(group, it)
    assert differences(cells) == []
    assert it.strays == ()
    assert {cell.point for cell in cells} == {point.name for point in GROUPS[group]}


def test_the_documentation_states_what_every_run_is_held_against() -> None:
    assert (ROOT / "docs/reference/kill-matrix.md").read_text(encoding="utf-8") == page()
