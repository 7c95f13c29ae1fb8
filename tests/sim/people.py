"""Somebody at a terminal beside the machines: a process of its own, which may die as any other, and what it was told."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sentinel.domain.requests import Answer, Deed, Outcome, Request
from sentinel.engine.commands import carry_out
from sentinel.engine.offload import offload
from sentinel.errors import StoreError
from sentinel.store import silences
from tests.domain.polls import START, a_silence
from tests.sim.loop import Crash, Process
from tests.sim.store import SimDatabase
from tests.sim.story import STEP

if TYPE_CHECKING:
    from tests.sim.world import World

_OPEN = """
    SELECT id FROM incidents WHERE resolved_at IS NULL AND service IS NOT NULL ORDER BY opened_at, id LIMIT 1
"""
_WAITING = "SELECT count(*) FROM requests WHERE answered_at IS NULL"
_ANSWERS = "SELECT key, outcome, deed, text FROM requests"
_IN_HAND = "SELECT id, acknowledged_by FROM incidents"
_STEPS = "SELECT incident, kind, text FROM events ORDER BY incident, step, id"


@dataclass(frozen=True)
class TrueClock:
    """A terminal's clock is right."""

    world: World

    def now(self) -> float:
        return round(self.world.true_now(), 3)

    def monotonic(self) -> float:
        return self.world.loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class People:
    """What they did in a world. `said`: by the key of a request what its command said was done."""

    world: World
    said: dict[str, Answer] = field(default_factory=dict)
    acting: list[asyncio.Task[None]] = field(default_factory=list)

    def act(self, number: int, deed: str) -> None:
        """Somewhen in this tick somebody does something about the oldest open incident."""
        self.acting.append(self.world.loop.create_task(self._act(number, Deed(deed))))

    def silence(self, number: int, glob: str, lasts: float) -> None:
        """Somewhen in this tick somebody silences these nodes."""
        self.acting.append(self.world.loop.create_task(self._silence(number, glob, lasts)))

    async def _silence(self, number: int, glob: str, lasts: float) -> None:
        world, dice = self.world, random.Random(f"silence {self.world.story.seed} {number}")
        await asyncio.sleep(dice.uniform(2.0, STEP - 5.0))
        process = Process("terminal")
        since = round(world.true_now() - START, 3)
        wanted = a_silence(since, since + lasts, name=f"sl-{number}", node=glob)
        world.note(process, f"{glob} is silenced for {lasts:.0f} s")

        async def command() -> None:
            db = SimDatabase(world, process, world.shelf.engine("terminal"))
            await offload(lambda: silences.add(db, wanted))

        main = world.loop.start(process, command())
        try:
            await main
        except Crash:
            world.note(process, "the command was killed")
        except StoreError as broken:
            world.note(process, f"the command failed: {broken.message}")
        finally:
            process.dead = True
            await world.loop.bury(process)

    async def over(self) -> None:
        """Wait until nobody does anything any more."""
        await asyncio.gather(*self.acting)

    async def _act(self, number: int, deed: Deed) -> None:
        world, dice = self.world, random.Random(f"people {self.world.story.seed} {number}")
        await asyncio.sleep(dice.uniform(2.0, STEP - 5.0))
        incident = _one(world, _OPEN)
        if incident is None:
            return
        process = Process("terminal")
        key = f"request {number}"
        text = key if deed is Deed.NOTE else ""
        wanted = Request(
            key=key, deed=deed, incident=incident, by=dice.choice(("ana", "ben")), at=world.true_now(), text=text
        )
        world.note(process, f"{wanted.by} gives the command {deed.value}")
        main = world.loop.start(process, self._command(process, wanted))
        try:
            await main
        except Crash:
            world.note(process, "the command was killed")
        except StoreError as broken:
            world.note(process, f"the command failed: {broken.message}")
        finally:
            process.dead = True
            await world.loop.bury(process)

    async def _command(self, process: Process, wanted: Request) -> None:
        world = self.world
        db = SimDatabase(world, process, world.shelf.engine("terminal"))
        answer = await carry_out(db, wanted, TrueClock(world))
        world.step(process, "a command says what became of it")
        world.note(process, answer.text if answer is not None else "it is written down")
        if answer is not None:
            self.said[wanted.key] = answer

    def waiting(self) -> int:
        """How much is written down and not done."""
        return int(_one(self.world, _WAITING) or 0)

    def broken(self) -> Iterator[str]:
        """Every promise about what people do that the run broke."""
        with sqlite3.connect(f"file:{self.world.path}?mode=ro", uri=True) as connection:
            answers = {key: (outcome, deed, text) for key, outcome, deed, text in connection.execute(_ANSWERS)}
            steps = connection.execute(_STEPS).fetchall()
            in_hand = dict(connection.execute(_IN_HAND).fetchall())
        connection.close()
        for key, answer in self.said.items():
            if answers.get(key, ("nothing",))[0] != answer.outcome.value:
                yield f"P1: {key} was said to be {answer.outcome.value}, and the record has {answers.get(key)}"
        notes = Counter(text.split(": ", 1)[1] for _, kind, text in steps if kind == "note")
        for key, (outcome, deed, text) in answers.items():
            wanted = int(deed == Deed.NOTE.value and outcome == Outcome.DONE.value)
            if text and notes[text] != wanted:
                yield f"P2: {key} is {outcome}, and its note stands there {notes[text]} times"
        yield from _taken(steps, in_hand)


def _taken(steps: list[tuple[str, str, str]], in_hand: Mapping[str, str | None]) -> Iterator[str]:
    """Nobody is reminded of what somebody has in hand, and it stays in hand until it is given back or over.

    `steps` are those of each incident, in order.
    """
    taken: dict[str, bool] = {}
    for incident, kind, _ in steps:
        if kind in ("acknowledged", "unacknowledged"):
            taken[incident] = kind == "acknowledged"
        elif kind == "reopened":
            taken.pop(incident, None)  # out of a lull it stays taken, which asks for less
        elif kind == "reminder" and taken.get(incident):
            yield f"P2: {incident} is reminded of, and somebody has acknowledged it"
    for incident, is_taken in taken.items():
        if is_taken != (in_hand[incident] is not None):
            yield f"P5: {incident} is in the hands of {in_hand[incident]}, and its story says otherwise"


def _one(world: World, select: str) -> str | None:
    with sqlite3.connect(f"file:{world.path}?mode=ro", uri=True) as connection:
        row = connection.execute(select).fetchone()
    connection.close()
    return None if row is None else str(row[0])
