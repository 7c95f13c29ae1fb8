"""The kill matrix: `sentinel run` kills itself at each point of a tick, on each database, for each kind of channel.

Run: python -m benchmarks.killmatrix [--database sqlite|postgres] [--page FILE]

Prints what people got, cell by cell, and where that differs from what is promised; the exit code is 0 when nothing does.
`--page` runs nothing: it writes the page of the documentation that states what is promised.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from tests.e2e.kill_points import CHANNELS, GROUPS, NAMES, POINTS, STORES, Cell, differences, table
from tests.e2e.kill_run import run, theatre
from tests.fakes.postgres import running_postgres

PAGE = """# The kill matrix

What people get when the process is killed with `kill -9`, by the point at which it dies. In every row the real `sentinel
run` kills itself there, is started again and left alone until everything is told. Then the Slack workspace, the receiver
of webhooks and the mailbox, which kept what they accepted, are held against the database. The product has no fail points:
a program of the tests (`tests/e2e/killable.py`) wraps its functions and then runs the command line.

A cell says how often the channel got the step in question: the opening of an incident, and again the recovery of one.
In no cell is anything lost, told out of order, or told under a second key.

- **once**: one message.
- **once, 1 marked**: one message, but it says that it may repeat an earlier one: a webhook cannot be asked what it has.
- **twice, 1 marked**: a second post under the same `Idempotency-Key`, and it says that it may repeat an earlier one.
- **twice, one key**: a second copy of the mail under the same `Message-ID`, which mail systems can recognise.
- **three times**: the process was killed twice in a row at the worst moment; one repeat for each kill.
- **–**: the channel has no such point.

{table}

At `K6` to `K8` the three channels wait for each other, so that each death catches all three at the point.

```sh
python -m benchmarks.killmatrix          # run it and print what was seen
python -m pytest tests/e2e/test_kill_matrix.py
```

This page is written by `python -m benchmarks.killmatrix --page docs/reference/kill-matrix.md`; a test compares it with
the expectations that every run is held against.
"""


def main() -> int:
    """Read the arguments, run, print the table."""
    arguments = argparse.ArgumentParser(
        prog="python -m benchmarks.killmatrix", description=(__doc__ or "").splitlines()[0]
    )
    arguments.add_argument("--database", choices=STORES, help="only this one; both unless given")
    arguments.add_argument("--page", type=Path, help="write the page of the documentation there, and run nothing")
    given = arguments.parse_args()
    if given.page:
        given.page.write_text(page(), encoding="utf-8")
        return 0
    stores: tuple[str, ...] = (given.database,) if given.database else STORES
    cells: list[Cell] = []
    wrong: list[str] = []
    for store in stores:
        began = perf_counter()
        kills = 0
        for group in GROUPS:
            found, strays, died = _run(store, group)
            cells, wrong, kills = cells + found, [*wrong, *strays], kills + died
        print(f"{NAMES[store]}: killed {kills} times in {perf_counter() - began:.0f} s", flush=True)
    wrong += differences(cells)
    print(*_seen(cells, stores), *(wrong or ["nothing differs from what is promised"]), sep="\n")
    return 1 if wrong else 0


def page() -> str:
    """The page of the documentation."""
    return PAGE.format(table="\n".join(table()))


def _run(store: str, group: str) -> tuple[list[Cell], tuple[str, ...], int]:
    with tempfile.TemporaryDirectory(prefix="sentinel-matrix-") as name, _empty(store, Path(name)) as url:
        with theatre(store, url, Path(name)) as it:
            found = run(group, it)
        return found, it.strays, it.kills


def _seen(cells: list[Cell], stores: tuple[str, ...]) -> Iterator[str]:
    """What people got, in columns."""
    heads = [f"{NAMES[store]}, {NAMES[channel]}" for store in stores for channel in CHANNELS]
    yield f"{'':<16}" + "".join(f"{head:<22}" for head in heads)
    for point in POINTS:
        line = f"{point.name:<16}"
        for store in stores:
            for channel in CHANNELS:
                mine = [one for one in cells if (one.point, one.store, one.channel) == (point.name, store, channel)]
                words = dict.fromkeys(str(one.seen) for one in mine) if point.expected(channel) else ["–"]
                line += f"{' / '.join(words):<22}"
        yield line.rstrip()


@contextmanager
def _empty(store: str, folder: Path) -> Iterator[str]:
    if store == "sqlite":
        yield f"sqlite:///{folder / 'sentinel.db'}"
        return
    with running_postgres() as server:
        url = server.create()
        yield url
        server.drop(url)


if __name__ == "__main__":
    sys.exit(main())
