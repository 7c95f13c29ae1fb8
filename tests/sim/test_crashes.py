"""Crash at every step of a fixed story; random mishaps by seed. Nothing is lost, repeated or out of order."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sentinel.domain.hierarchy import Node
from tests.sim.invariants import broken, outcome
from tests.sim.world import SITES, Chances, World, run

SEEDS = 24
LANES = 4


def sites(*numbers: int) -> Mapping[Node, float]:
    """All sites with a figure, these of them bad."""
    return {site: 50.0 if n in numbers else 0.0 for n, site in enumerate(SITES)}


STORY = [sites(), sites(0), sites(0, 1, 2), None, sites(0, 1, 2, 3, 4, 5), sites(3), sites(), sites()]


@pytest.fixture
def fresh(migrated_sqlite: Path, tmp_path: Path) -> Callable[[], str]:
    """Makes URLs of new databases."""
    count = iter(range(1_000_000))

    def make() -> str:
        path = tmp_path / f"{next(count)}.db"
        shutil.copyfile(migrated_sqlite, path)
        return f"sqlite:///{path}"

    return make


def test_the_story_without_mishaps(fresh: Callable[[], str]) -> None:
    world = run(World(fresh()), STORY)
    assert broken(world) == []
    assert world.crashes == 0
    assert [one.kind.value for one in world.posted][:3] == ["degraded", "widened", "widened"]


@pytest.mark.promise("P1", "P2", "P3", "P5")
@pytest.mark.parametrize("first", range(1, LANES + 1))
def test_a_crash_at_any_step_changes_nothing_that_people_know(fresh: Callable[[], str], first: int) -> None:
    """As SQLite tests itself: fail at step 1, 2, 3 ... until the story ends without reaching the step.

    In lanes, so that several processes can share the steps.
    """
    expected = outcome(run(World(fresh()), STORY))
    number, survived = first, False
    while not survived:
        world = run(World(fresh(), crash_at=number), STORY)
        survived = world.crashes == 0
        assert broken(world) == [], "\n".join(world.story)
        if not survived:
            assert [one[1:] for one in outcome(world)] == [one[1:] for one in expected], "\n".join(world.story)
        number += LANES
    assert number > 80


def test_the_invariants_see_what_a_program_without_look_ups_would_repeat(fresh: Callable[[], str]) -> None:
    chances = Chances(lost_answer=0.5)
    found = [sentence for seed in range(3) for sentence in broken(play(fresh(), seed, chances=chances, deaf=True))]
    assert any("accepted 2 times" in sentence for sentence in found)


@pytest.mark.promise("P1", "P2", "P3", "P5")
@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_mishaps_lose_and_repeat_nothing(fresh: Callable[[], str], seed: int) -> None:
    world = play(fresh(), seed)
    assert broken(world) == [], f"seed {seed}\n" + "\n".join(world.story)


def play(url: str, seed: int, *, chances: Chances | None = None, deaf: bool = False) -> World:
    """A random story with random mishaps; the same for the same seed."""
    dice = random.Random(seed)
    readings: list[Mapping[Node, float] | None] = []
    bad: set[int] = set()
    for _ in range(dice.randint(5, 15)):
        bad ^= {n for n in range(len(SITES)) if dice.random() < 0.25}
        readings.append(None if dice.random() < 0.15 else sites(*bad))
    readings += [sites(), sites()]
    chances = chances or Chances(
        crash=dice.choice([0, 0.01, 0.05]),
        lost_answer=dice.choice([0, 0.1, 0.4]),
        refused_for_now=dice.choice([0, 0.2]),
        store_busy=dice.choice([0, 0.02, 0.1]),
        blind_lookup=dice.choice([0, 0.3]),
    )
    return run(World(url, seed=seed, chances=chances, deaf=deaf), readings)
