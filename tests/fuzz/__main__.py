"""`python -m tests.fuzz --minutes 10`: every test of random stories for as long as you like, with a new seed each round.

`python -m tests.fuzz tests/fuzz` is only the fuzzers.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import time

FACTOR = 10
FAILED = 1


def main() -> int:
    """Rounds until the time is over or one fails; the seed of that one repeats it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, help="one round with this seed")
    parser.add_argument("--factor", type=float, default=FACTOR, help="stories per round, times those of the checks")
    parser.add_argument("what", nargs="*", default=["tests"], help="tests, as pytest takes them")
    asked = parser.parse_args()
    until = time.perf_counter() + asked.minutes * 60
    rounds = 0
    while asked.seed is None or rounds == 0:
        seed = secrets.randbelow(2**32) if asked.seed is None else asked.seed
        if not _round(seed, asked.factor, asked.what):
            again = f"python -m tests.fuzz --seed {seed} --factor {asked.factor:g} {' '.join(asked.what)}"
            print(f"failed; to see it again: {again}")  # noqa: T201  # a command's words
            return FAILED
        rounds += 1
        if time.perf_counter() >= until:
            break
    print(f"{rounds} rounds, {asked.factor:g} times the stories of the checks each, and nothing found")  # noqa: T201
    return 0


def _round(seed: int, factor: float, what: list[str]) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--timeout", "0"]
    done = subprocess.run(  # noqa: S603  # our own tests
        [*command, "-m", "hypothesis", f"--hypothesis-seed={seed}", *what],
        env={**os.environ, "SENTINEL_TEST_FUZZ": f"{factor:g}"},
        check=False,
    )
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
