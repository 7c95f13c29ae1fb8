"""An attack that no fault could fail proves nothing: a Sentinel with one fault is caught within a few seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sentinel.domain.rules import Flapping
from tests.sim.broken_parts import (
    Blinking,
    Deaf,
    Forgetful,
    Rosy,
    blurting,
    chatty,
    endless,
    entering_later,
    marking_first,
    meddling,
    nagging,
    sending_first,
    withholding,
)
from tests.sim.program import Parts
from tests.sim.seeds import Run, live
from tests.sim.story import CALM, OPS, SLACK, STEP, Chances, Story, Tick, bad, random_story, sim_rule
from tests.sim.test_two_instances import three_ticks
from tests.sim.world import At, Stage

SEEDS = 12


def findings(stage: Stage, stories: Iterator[Story], parts: Parts | None = None) -> list[str]:
    """What the invariants say about the first of these stories that breaks a promise."""
    for story in stories:
        run = live(story, stage, parts=parts)
        if run.findings:
            return run.findings
    return []


def stories(chances: Chances, **changes: object) -> Iterator[Story]:
    """Random stories with these mishaps instead of their own."""
    for seed in range(SEEDS):
        yield replace(random_story(seed), addresses=(SLACK, OPS), instances=1, chances=chances, **changes)  # type: ignore[arg-type]


def test_without_look_ups_messages_repeat(stage: Stage) -> None:
    found = findings(stage, stories(Chances(slack=0.5)), Parts(slack=Deaf))
    assert any(one.startswith("P2: slack:#") and one.endswith("2 times") for one in found)


def test_settling_before_sending_loses_messages(stage: Stage) -> None:
    with marking_first():
        found = findings(stage, stories(Chances(crash=0.03)))
    assert any(one.startswith("P1: ") for one in found)


def test_sending_before_recording_the_attempt_repeats_messages(stage: Stage) -> None:
    with sending_first():
        found = findings(stage, stories(Chances(crash=0.03)))
    assert any(one.startswith("P2: ") for one in found)


@pytest.mark.parametrize("source", [Rosy, Blinking])
def test_taking_unknown_for_fine_recovers_what_is_bad(stage: Stage, source: type[Rosy | Blinking]) -> None:
    found = findings(stage, stories(Chances(portal=0.5)), Parts(source=source))
    assert any(one.startswith("P4: ") for one in found)


def restless() -> Iterator[Story]:
    """The first stories in which something flaps, without mishaps."""
    flipping = Flapping(changes=3, within=20 * STEP, quiet=STEP)
    for seed in range(SEEDS):
        story = random_story(seed)
        yield replace(story, rule=replace(story.rule, flapping=flipping), instances=1, chances=CALM)


def test_telling_what_is_withheld_while_it_flaps_closes_more_than_once(stage: Stage) -> None:
    with chatty():
        found = findings(stage, restless())
    assert any(one.startswith("P3: ") and one.endswith("that it has not open") for one in found)


def test_flapping_that_never_ends_is_seen(stage: Stage) -> None:
    with endless():
        found = findings(stage, restless())
    assert any(one.startswith("P7: ") for one in found)


def muted() -> Iterator[Story]:
    """Two sites go bad under a window that ends two ticks later; one recovers in it and is bad again."""
    shown = (bad(0, 4), bad(0, 4), bad(4), bad(0, 4), bad(0, 4), bad(0))
    for glob in ("**", "A1", "A"):
        yield Story(
            seed=0,
            rule=sim_rule(),
            ticks=tuple(Tick(bad=figures) for figures in shown),
            addresses=(SLACK,),
            windows=((glob, 0.5 * STEP, 3.5 * STEP),),
        )


def test_telling_what_is_muted_is_seen(stage: Stage) -> None:
    assert findings(stage, muted()) == []
    with blurting():
        assert any("in the middle of maintenance" in one for one in findings(stage, muted()))


def test_what_was_muted_and_is_told_to_nobody_after_it_is_seen(stage: Stage) -> None:
    with withholding():
        found = findings(stage, muted())
    assert any("nobody was told" in one or one.startswith("P7: ") for one in found)


def test_forgetting_the_epoch_repeats_messages(stage: Stage) -> None:
    """The leader is stopped right after one of its commits, for longer than its lease; only a whole one asks on waking."""
    commits = [n for n, what in enumerate(live(three_ticks(), stage).world.trace, 1) if what == "a commit is made"]
    stopped = (At(number, stop=100.0) for number in commits)
    caught = next(at for at in stopped if _repeats(live(three_ticks(), stage, at=at, parts=Parts(instance=Forgetful))))
    assert live(three_ticks(), stage, at=caught).findings == []


def _repeats(run: Run) -> bool:
    return any(one.startswith("P2: ") for one in run.findings)


@pytest.mark.long
def test_the_same_stories_break_nothing_in_a_whole_sentinel(stage: Stage) -> None:
    for chances in (Chances(slack=0.5), Chances(crash=0.03), Chances(portal=0.5)):
        assert findings(stage, stories(chances)) == []
    assert findings(stage, restless()) == []


def taken_in_hand(*shares: float) -> Story:
    """One site is bad in every tick, by these shares, and somebody acknowledges in the first."""
    ticks = [Tick(bad=bad(0, share=share)) for share in shares]
    return Story(
        seed=0,
        rule=sim_rule(),
        ticks=(replace(ticks[0], deed="ack"), *ticks[1:]),
        addresses=(SLACK,),
        remind_every=2 * STEP,
    )


def test_a_reminder_of_what_somebody_has_in_hand_is_seen(stage: Stage) -> None:
    story = taken_in_hand(*[0.3] * 6)
    sound = live(story, stage)
    assert sound.findings == [], sound.report
    assert "acknowledged" in [row.kind for row in sound.record.rows]
    with nagging():
        assert any("is reminded of" in one for one in findings(stage, iter([story])))


def test_an_acknowledgement_that_the_next_tick_undoes_is_seen(stage: Stage) -> None:
    story = taken_in_hand(0.07, 0.07, 0.3, 0.07)
    assert live(story, stage).findings == []
    with meddling():
        assert any("its story says otherwise" in one for one in findings(stage, iter([story])))


def test_a_ledger_that_is_no_part_of_its_tick_is_seen(stage: Stage) -> None:
    with entering_later():
        found = findings(stage, stories(CALM))
    assert any(one.startswith("P5: the ledger") for one in found)
