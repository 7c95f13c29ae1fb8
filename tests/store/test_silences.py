"""Silences on record: written by any process, read at every tick, kept as long as incidents."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.mutes import Silence
from sentinel.errors import NotFound, StoreError
from sentinel.store import silences
from sentinel.store.database import Database
from sentinel.store.housekeeping import Retention, purge
from tests.domain.polls import START, a_silence, the_matchers
from tests.effort import effort

ANY_TEXT = st.text(st.characters(exclude_categories=()), min_size=1, max_size=12)
NAMES = st.lists(ANY_TEXT, min_size=1, max_size=2)
WORDS = st.lists(st.sampled_from(["warning", "critical"]), min_size=1, max_size=2, unique=True)
ON_ONE_DATABASE = effort(25)


def names(found: tuple[Silence, ...]) -> list[str]:
    return [one.id for one in found]


@ON_ONE_DATABASE
@given(
    st.fixed_dictionaries(
        {}, optional={**dict.fromkeys(("source", "service", "rule", "owner", "node"), NAMES), "severity": WORDS}
    ),
    ANY_TEXT,
    ANY_TEXT,
    st.booleans(),
)
def test_a_silence_comes_back_as_it_went_in(
    database: Database, matchers: dict[str, list[str]], author: str, reason: str, maintenance: bool
) -> None:
    one = Silence(
        id=uuid4().hex,
        matchers=the_matchers(**matchers),
        author=author,
        reason=reason,
        created_at=START,
        starts_at=START + 0.25,
        ends_at=START + 60,
        maintenance=maintenance,
    )
    silences.add(database, one)
    assert [found for found in silences.every(database) if found.id == one.id] == [one]
    ended, done = silences.expire(database, one.id, author, START + 30)
    assert (ended.expired_by, ended.expired_at, ended.over_at, done) == (author, START + 30, START + 30, True)


def test_those_that_last_are_found_by_another_connection_at_once(database: Database, database_url: str) -> None:
    other = Database.open(database_url, read_only=True)
    assert silences.lasting(other, START) == ()
    silences.add(database, a_silence(0, 100, name="a"))
    silences.add(database, a_silence(50, 200, name="b"))
    assert names(silences.lasting(other, START)) == ["a", "b"], "also what has not begun"
    assert names(silences.lasting(other, START + 100)) == ["b"]
    silences.expire(database, "b", "otto", START + 99)
    assert names(silences.lasting(other, START + 98)) == ["a", "b"]
    assert names(silences.lasting(other, START + 99)) == ["a"]
    other.close()


def test_what_is_over_is_not_ended_again(database: Database) -> None:
    silences.add(database, a_silence(0, 100))
    assert silences.expire(database, "sl-1", "otto", START + 100)[1] is False
    first, done = silences.expire(database, "sl-1", "otto", START + 10)
    again, twice = silences.expire(database, "sl-1", "eva", START + 20)
    assert (done, twice, again) == (True, False, first)
    with pytest.raises(NotFound, match="sl-2"):
        silences.expire(database, "sl-2", "otto", START)


def test_one_name_is_one_silence(database: Database) -> None:
    silences.add(database, a_silence(0, 100))
    with pytest.raises(StoreError):
        silences.add(database, a_silence(0, 200))
    assert [one.ends_at for one in silences.every(database)] == [START + 100]


def test_planned_work_is_what_really_held_between_two_instants(database: Database) -> None:
    for one in (
        a_silence(0, 100, name="whole", maintenance=True),
        a_silence(0, 300, name="silence"),
        a_silence(0, 300, name="early", maintenance=True, expired_at=START + 50, expired_by="otto"),
        a_silence(200, 300, name="never", maintenance=True, expired_at=START + 50, expired_by="otto"),
        a_silence(200, 300, name="later", maintenance=True),
    ):
        silences.add(database, one)
    assert names(silences.planned_work(database, START, START + 400)) == ["early", "whole", "later"]
    assert names(silences.planned_work(database, START + 50, START + 200)) == ["whole"]
    assert names(silences.planned_work(database, START + 100, START + 200)) == []
    assert names(silences.planned_work(database, START + 100, START + 201)) == ["later"]


def test_what_is_over_is_kept_as_long_as_incidents(database: Database) -> None:
    silences.add(database, a_silence(0, 100, name="over"))
    silences.add(database, a_silence(0, 10_000, name="ended", expired_at=START + 100, expired_by="otto"))
    silences.add(database, a_silence(0, 10_000, name="lasts"))
    kept = Retention(readings=1.0, incidents=1000.0)
    purge(database, START + 1099, kept)
    assert len(silences.every(database)) == 3
    purge(database, START + 1101, kept)
    assert names(silences.every(database)) == ["lasts"]
