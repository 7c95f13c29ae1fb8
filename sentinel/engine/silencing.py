"""What a person does not want to be told, whichever door they come in by: put on record, and what it mutes now."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass

from sentinel.domain.aims import Doubt, Known, doubts, muted_by
from sentinel.domain.matchers import Matchers
from sentinel.domain.mutes import Silence
from sentinel.domain.requests import unfit
from sentinel.domain.rules import Rulebook
from sentinel.store import silences
from sentinel.store.database import Database
from sentinel.store.memory import load

LONGEST = 366 * 86400.0
"""Seconds: what is not wanted for longer than a year is taken out of the rules."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A silence on record: the ids of open incidents of which it mutes all or some nodes, and what of it fits nothing."""

    silence: Silence
    whole: tuple[str, ...]
    partly: tuple[str, ...]
    doubts: tuple[Doubt, ...]


def wrong(silence: Silence) -> str:
    """What is wrong with a silence that somebody wants at its `created_at`; empty when nothing is.

    Planned work may be declared afterwards, for the sake of SLAs.
    """
    if silence.matchers == Matchers():
        return "say what is meant: a service, a rule, a node ... (--node '**' is every node)"
    if not silence.reason.strip():
        return "a reason is needed: whoever is not told wants to know why"
    return unfit(silence.author, silence.reason) or _wrong_time(silence)


def _wrong_time(silence: Silence) -> str:
    if silence.ends_at <= silence.starts_at:
        return "it must end after it begins"
    if silence.ends_at - silence.starts_at > LONGEST:
        return "it lasts at most a year: what is not wanted for longer is taken out of the rules"
    if silence.ends_at <= silence.created_at and not silence.maintenance:
        return "it would be over already; only maintenance may be declared afterwards"
    return ""


def declare(db: Database, silence: Silence, rulebook: Rulebook | None = None) -> Declared:
    """Put a silence on record. `rulebook`: the rules, where they are at hand; they know more names.

    Raises:
        StoreError: nothing is on record, or nobody knows.
    """
    silences.add(db, silence)
    memory = load(db)
    whole, partly = muted_by(silence.matchers, memory.books) if silence.holds(silence.created_at) else ((), ())
    return Declared(
        silence,
        tuple(one.id for one in whole),
        tuple(one.id for one in partly),
        doubts(silence.matchers, Known.of(memory, rulebook)),
    )


def new_id() -> str:
    """A name that no other silence has: 40 random bits in base 32."""
    return "sl-" + base64.b32encode(secrets.token_bytes(5)).decode().lower()
