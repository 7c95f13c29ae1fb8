"""Kill `sentinel run` at random under load, and count what people were told twice or never.

Run: python -m benchmarks.soak [--minutes 1] [--seed 1] [--database sqlite|postgres]

36 sites in 6 countries go bad and recover at random, each site is an incident of its own, six Slack channels. The Portal
and Slack are simulated in this process and keep the truth; the program and the database are real. The exit code is 0
when nothing was lost and nothing repeated, else 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from sentinel.store.database import Database
from sentinel.store.migrations import upgrade
from tests.e2e.audit import Audit
from tests.e2e.chaos import Chaos
from tests.e2e.stage import stage
from tests.fakes.postgres import running_postgres

COUNTRIES, SITES_EACH = 6, 6
KINDS = ("sqlite", "postgres")


def main() -> int:
    """Read the arguments, run, print the table."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=1.0, help="how long to go on killing, per database")
    arguments.add_argument("--seed", type=int, default=1, help="of the dice that choose sites and moments")
    arguments.add_argument("--database", choices=KINDS, help="only this one; both unless given")
    given = arguments.parse_args()
    print(
        f"{'database':<10}{'kills':>7}{'seconds':>9}{'incidents':>11}{'messages':>10}{'lines':>7}{'lost':>6}{'repeated':>10}"
    )
    good = True
    for kind in [given.database] if given.database else KINDS:
        began = perf_counter()
        kills, found = soak(kind, given.minutes * 60.0, given.seed)
        print(
            f"{kind:<10}{kills:>7}{perf_counter() - began:>9.0f}{found.incidents:>11}{found.messages:>10}"
            f"{found.lines:>7}{len(found.lost):>6}{len(found.repeated):>10}",
            flush=True,
        )
        for line in (*found.lost, *found.repeated):
            print(f"  {line}")
        good = good and not found.lost and not found.repeated
    return 0 if good else 1


def soak(kind: str, seconds: float, seed: int) -> tuple[int, Audit]:
    """Kill for so long, then let it finish undisturbed. How often it was killed, and what was found."""
    with tempfile.TemporaryDirectory(prefix="sentinel-soak-") as name, _database(kind, Path(name)) as url:
        folder = Path(name)
        database = Database.open(url)
        with stage(folder, url, countries=COUNTRIES, each=SITES_EACH, rollup=False) as it, it.program() as program:
            it.slack.settings.history_lag_seconds = 0.3
            chaos = Chaos(it, program, random.Random(seed))  # noqa: S311  # no secret hangs on it
            until = perf_counter() + seconds
            while perf_counter() < until:
                chaos.kill_once()
            found = chaos.finish(database)
        database.close()
    return chaos.kills, found


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'sentinel.db'}"
        upgrade(url)
        yield url
        return
    with running_postgres() as server:
        url = server.create()
        upgrade(url)
        yield url
        server.drop(url)


if __name__ == "__main__":
    sys.exit(main())
