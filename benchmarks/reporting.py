"""A year of ledgers and the report on it, against a bare SELECT of the same rows; and how much a ledger grows in a day.

Run: python -m benchmarks.reporting [--services N] [--nodes N] [--days N]

With SENTINEL_TEST_PG_URL, or where the embedded server of the tests can start, on Postgres as well.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np
from sqlalchemy import insert, select

from sentinel.config.loader import load
from sentinel.domain.hierarchy import Node
from sentinel.history.sla import report
from sentinel.store import ledger_tables as tables
from sentinel.store.database import Database
from sentinel.store.digests import digest
from sentinel.store.migrations import upgrade
from tests.fakes.postgres import running_postgres

DAY, STEP = 86400, 600
BEGIN = 1_767_225_600  # 2026-01-01T00:00:00Z
EPISODES = 0.05
"""Bad times of a node per day, and unknown ones half as often: every site is bad for a while about every three weeks."""

RULES = """
[defaults]
timezone = "Europe/Zurich"

[[source]]
name = "portal"
url = "https://portal.example.com"

[[calendar]]
name = "office"
days = ["mon-fri"]
from = "07:00"
to = "19:00"
holidays = "CH"

[[maintenance]]
name = "patching"
node = "Region 1"
days = ["sun"]
from = "02:00"
to = "05:00"

[[sla]]
id = "sites"
service = "*"
hierarchy = "Location"
level = "Site"
good = "devices_with_errors / devices <= 10%"
objective = "99.5%"
period = "year"
"""


def sites(count: int) -> list[Node]:
    """Ten regions of countries of sites."""
    return [(f"Region {n % 10}", f"Country {n % 60}", f"Site {n}") for n in range(count)]


def runs(nodes: int, days: int, seed: int) -> list[dict[str, int]]:
    """A node's year: good, with bad and unknown stretches of one to twelve samples."""
    dice = np.random.default_rng(seed)
    rows = []
    for number in range(nodes):
        count = int(dice.poisson(days * EPISODES * 1.5))
        slots = np.sort(dice.choice(days * DAY // STEP // 16, size=count, replace=False)) * 16 + 1
        rows.append({"number": number, "start": BEGIN, "standing": 1})
        for slot, length, standing in zip(
            slots, dice.integers(1, 12, count), dice.choice([2, 2, 0], count), strict=True
        ):
            at = BEGIN + int(slot) * STEP
            rows.append({"number": number, "start": at, "standing": int(standing)})
            rows.append({"number": number, "start": at + int(length) * STEP, "standing": 1})
    return rows


def fill(db: Database, services: int, nodes: int, days: int) -> int:
    """Write the ledgers; how many runs they have."""
    query = '["portal", "{}", "Location", "Site", null, "hour"]'
    names, total = sites(nodes), 0
    for service in range(1, services + 1):
        key = ("sites", f"Service {service}", query.format(f"Service {service}"))
        with db.transaction() as connection:
            head = {"id": service, "digest": digest("ledger", *key), "sampled_at": BEGIN + days * DAY - STEP}
            connection.execute(insert(tables.ledgers).values(**head, sla=key[0], service=key[1], query=key[2]))
            listed = [{"ledger": service, "number": number, "node": node} for number, node in enumerate(names)]
            connection.execute(insert(tables.ledger_nodes), listed)
        rows = [{"ledger": service, **row} for row in runs(nodes, days, service)]
        for start in range(0, len(rows), 10_000):
            with db.transaction() as connection:
                connection.execute(insert(tables.ledger_runs), rows[start : start + 10_000])
        total += len(rows)
        with db.transaction() as connection:
            spans = [
                {"ledger": service, "start": BEGIN + week * 7 * DAY, "until": BEGIN + (week + 1) * 7 * DAY - 3600}
                for week in range(days // 7)
            ]
            connection.execute(insert(tables.ledger_spans), spans)
    return total


def bare(db: Database) -> float:
    """Seconds for every row of the runs, one ledger after the other, as the driver gives them."""
    start = perf_counter()
    found = tables.ledger_runs
    with db.reading() as connection:
        for number in list(connection.execute(select(tables.ledgers.c.id)).scalars()):
            chosen = select(found.c.number, found.c.start, found.c.standing).where(found.c.ledger == number)
            connection.execute(chosen.order_by(found.c.number, found.c.start)).all()
    return perf_counter() - start


def measure(url: str, name: str, services: int, nodes: int, days: int) -> None:
    upgrade(url)
    db = Database.open(url)
    try:
        rows = fill(db, services, nodes, days)
        loaded = load(text=RULES)
        at = float(BEGIN + days * DAY)
        plain = min(bare(db) for _ in range(2))
        for what, trends in (
            ("figures of every node", False),
            ("with twelve months, ninety days and the burn-down", True),
        ):
            start = perf_counter()
            found = report(db, loaded, at, trends=trends)
            took = perf_counter() - start
            told = sum(len(section.rows) for section in found.sections)
            print(
                f"{name:9} {what}: {told:,} rows of {rows:,} runs in {took:.1f} s, {took / plain:.1f} x a bare SELECT ({plain:.1f} s)"
            )
        start = perf_counter()
        report(db, loaded, at, services=["Service 1"])
        print(f"{name:9} one service, with everything: {perf_counter() - start:.2f} s")
    finally:
        db.close()


def growth(name: str, services: int, nodes: int) -> None:
    """What a ledger adds in a day, of which two thirds of the rows are returns to good."""
    sizes, rows = [], []
    for days in (7, 35):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "ledger.db"
            upgrade(f"sqlite:///{file}")
            db = Database.open(f"sqlite:///{file}")
            rows.append(fill(db, services, nodes, days))
            db.write_back()
            db.close()
            sizes.append(file.stat().st_size)
    daily, runs_daily = (sizes[1] - sizes[0]) / 28, (rows[1] - rows[0]) / 28
    naive = services * nodes * DAY // STEP
    print(
        f"tier {name}: {services} services x {nodes} nodes: {runs_daily:,.0f} runs and {daily / 1024:,.0f} KiB a day; "
        f"a row per sample would be {naive:,} rows, {naive / runs_daily:,.0f} times as many"
    )


@contextmanager
def places() -> Iterator[list[tuple[str, str]]]:
    with tempfile.TemporaryDirectory() as folder, running_postgres() as server:
        url = server.create()
        try:
            yield [("SQLite", f"sqlite:///{Path(folder) / 'ledger.db'}"), ("Postgres", url)]
        finally:
            server.drop(url)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=50)
    parser.add_argument("--nodes", type=int, default=1500)
    parser.add_argument("--days", type=int, default=365)
    given = parser.parse_args()
    print(f"{given.services} services x {given.nodes} nodes x {given.days} days")
    growth("M", 20, 250)
    growth("L", 50, 1500)
    with places() as found:
        for name, url in found:
            measure(url, name, given.services, given.nodes, given.days)


if __name__ == "__main__":
    main()
