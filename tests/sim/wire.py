"""What may become of a request: it goes out or not, is taken or not, and the answer comes back or does not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tests.sim.loop import RUNNING, Crash

if TYPE_CHECKING:
    from tests.sim.world import World

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one request. `error`: what the caller gets instead of the answer. `silent`: nothing ever comes.

    `instead`: an answer of another kind, such as a status; what was asked is done when `taken`. `out` and `back` are
    the seconds that request and answer are under way.
    """

    word: str = ""
    taken: bool = True
    silent: bool = False
    error: Exception | None = None
    instead: object = None
    out: float = 0.05
    back: float = 0.05


async def exchange(world: World, what: str, fate: Fate, act: Callable[[], T]) -> T:
    """One request and its answer. Three numbered steps: before it goes out, when it arrived, when the answer is here.

    What arrived stays arrived, whatever becomes of the process that sent it.

    Raises:
        Crash: the process has ended.
        Exception: as the fate says.
    """
    process = RUNNING.get()
    assert process is not None, "only a process speaks to the outside"
    checked = world.loop.time()
    world.step(process, f"{what} is about to go out")
    await asyncio.sleep(0)  # a process that is stopped now sends when it wakes up
    if process.dead:
        raise Crash
    future: asyncio.Future[T] = world.loop.create_future()

    def back(result: T) -> None:
        if future.done():
            return
        if fate.error is not None:
            future.set_exception(fate.error)
        else:
            future.set_result(result if fate.instead is None else fate.instead)  # type: ignore[arg-type]

    def arrive() -> None:
        world.held_up = world.loop.time() - checked
        result = act() if fate.taken else None
        world.note(process, f"{what}: {'taken' if fate.taken else 'not taken'}{f', {fate.word}' if fate.word else ''}")
        world.step(process, f"{what} has arrived", outside=True)
        if not fate.silent:
            world.loop.call_later(fate.back, back, result, context=world.context)

    world.loop.call_later(fate.out, arrive, context=world.context)
    answer = await future
    world.step(process, f"the answer to {what} is here")
    return answer


def under_way(dice: random.Random) -> float:
    """Seconds that something is under way: mostly little, now and then long enough to be overtaken."""
    return dice.choice((0.02, 0.05, 0.1, 0.3)) if dice.random() < 0.93 else dice.uniform(1.0, 6.0)
