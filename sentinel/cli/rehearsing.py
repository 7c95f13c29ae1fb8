"""Tests played one after the other, or by several processes where that is quicker; results in the order of the files."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from sentinel.config.rule_test_loader import RuleTests, load_tests
from sentinel.domain.rehearsal_verdict import Outcome, judge

Chosen = tuple[int, int]
"""A file and a test of it, by number."""

PAYS_FROM = 20_000
"""Ticks: a process takes half a second to start, and plays some 10,000 ticks in a second (benchmarks/rehearsing.py)."""

FIGURES_A_TICK = 2_000
"""So many figures take as long as the tick itself."""


def play(files: Sequence[RuleTests], chosen: Sequence[Chosen], jobs: int | None) -> Iterator[Outcome]:
    """The outcomes of the chosen tests, in their order. `jobs` None: as many processes as it pays."""
    count = min(len(chosen), jobs or _worth(files, chosen))
    if count <= 1:
        yield from (judge(files[file].tests[number]) for file, number in chosen)
        return
    tasks = [(files[file].file, number) for file, number in chosen]
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_quietly)
    try:
        yield from pool.map(_played, tasks, chunksize=max(1, len(tasks) // (8 * count)))
    finally:
        pool.shutdown(cancel_futures=True)


def _worth(files: Sequence[RuleTests], chosen: Sequence[Chosen]) -> int:
    ticks = 0.0
    for file, number in chosen:
        played = files[file].tests[number].rehearsal
        ticks += played.polls * len(played.sheets) + played.size / FIGURES_A_TICK
    return len(os.sched_getaffinity(0)) if ticks >= PAYS_FROM else 1


def _quietly() -> None:
    """Ctrl-C ends a process that plays without a word: the one that started it says what there is to say."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@cache
def _file(path: str) -> RuleTests:
    return load_tests(Path(path))


def _played(task: tuple[str, int]) -> Outcome:
    path, number = task
    return judge(_file(path).tests[number])
