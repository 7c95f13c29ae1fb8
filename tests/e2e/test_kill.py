"""kill -9 at any moment: the record stays whole, and people are told everything once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sentinel.store.database import Database
from tests.e2e.chaos import Chaos
from tests.e2e.stage import stage

pytestmark = [pytest.mark.process, pytest.mark.long]

KILLS = 6


@pytest.mark.promise("P1", "P2", "P5")
@pytest.mark.parametrize("seed", [20260302])
def test_killing_the_program_at_random_loses_and_repeats_nothing(
    database_url: str, database: Database, tmp_path: Path, seed: int
) -> None:
    with stage(tmp_path, database_url, countries=4, each=3, rollup=False) as it, it.program() as program:
        it.slack.settings.history_lag_seconds = 0.3
        chaos = Chaos(it, program, random.Random(seed))
        for _ in range(KILLS):
            chaos.kill_once()
        found = chaos.finish(database)
    assert found.lost == ()
    assert found.repeated == ()
    assert found.incidents >= KILLS
    assert found.messages > 0
