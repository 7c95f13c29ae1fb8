"""With channels that are well a notice leaves within seconds of the tick that decided it, by the program's own loop."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime

import pytest

from tests.sim.seeds import live
from tests.sim.story import HOOK, MAIL, SLACK, STEP, Story, Tick, bad, sim_rule
from tests.sim.world import Stage

WITHIN = 5.0


def lateness(path: object) -> list[float]:
    """Seconds from the deciding to the delivery of each notice, as the record has them."""
    with closing(sqlite3.connect(str(path))) as record:
        rows = record.execute("SELECT at, settled_at FROM notices WHERE state = 'delivered'").fetchall()
    return [(datetime.fromisoformat(done) - datetime.fromisoformat(at)).total_seconds() for at, done in rows]


@pytest.mark.promise("P7")
def test_a_notice_leaves_within_five_seconds_of_the_tick_that_decided_it(stage: Stage) -> None:
    """Three channels, incidents that begin at once and one after the other."""
    ticks = (
        Tick(),
        Tick(bad=bad(0)),
        Tick(bad=bad(0, 1, 2)),
        Tick(bad=bad(0, 1, 2, 4)),
        Tick(bad=bad(5)),
        Tick(),
        Tick(),
    )
    run = live(Story(seed=0, rule=sim_rule(recover_for=STEP), ticks=ticks, addresses=(SLACK, MAIL, HOOK)), stage)
    late = lateness(run.world.path)
    assert run.findings == []
    assert len(late) > 10
    assert max(late) <= WITHIN
    assert min(late) >= 0.0
