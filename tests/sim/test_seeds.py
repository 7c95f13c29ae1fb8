"""Random stories with random mishaps: nothing is lost, repeated, out of order, or recovered from what is unknown.

Two thousand of them are a check of their own, `scripts/test sim`; these are its first.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.fakes.program import ROOT
from tests.sim.seeds import run_seed
from tests.sim.world import Stage

LANES = 3
EACH = 12


@pytest.mark.promise("P1", "P2", "P3", "P4", "P5")
@pytest.mark.fault(1, 27, 28, 39, 50, 51, 64, 65, 77, 97, 98, 104, 105, 112, 114)
@pytest.mark.parametrize("lane", range(LANES))
def test_random_mishaps_break_no_promise(stage: Stage, lane: int) -> None:
    for seed in range(lane * EACH, (lane + 1) * EACH):
        run = run_seed(seed, stage)
        assert run.findings == [], run.report


def test_a_seed_is_the_same_run_in_every_process() -> None:
    """Also where strings hash otherwise: nothing hangs on the order of a set."""
    told = []
    for hashing in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.sim", "3", "7", "16", "--story"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hashing},
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )
        told.append(done.stdout)
    assert told[0] == told[1]
    assert "== no more mishaps" in told[0]
