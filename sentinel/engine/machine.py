"""What Sentinel looks at in its machine: the clock, the disk, the file handles."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sentinel.clock import Clock
from sentinel.domain.rules import Severity
from sentinel.domain.selfcheck import Sighting, Symptom
from sentinel.domain.sentences import duration
from sentinel.engine import figures
from sentinel.engine.offload import offload
from sentinel.engine.schedule import JumpWatch

JUMPED_FOR = 600.0
"""Seconds for which a jump of the clock stays worth knowing."""

LOW_BYTES, LOW_SHARE, ENOUGH_BYTES = 500e6, 0.10, 10e9
"""A disk is low below the first, and below the second unless the third is still free: a tenth of a large disk is much."""

LAST_BYTES = 100e6
"""Below this much free space the next commits may fail."""

SLACK = 1.2
"""A low disk is well again only when so many times the limit is free; in between nothing changes."""

CRASH_WINDOW, MANY_CRASHES = 600.0, 3
"""So many starts without a proper end within so many seconds are a matter for people."""

PATIENT_FOR, PAUSE_STEP, LONGEST_PAUSE = 5, 0.5, 2.0
"""After so many crashes each further start waits so many seconds longer, up to the last. Container platforms and systemd
wait by themselves, and far longer."""

MANY_HANDLES = 0.8
"""Share of the permitted file handles from which on people are told."""


def handles() -> tuple[int, int] | None:
    """File handles in use and permitted; None where the machine does not tell."""
    try:
        used = len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 - one of them is this listing's
    except OSError:
        return None
    return used, resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@dataclass
class WallClock:
    """Whether the wall clock agrees with time itself. Over by itself."""

    clock: Clock
    host: str
    _jump: float = 0.0
    _jumped_at: float | None = None

    def __post_init__(self) -> None:
        self._watch = JumpWatch(self.clock)
        self._watch.check()

    async def __call__(self) -> Iterable[Sighting]:
        steady, jump = self.clock.monotonic(), self._watch.check()
        if jump:
            self._jump, self._jumped_at = jump, steady
        lately = self._jumped_at is not None and steady - self._jumped_at < JUMPED_FOR
        return (Sighting(rule="sentinel/clock", symptoms=(self._symptom(),) if lately else ()),)

    def _symptom(self) -> Symptom:
        by = duration(abs(self._jump))
        what = f"was set back by {by}" if self._jump < 0 else f"jumped forward by {by}, or the machine slept"
        return Symptom(
            rule="sentinel/clock",
            subject=self.host,
            summary=f"The clock of {self.host} jumped",
            detail=f"The clock {what}. Polling went on by the steady clock; times of that moment may look odd.",
            hint="Check the time service (NTP) of the machine.",
        )


@dataclass
class Disk:
    """How much room is left where a SQLite file lies. `folder` None: there is no file of ours."""

    folder: Path | None

    async def __call__(self) -> Iterable[Sighting]:
        folder = self.folder
        if folder is None:
            return (Sighting(rule="sentinel/disk"),)
        try:
            usage = await offload(lambda: shutil.disk_usage(folder))
        except OSError:
            return (Sighting(rule="sentinel/disk", unknown=frozenset({str(folder)})),)
        figures.DISK_FREE.set(usage.free / usage.total)
        return (disk_sighting(str(folder), usage.free, usage.total),)


def disk_sighting(folder: str, free: float, total: float) -> Sighting:
    """What so many free bytes of so many mean."""
    limit = max(LOW_BYTES, min(LOW_SHARE * total, ENOUGH_BYTES))
    if free >= limit * SLACK:
        return Sighting(rule="sentinel/disk")
    if free >= limit:
        return Sighting(rule="sentinel/disk", unknown=frozenset({folder}))
    symptom = Symptom(
        rule="sentinel/disk",
        subject=folder,
        summary="The disk of the database is nearly full",
        detail=f"{_bytes(free)} of {_bytes(total)} are free in {folder}",
        hint="Make room, or lower SENTINEL_RETENTION_DAYS. A full disk stops recording, and with it telling.",
        severity=Severity.CRITICAL if free < LAST_BYTES else Severity.WARNING,
    )
    return Sighting(rule="sentinel/disk", symptoms=(symptom,))


def _bytes(amount: float) -> str:
    """Two digits are enough, and do not move with every commit."""
    return f"{amount / 1e9:.1f} GB" if amount >= 1e9 else f"{round(amount / 1e7) * 10} MB"  # noqa: PLR2004 - a GB


@dataclass
class Handles:
    """How many of the file handles that the process may have are in use. `count` None: this machine does not tell."""

    host: str
    count: Callable[[], tuple[int, int] | None] = handles

    async def __call__(self) -> Iterable[Sighting]:
        counted_now = self.count()
        if counted_now is None:
            return ()
        used, allowed = counted_now
        figures.OPEN_FILES.set(used)
        if used < MANY_HANDLES * allowed:
            return (Sighting(rule="sentinel/handles"),)
        return (Sighting(rule="sentinel/handles", symptoms=(self._symptom(used, allowed),)),)

    def _symptom(self, used: int, allowed: int) -> Symptom:
        return Symptom(
            rule="sentinel/handles",
            subject=self.host,
            summary="Sentinel runs out of file handles",
            detail=f"{used} of {allowed} are in use; without a free one nothing can be asked or told",
            hint="Raise the limit (ulimit -n, LimitNOFILE=). If the number only grows, report it and restart Sentinel.",
            severity=Severity.CRITICAL,
        )


@dataclass(frozen=True)
class Restarts:
    """Whether this program keeps dying here. `crashes` are the starts of late that came to no proper end (Unix seconds)."""

    clock: Clock
    host: str
    crashes: tuple[float, ...]

    async def __call__(self) -> Iterable[Sighting]:
        lately = recent(self.crashes, self.clock.now())
        figures.CRASHES.set(len(lately))
        symptoms = (self._symptom(len(lately)),) if len(lately) >= MANY_CRASHES else ()
        return (Sighting(rule="sentinel/restarts", symptoms=symptoms),)

    def _symptom(self, number: int) -> Symptom:
        return Symptom(
            rule="sentinel/restarts",
            subject=self.host,
            summary=f"Sentinel keeps dying on {self.host}",
            detail=f"{number} starts within {duration(CRASH_WINDOW)} came to no proper end",
            hint="Look at the end of its log before each start, and whether the machine kills it for want of memory.",
        )


def recent(crashes: Iterable[float], at: float) -> tuple[float, ...]:
    """Those that still count."""
    return tuple(one for one in crashes if at - CRASH_WINDOW <= one)


def pause_after(crashes: int) -> float:
    """Seconds that a start waits: a little longer each time, and short, since whoever is down tells nobody anything."""
    return min(LONGEST_PAUSE, max(0, crashes - PATIENT_FOR) * PAUSE_STEP)
