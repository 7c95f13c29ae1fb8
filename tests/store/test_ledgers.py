"""Ledgers as rows: what is read back is what the ticks decided, on both databases, whatever was in between."""

from __future__ import annotations

import math
import random

import numpy as np

from sentinel.domain.accounts import Account
from sentinel.domain.expressions import parse
from sentinel.domain.ledger import Ledger
from sentinel.domain.sla import Counts
from sentinel.store import ledgers
from sentinel.store.database import Database
from sentinel.store.memory import load
from sentinel.store.unit_of_work import commit
from tests.domain.ledgers import BAD, BERN, GONE, GOOD, QUERY, SITES, Keeping, an_sla
from tests.domain.polls import START, UNITS

KEY = ("mail-sites", "Mail", QUERY.key)
EVER = (0, 2**40)


def a_year_in_miniature(**changes: object) -> Keeping:
    """Two hundred answers with everything that happens to answers."""
    dice = random.Random(7)
    it = Keeping(an_sla(weight="devices", **changes))
    for _ in range(200):
        if dice.random() < 0.1:
            it.fail()
            it.wait(dice.randrange(4) * 600)
            continue
        figures = {site: dice.choice([GOOD, GOOD, GOOD, BAD, math.nan, GONE]) for site in SITES}
        if any(value is not None for value in figures.values()):
            it.answer(figures, devices=float(dice.randrange(80, 120)))
    return it


def assert_same(one: Account, other: Account) -> None:
    """Column by column."""
    assert one.nodes == other.nodes
    assert one.covered.pairs() == other.covered.pairs()
    for name in ("number", "start", "standing", "weighed", "weighed_at", "weight"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert [at for at, *_ in one.counts] == [at for at, *_ in other.counts]
    for (_, *mine), (_, *theirs) in zip(one.counts, other.counts, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_what_ticks_decide_is_read_back(database: Database) -> None:
    """Tick by tick, each in its transaction; and each once more, which adds nothing."""
    it = a_year_in_miniature()
    for plan, reading in it.plans:
        commit(database, plan, reading)
        commit(database, plan, reading)
    found = ledgers.read(database, KEY, *EVER)
    assert found is not None
    assert_same(found, it.account)


def test_an_agreement_begins_with_its_first_sample(database: Database) -> None:
    assert ledgers.begun(database, "mail-sites") is None
    it = a_year_in_miniature()
    for plan, reading in it.plans:
        commit(database, plan, reading)
    assert ledgers.begun(database, "mail-sites") == it.account.covered.pairs()[0][0]
    assert ledgers.begun(database, "another") is None


def test_events_are_read_back(database: Database) -> None:
    """Of a ratio-based agreement."""
    it = a_year_in_miniature(good=None, counts=Counts(parse("value >= 0", UNITS), parse("devices >= 0", UNITS)))
    for plan, reading in it.plans:
        commit(database, plan, reading)
    found = ledgers.read(database, KEY, *EVER)
    assert found is not None
    assert found.counts
    assert_same(found, it.account)


def test_a_restart_goes_on_where_the_last_tick_ended(database: Database) -> None:
    """What is loaded is what the running program remembers."""
    it = a_year_in_miniature()
    for plan, reading in it.plans:
        commit(database, plan, reading)
    found, remembered = load(database).ledgers[KEY], it.replay.memory.ledgers[KEY]
    for name in ("nodes", "covered_from", "covered_until", "sampled_at", "counted_at"):
        assert getattr(found, name) == getattr(remembered, name), name
    for name in ("standing", "since", "weight"):
        np.testing.assert_array_equal(getattr(found, name), getattr(remembered, name), err_msg=name)
    assert isinstance(found, Ledger)


def test_a_stretch_of_time_begins_with_what_held_then(database: Database) -> None:
    """A month in the middle needs no earlier rows but the last one of each node."""
    it = a_year_in_miniature()
    for plan, reading in it.plans:
        commit(database, plan, reading)
    middle, end = int(START) + 60 * 600, int(START) + 120 * 600
    part, whole = ledgers.read(database, KEY, middle, end), it.account
    assert part is not None
    assert part.number.size < whole.number.size
    term_rows = []
    for account in (part, whole):
        scope = it.dossier().scope(account, middle, end)
        term_rows.append(account.seconds(scope.left, scope.of))
        np.testing.assert_array_equal(account.weights(middle, end), whole.weights(middle, end))
    for name in ("good", "bad", "unknown", "gone"):
        np.testing.assert_array_equal(getattr(term_rows[0], name), getattr(term_rows[1], name), err_msg=name)
    assert term_rows[0].bad[part.nodes.index(BERN)] > 0


def test_nobody_has_a_ledger_before_the_first_sample(database: Database) -> None:
    """No data is no ledger."""
    assert ledgers.read(database, KEY, *EVER) is None
