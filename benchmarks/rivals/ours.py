"""Sentinel as a process of its own, polling a simulated Portal that shows the same truth."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.rivals.episodes import CLOSE, OPEN, Episode, Truth
from benchmarks.rivals.receiver import Post
from sentinel.clock import SystemClock
from sentinel.demo.accounts import Account
from sentinel.demo.portal import USER, Portal
from sentinel.demo.threaded import ThreadedPortal
from sentinel.demo.tiers import EXCHANGE_UID, tiny
from sentinel.store.database import Database
from sentinel.store.migrations import upgrade
from sentinel.store.tables import incidents, notices
from tests.fakes.program import Program

PASSWORD = "benchmark"  # noqa: S105  # of the simulated Portal
TOP = "Country"

WHOLE_SECONDS = 1.0
"""The webhook's instants have no fractions: the incident may have opened so much later than it says."""

RULES = f"""
[defaults]
every = "2s"
for = "0s"
recover_for = "0s"
no_data_after = "1m"
reopen_within = "0s"

[delivery]
storm_after = 100000

[[source]]
name = "portal"
type = "nexthink"
url = "{{url}}"
step = "0s"

[[service]]
name = "Exchange Online"
uid = "{EXCHANGE_UID}"

[[rule]]
id = "devices-in-error"
summary = "Devices with errors"
service = "Exchange Online"
hierarchy = "Location"
level = "Site"
critical = "devices_with_errors / devices > 10%"
rollup = false

[[receiver]]
name = "team"
webhook = {{{{ name = "hook", url = "{{hook}}" }}}}

[[route]]
to = ["team"]
"""


@dataclass
class Ours:
    """The running program and its database."""

    program: Program
    url: str

    def start(self) -> None:
        """Start it, again on the same database."""
        self.program.start()

    def kill(self) -> None:
        """SIGKILL."""
        if self.program.running:
            self.program.kill()

    def stop(self) -> None:
        """SIGTERM."""
        if self.program.running:
            self.program.terminate(30.0)

    def settled(self) -> bool:
        """Whether the record has nothing open and nothing untold."""
        database = Database.open(self.url, thorough=False)
        try:
            with database.reading() as connection:
                # Of its many kills it speaks for ten minutes, and rightly so.
                lasting = incidents.c.resolved_at.is_(None) & (incidents.c.rule != "sentinel/restarts")
                is_open = connection.execute(select(incidents.c.id).where(lasting)).first()
                waits = connection.execute(select(notices.c.id).where(notices.c.state != "delivered")).first()
        finally:
            database.close()
        return is_open is None and waits is None


@contextmanager
def ours(folder: Path, truth: Truth, began: Callable[[], float], hook: str) -> Iterator[Ours]:
    """The program, not started, and the Portal, which runs."""
    clock = SystemClock()
    paths = tuple((TOP, site) for site in truth.sites)
    portal = Portal(tiny(paths, levels=("Country", "Site")), now=clock.now, accounts={USER: Account(PASSWORD)})

    def figure(_service: object, node: tuple[str, ...], metric: str, _at: float) -> float | None:
        if metric == "devices":
            return 100.0
        if metric == "devices_with_errors":
            return 30.0 if truth.is_bad(node[-1], clock.now() - began()) else 0.0
        return None

    portal.figures = figure
    folder.mkdir(exist_ok=True)
    url = f"sqlite:///{folder / 'sentinel.db'}"
    upgrade(url)
    with ThreadedPortal(portal) as threaded:
        rules = folder / "rules.toml"
        rules.write_text(RULES.format(url=threaded.url, hook=hook), encoding="utf-8")
        given = {
            "SENTINEL_RULES": str(rules),
            "SENTINEL_DATABASE_URL": url,
            "SENTINEL_HTTP_BIND": "off",
            "SENTINEL_SOURCE_PORTAL_USERNAME": USER,
            "SENTINEL_SOURCE_PORTAL_PASSWORD": PASSWORD,
        }
        with Program(folder, given) as program:
            yield Ours(program, url)


def reader(truth: Truth, began: Callable[[], float]) -> Callable[[bytes], list[Post]]:
    """What a body of Sentinel's webhook means. A recovery under the key of the opening tells both; so does a digest."""

    def episode(incident: Mapping[str, Any]) -> Episode | None:
        opened = datetime.fromisoformat(incident["opened_at"]).timestamp()
        return truth.episode_at(incident["node"][-1], opened + WHOLE_SECONDS - began())

    def read(body: bytes) -> list[Post]:
        told = json.loads(body)
        if told.get("digest") is not None:
            listed = [(episode(one), one["state"]) for one in told["digest"]["incidents"]]
            steps = [(one, OPEN) for one, _ in listed] + [(one, CLOSE) for one, state in listed if state == "closed"]
            return [Post(tuple((one, step) for one, step in steps if one), told["may_repeat"], told["key"])]
        if told["incident"]["rule"].startswith("sentinel/"):
            return []  # it tells of itself, that it keeps dying: no episode, and so neither news nor a repeat
        one = episode(told["incident"])
        first, last = told["key"].split("/")[2], told["kind"]
        kinds = dict.fromkeys(CLOSE if kind in ("recovered", "closed") else OPEN for kind in (first, last))
        return [Post(tuple((one, step) for step in kinds) if one else (), told["may_repeat"])]

    return read
