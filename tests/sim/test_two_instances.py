"""Two Sentinels over one database: whoever leads may be stopped or cut off anywhere, and no promise is broken."""

from __future__ import annotations

import sqlite3

import pytest

from tests.sim.seeds import live
from tests.sim.story import HOOK, SLACK, Story, Tick, bad, sim_rule
from tests.sim.world import At, Stage

LANES = 4


def three_ticks(*, cut_off: float = 0.0) -> Story:
    return Story(
        seed=0,
        rule=sim_rule(),
        ticks=(Tick(bad=bad(0)), Tick(bad=bad(0, 1, 2), cut_off=cut_off), Tick(cut_off=cut_off)),
        addresses=(SLACK, HOOK),
        instances=2,
        lease=30.0,
    )


def around_wires(trace: list[str]) -> list[int]:
    """The numbers of the steps of every exchange with the outside, and of the commits right before and after."""
    wires = [number for number, what in enumerate(trace, 1) if "commit" not in what]
    return sorted({near for number in wires for near in (number - 1, number, number + 1, number + 2) if near > 0})


@pytest.mark.long
@pytest.mark.promise("P1", "P2", "P3", "P5")
@pytest.mark.fault(114)
@pytest.mark.timeout(300)
@pytest.mark.parametrize("lane", range(LANES))
def test_a_leader_that_is_stopped_around_any_exchange_and_wakes_up_breaks_no_promise(stage: Stage, lane: int) -> None:
    """Also between its last look at the lease and the post: who took over looks the message up before it posts.

    Stopped for 45 seconds, longer than the lease of 30 and shorter than the last look-up after 60.
    """
    steps = around_wires(live(three_ticks(), stage).world.trace)
    assert len(steps) > 30
    for number in steps[lane::LANES]:
        run = live(three_ticks(), stage, at=At(number, stop=45.0))
        assert run.findings == [], run.report
        slack = [one.key for one in run.world.taken if one.place == SLACK.channel and one.kind != "edit"]
        assert len(slack) == len(set(slack)), run.report


@pytest.mark.promise("P1", "P2")
@pytest.mark.fault(38, 114)
@pytest.mark.parametrize("seconds", [25.0, 100.0])
def test_a_leader_that_is_cut_off_from_the_database_hands_over_and_may_lead_again(stage: Stage, seconds: float) -> None:
    run = live(three_ticks(cut_off=seconds), stage)
    assert run.findings == [], run.report
    with sqlite3.connect(f"file:{run.world.path}?mode=ro", uri=True) as connection:
        (epoch,) = connection.execute("SELECT epoch FROM lease").fetchone()
    connection.close()
    assert epoch >= 3 or seconds < 30.0, run.report
