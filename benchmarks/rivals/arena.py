"""One run: the truth, the receivers, the systems, and somebody who kills them, all at the same time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks.rivals import alertmanager, icinga
from benchmarks.rivals.alertmanager import Alertmanager, Feeder
from benchmarks.rivals.count import Count, count
from benchmarks.rivals.episodes import Truth
from benchmarks.rivals.icinga import Checker, Icinga
from benchmarks.rivals.ours import Ours, ours
from benchmarks.rivals.ours import reader as read_ours
from benchmarks.rivals.receiver import Receiver, listening

EVERY = 2.0
"""Seconds between two polls of Sentinel, and between two evaluations of the Prometheus that is played."""

BETWEEN_KILLS = (10.0, 30.0)
QUIET = 25.0
"""So long nothing must have reached any receiver before the run is over."""

DRAIN = 240.0
"""Seconds after the last episode at the most."""

SENTINEL = "Sentinel"
ALERTMANAGERS = {
    "Alertmanager": (),
    "Alertmanager, snapshots every 5 s": ("--data.maintenance-interval=5s",),
}
ICINGA = "Icinga 2"


def installed() -> tuple[str, ...]:
    """The rivals that this machine has."""
    return (*(ALERTMANAGERS if alertmanager.program() else ()), *((ICINGA,) if icinga.program() else ()))


class Contestant(Protocol):
    """A system that can be started again after it was killed."""

    def start(self) -> None:
        """Start it on what it left behind."""

    def kill(self) -> None:
        """SIGKILL."""

    def stop(self) -> None:
        """SIGTERM."""


@dataclass(frozen=True, slots=True)
class Torture:
    """What is done besides the receiver's dice. `outage`: from when to when the receiver answers 503, in seconds."""

    name: str
    kills: tuple[float, ...] = ()
    outage: tuple[float, float] | None = None
    dice: bool = True


def kill_times(seed: int, seconds: float) -> tuple[float, ...]:
    """Random moments, the same for everybody."""
    dice = random.Random(f"{seed}/kills")  # noqa: S311  # no secret hangs on it
    found: list[float] = []
    at = dice.uniform(*BETWEEN_KILLS)
    while at < seconds:
        found.append(at)
        at += dice.uniform(*BETWEEN_KILLS)
    return tuple(found)


@dataclass
class Arena:
    """Everybody of one run. Instants are seconds since the beginning. `enough` ends it before its time."""

    truth: Truth
    seed: int
    folder: Path
    rivals: Sequence[str]
    quiet: float = QUIET
    enough: Callable[[], bool] = lambda: False
    receivers: dict[str, Receiver] = field(default_factory=dict)
    contestants: dict[str, Contestant] = field(default_factory=dict)
    began: float = 0.0
    kills: int = 0

    def now(self) -> float:
        """Seconds since the beginning."""
        return time.time() - self.began  # noqa: TID251  # benchmarks measure real time

    def run(self, torture: Torture, seconds: float) -> dict[str, Count]:
        """Let everything happen; what came of it, by system."""
        with self._everybody(torture) as sentinel:
            self._torture(torture, seconds)
            self._drain(sentinel, seconds)
            for one in self.contestants.values():
                one.stop()
        return {name: count(self.truth, one.accepted, self.kills) for name, one in self.receivers.items()}

    @contextmanager
    def _everybody(self, torture: Torture) -> Iterator[Ours]:
        started: Callable[[], float] = lambda: self.began  # noqa: E731  # a name for what is read later
        readers = {SENTINEL: read_ours(self.truth, started)}
        for name in self.rivals:
            readers[name] = (icinga if name == ICINGA else alertmanager).reader(self.truth, started)
        for name, read in readers.items():
            self.receivers[name] = Receiver(self.seed, read, self.now, dice=torture.dice)
        with ExitStack() as stack:
            stack.enter_context(listening(list(self.receivers.values())))
            hook = self.receivers[SENTINEL].url
            sentinel = stack.enter_context(ours(self.folder / "sentinel", self.truth, started, hook))
            self.contestants = {SENTINEL: sentinel, **{name: self._rival(name) for name in self.rivals}}
            self.began = time.time()  # noqa: TID251  # as above
            for contestant in self.contestants.values():
                stack.callback(contestant.kill)
                contestant.start()
            for feeder in self._feeders():
                feeder.start()
                stack.callback(feeder.stop)
            yield sentinel

    def _rival(self, name: str) -> Alertmanager | Icinga:
        folder, url = self.folder / f"rival{self.rivals.index(name)}", self.receivers[name].url
        if name == ICINGA:
            return Icinga(folder, url, self.truth.sites)
        return Alertmanager(folder, url, ALERTMANAGERS[name])

    def _feeders(self) -> list[Feeder | Checker]:
        """Those who tell the rivals what is bad."""
        found: list[Feeder | Checker] = []
        for rival in self.contestants.values():
            if isinstance(rival, Alertmanager):
                found.append(Feeder(self.truth, self.began, EVERY, rival))
            if isinstance(rival, Icinga):
                found.append(Checker(self.truth, self.began, EVERY, rival))
        return found

    def _torture(self, torture: Torture, seconds: float) -> None:
        """Kill everybody at the chosen moments, take the receivers down and up, until the episodes are over."""
        left = list(torture.kills)
        while self.now() < seconds and not self.enough():
            for one in self.receivers.values():
                one.down = torture.outage is not None and torture.outage[0] <= self.now() < torture.outage[1]
            if left and self.now() >= left[0]:
                left.pop(0)
                self.kills += 1
                for contestant in self.contestants.values():
                    contestant.kill()
                    contestant.start()
            time.sleep(0.05)

    def _drain(self, sentinel: Ours, seconds: float) -> None:
        """Wait until all is told and nothing comes any more."""
        answered, since = -1, self.now()
        while self.now() < seconds + DRAIN:
            total = sum(sum(one.answers.values()) for one in self.receivers.values())
            if total != answered:
                answered, since = total, self.now()
            if self.now() - since > self.quiet and sentinel.settled():
                return
            time.sleep(0.5)
