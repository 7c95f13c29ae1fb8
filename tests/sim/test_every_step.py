"""As SQLite tests itself: the process ends at step 1, 2, 3 ... of a fixed story, until the story ends before the step."""

from __future__ import annotations

from functools import cache

import pytest

from tests.sim.record import outcome
from tests.sim.seeds import Run, live
from tests.sim.story import HOOK, MAIL, SLACK, STEP, WARN, Story, Tick, bad, sim_rule
from tests.sim.world import At, Stage

LANES = 8

TWELVE = (
    Tick(),
    Tick(bad=bad(0, share=WARN)),
    Tick(bad=bad(0)),
    Tick(bad=bad(0, 1, 2)),
    Tick(bad=bad(0, 1, 2), down=frozenset({"portal"})),
    Tick(bad=bad(0, 1, 2, 3)),
    Tick(bad=bad(3)),
    Tick(),
    Tick(),
    Tick(bad=bad(4)),
    Tick(),
    Tick(),
)


def twelve_ticks() -> Story:
    """Worse, wider, a source that fails, narrower, well again; and one more incident. Each at a channel of its kind."""
    return Story(seed=0, rule=sim_rule(recover_for=STEP), ticks=TWELVE, addresses=(SLACK, MAIL, HOOK))


@cache
def uncrashed(stage: Stage) -> Run:
    return live(twelve_ticks(), stage)


def test_the_story_without_a_crash(stage: Stage) -> None:
    run = uncrashed(stage)
    assert run.findings == []
    assert run.world.crashes == 0
    kinds = [row.kind for row in run.record.rows if row.place == SLACK.channel]
    assert kinds == ["degraded", "escalated", "widened", "narrowed", "recovered", "degraded", "recovered"]


@pytest.mark.long
@pytest.mark.promise("P1", "P2", "P3", "P5")
@pytest.mark.fault(1, 2, 32)
@pytest.mark.timeout(400)
@pytest.mark.parametrize("lane", range(1, LANES + 1))
def test_a_crash_at_any_step_changes_nothing_that_people_know(stage: Stage, lane: int) -> None:
    """Nothing lost, nothing repeated, and in the end people know the same. In lanes, for several processes."""
    expected = outcome(uncrashed(stage).record)
    number, crashed = lane, True
    while crashed:
        run = live(twelve_ticks(), stage, at=At(number))
        crashed = run.world.crashes > 0
        assert run.findings == [], run.report
        assert outcome(run.record) == expected, run.report
        number += LANES
    assert number > 200
