"""`python -m tests.fuzz --minutes 10`: tests of random stories for as long as you like, a file and a new seed each round.

`python -m tests.fuzz tests/fuzz` is only the fuzzers.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import subprocess
import sys
import time

FACTOR = 10
FAILED = 1
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "hypothesis"]


def main() -> int:
    """Rounds until the time is over or one fails; the seed and the file of that one repeat it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, help="each file once with this seed")
    parser.add_argument("--factor", type=float, default=FACTOR, help="stories per round, times those of the checks")
    parser.add_argument("what", nargs="*", default=["tests"], help="tests, as pytest takes them")
    asked = parser.parse_args()
    files = _files(asked.what)
    until = time.perf_counter() + asked.minutes * 60
    rounds = 0
    while asked.seed is None or rounds < len(files):
        if rounds % len(files) == 0:
            random.shuffle(files)
        file = files[rounds % len(files)]
        seed = secrets.randbelow(2**32) if asked.seed is None else asked.seed
        if not _round(seed, asked.factor, file):
            print(f"failed; to see it again: python -m tests.fuzz --seed {seed} --factor {asked.factor:g} {file}")
            return FAILED
        rounds += 1
        if asked.seed is None and time.perf_counter() >= until:
            break
    print(f"{rounds} rounds over {len(files)} files, {asked.factor:g} times the stories of the checks, nothing found")
    return 0


def _files(what: list[str]) -> list[str]:
    """The files that tell random stories."""
    listed = subprocess.run(  # noqa: S603  # our own tests
        [*PYTEST, "--collect-only", *what], capture_output=True, text=True, check=False
    )
    found = sorted({line.split("::")[0] for line in listed.stdout.splitlines() if "::" in line})
    if not found:
        sys.exit(f"no random stories in {' '.join(what)}\n{listed.stdout}{listed.stderr}")
    return found


def _round(seed: int, factor: float, file: str) -> bool:
    done = subprocess.run(  # noqa: S603  # our own tests
        [*PYTEST, "-x", "--timeout", "0", f"--hypothesis-seed={seed}", file],
        env={**os.environ, "SENTINEL_TEST_FUZZ": f"{factor:g}"},
        check=False,
    )
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
