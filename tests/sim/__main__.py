"""Run seeds by hand, or very many of them: `python -m tests.sim --count 100000 --jobs 2`, `python -m tests.sim 4711`.

A range may be taken up again: `--first 40000 --count 60000`. The exit code is 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache

from tests.sim.seeds import run_seed
from tests.sim.world import Stage

CHUNK = 50
"""Seeds that a process takes at once."""

SHOWN = 5
"""Stories of failed seeds that are printed in full."""


@cache
def _stage() -> Stage:
    """One for each process. What the modules hold stays: looking through it for garbage took a sixth of a run."""
    gc.collect()
    gc.freeze()
    return Stage()


def _chunk(seeds: range) -> tuple[int, list[tuple[int, str]]]:
    """How many seeds were run, and the reports of those that broke a promise."""
    broken = []
    for seed in seeds:
        try:
            run = run_seed(seed, _stage())
        except Exception as error:  # noqa: BLE001  # one broken seed must not hide the others
            broken.append((seed, f"seed {seed} broke the simulation: {error!r}\nagain: python -m tests.sim {seed}"))
            continue
        if run.findings:
            broken.append((seed, run.report))
    return len(seeds), broken


def _chunks(first: int, count: int) -> Iterator[range]:
    for start in range(first, first + count, CHUNK):
        yield range(start, min(start + CHUNK, first + count))


def many(first: int, count: int, jobs: int) -> int:
    """Run a range of seeds and say how it goes; the exit code."""
    began, done, failed = time.perf_counter(), 0, []
    with ProcessPoolExecutor(jobs) as pool:
        for number, broken in pool.map(_chunk, _chunks(first, count)):
            done += number
            for seed, report in broken:
                failed.append(seed)
                if len(failed) <= SHOWN:
                    print(f"\n{report}\n", flush=True)
            if done % (20 * CHUNK) == 0 or done == count:
                rate = done / (time.perf_counter() - began)
                print(f"{done:,} of {count:,} seeds, {len(failed)} broke a promise, {rate:.1f} a second", flush=True)
    if failed:
        print(f"FAILED: {' '.join(map(str, failed))}\nagain: python -m tests.sim {failed[0]}")
    return 1 if failed else 0


def some(seeds: Sequence[int], *, story: bool) -> int:
    """Run these seeds and tell their stories; the exit code."""
    worst = 0
    for seed in seeds:
        run = run_seed(seed, _stage())
        worst = max(worst, len(run.findings))
        if story or run.findings or len(seeds) == 1:
            print(run.report)
        else:
            print(f"seed {seed}: all promises kept")
    _stage().close()
    return 1 if worst else 0


def main() -> int:
    """As the module says."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("seed", nargs="*", type=int, help="tell the story of these seeds")
    parser.add_argument("--story", action="store_true", help="also where no promise was broken")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    if given.seed:
        return some(given.seed, story=given.story)
    return many(given.first, given.count, given.jobs)


if __name__ == "__main__":
    sys.exit(main())
