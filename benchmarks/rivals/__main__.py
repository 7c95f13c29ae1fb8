"""Sentinel, Alertmanager and Icinga 2 under the same torture: what each of them lost, repeated, and told late.

Run: python -m benchmarks.rivals [--minutes 5] [--seed 1] [--sites 20] [--only calm|kills|outage]

Three runs of so many minutes each, then as long as it takes until nothing comes any more. In each run all systems work at
the same time on the same episodes: sites of one service that go bad and recover. Each has a receiver of webhooks of its own
that throws the same dice for the same notice: 5 % are answered 429, 3 % are accepted and never answered, 2 % are answered
500. `calm` has nothing but that, `kills` also kills every system with SIGKILL at the same random moments and starts it
again at once, in `outage` the receivers answer nothing but 503 for a third of the time.

The others come from Debian: apt-get install -y --no-install-recommends prometheus-alertmanager icinga2-bin curl; what is
not installed is left out. Everything listens on 127.0.0.1 and writes to a temporary directory. The exit code is 1 when Sentinel lost a notice
or repeated one unmarked.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.rivals import alertmanager, icinga
from benchmarks.rivals.arena import SENTINEL, Arena, Torture, installed, kill_times
from benchmarks.rivals.count import summary, table
from benchmarks.rivals.episodes import truth
from sentinel import __version__

NAMES = ("calm", "kills", "outage")


def main() -> int:
    """Read the arguments, run, print the tables."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.rivals", description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=5.0, help="of each run, at most 60")
    arguments.add_argument("--seed", type=int, default=1, help="of the episodes, the dice and the moments of the kills")
    arguments.add_argument("--sites", type=int, default=20)
    arguments.add_argument("--only", choices=NAMES, help="one run instead of all three")
    given = arguments.parse_args()
    rivals = installed()
    for rival in (alertmanager, icinga):
        if rival.program() is None:
            print(f"not installed: {rival.INSTALL}", file=sys.stderr)
    if not rivals:
        return 2
    seconds = min(given.minutes, 60.0) * 60.0
    today = datetime.now(UTC)  # noqa: TID251  # the date of the run
    print(
        f"{today:%Y-%m-%d}, Sentinel {__version__} (SQLite), "
        + "".join(f"{one.NAME} {one.version()}, " for one in (alertmanager, icinga) if one.program())
        + f"{os.cpu_count()} processors, {given.minutes:g} minutes each, {given.sites} sites, seed {given.seed}",
        flush=True,
    )
    runs = {}
    for name in [given.only] if given.only else NAMES:
        with tempfile.TemporaryDirectory(prefix="sentinel-rivals-") as folder:
            arena = Arena(truth(given.seed, seconds, given.sites), given.seed, Path(folder), rivals)
            found = runs[name] = arena.run(_torture(name, given.seed, seconds), seconds)
        print(f"\n{name}: {len(arena.truth.episodes)} episodes\n")
        print(*table(list(found.items())), sep="\n")
        for system, receiver in arena.receivers.items():
            print(f"  {system}: answers {dict(sorted(receiver.answers.items()))}", flush=True)
    print("", *summary(runs), sep="\n")
    return 1 if any(found[SENTINEL].lost or found[SENTINEL].repeated for found in runs.values()) else 0


def _torture(name: str, seed: int, seconds: float) -> Torture:
    return {
        "calm": Torture("calm"),
        "kills": Torture("kills", kills=kill_times(seed, seconds)),
        "outage": Torture("outage", outage=(seconds / 3, 2 * seconds / 3)),
    }[name]


if __name__ == "__main__":
    sys.exit(main())
