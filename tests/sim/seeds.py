"""Runs of seeds: each a world of its own, judged by the invariants."""

from __future__ import annotations

from dataclasses import dataclass, field

from sentinel.store.addresses import place_of
from sentinel.store.database import Database
from tests.sim.invariants import broken
from tests.sim.program import Parts
from tests.sim.record import Record
from tests.sim.story import Story, random_story
from tests.sim.world import At, Stage, World


@dataclass(frozen=True)
class Run:
    """A world after its end. `findings` are the promises that it broke."""

    world: World
    record: Record
    findings: list[str] = field(default_factory=list)

    @property
    def report(self) -> str:
        """The story as numbered steps, what is wrong, and how to see it again."""
        seed = self.world.story.seed
        lines = [f"seed {seed}", *self.world.notes, "", *self.findings, "", f"again: python -m tests.sim {seed}"]
        return "\n".join(lines)


def live(story: Story, stage: Stage, *, at: At | None = None, parts: Parts | None = None) -> Run:
    """Live a story and judge what it left behind."""
    world = World(story, stage, at=at, parts=parts).run()
    reader = Database(place_of(f"sqlite:///{world.path}"), stage.shelf.engine("reader"), read_only=False)
    record = Record.of(world.path, reader, world.true_now(), story.rulebook)
    reader.close()
    return Run(world, record, broken(world, record))


def run_seed(seed: int, stage: Stage, *, parts: Parts | None = None) -> Run:
    """The random story of that seed."""
    return live(random_story(seed), stage, parts=parts)
