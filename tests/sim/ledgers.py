"""Whether the ledger on record is that of the readings on record: each tick counted once, whole, or not at all."""

from __future__ import annotations

import numpy as np

from sentinel.domain.accounts import Account
from sentinel.domain.asking import needed
from sentinel.domain.memory import Replay
from sentinel.domain.recorder import Recorder
from sentinel.domain.rules import Rulebook, Service
from sentinel.store import ledgers
from sentinel.store.database import Database
from sentinel.store.readings import recorded_queries, stream

EVER = 2**40
LATER = 4e9
"""Unix seconds after every story, of which there are dates."""


def ledger_complaint(database: Database, rulebook: Rulebook) -> str:
    """In what they differ; empty where they do not. Readings are taken in the order of their instants."""
    (sla,) = rulebook.slas
    for query in recorded_queries(database):
        replay = Replay(rulebook, needed(rulebook, [Service(query.source, query.service, "")]))
        kept = Recorder()
        for reading in stream(database, [query], 0.0, LATER):
            done = replay.feed(reading)
            for entry in done.entries if done is not None else ():
                kept.add(entry)
        found = ledgers.read(database, (sla.id, query.service, query.key), 0, EVER)
        difference = _difference(found or Recorder().account(), kept.account())
        if difference:
            return difference
    return ""


def _difference(found: Account, due: Account) -> str:
    if found.nodes != due.nodes:
        return f"the ledger has the nodes {found.nodes}, and the readings {due.nodes}"
    if found.covered.pairs() != due.covered.pairs():
        return f"the ledger covers {found.covered.pairs()}, and the readings {due.covered.pairs()}"
    for name in ("number", "start", "standing"):
        mine, theirs = getattr(found, name), getattr(due, name)
        if not np.array_equal(mine, theirs):
            return f"the ledger's {name}s are {mine.tolist()}, and those of the readings {theirs.tolist()}"
    return ""
