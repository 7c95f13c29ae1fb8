"""What a message shows is true in the end, whatever came between."""

from __future__ import annotations

import pytest

from tests.sim.seeds import live
from tests.sim.story import SLACK, STEP, Story, Tick, bad, sim_rule
from tests.sim.world import Stage


@pytest.mark.promise("P5")
def test_a_reminder_does_not_hide_what_changed_with_it(stage: Stage) -> None:
    """A reminder is a line in the thread; the figures that changed in the same tick reach the message all the same."""
    steady, worse = Tick(bad=bad(0, share=0.3)), Tick(bad=bad(0, share=0.5))
    story = Story(
        seed=0, rule=sim_rule(), ticks=(steady,) * 3 + (worse,) * 2, addresses=(SLACK,), remind_every=2.9 * STEP
    )
    run = live(story, stage)
    assert run.findings == [], run.report
    assert "reminder" in [row.kind for row in run.record.rows]
    (root,) = run.world.slack.roots("#alerts")
    assert "50 %" in root.text


@pytest.mark.promise("P5")
@pytest.mark.fault(19)
def test_a_clock_set_back_does_not_keep_a_message_from_being_edited(stage: Stage) -> None:
    ticks = (
        Tick(bad=bad(0, share=0.3)),
        Tick(bad=bad(0, share=0.3)),
        Tick(bad=bad(0, share=0.3), jump=-7200.0),
        Tick(bad=bad(0, share=0.5)),
    )
    run = live(Story(seed=0, rule=sim_rule(), ticks=ticks, addresses=(SLACK,)), stage)
    assert run.findings == [], run.report
    (root,) = run.world.slack.roots("#alerts")
    assert "50 %" in root.text
