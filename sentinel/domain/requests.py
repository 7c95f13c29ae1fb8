"""What somebody wants of an incident, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

NAME_AT_MOST, TEXT_AT_MOST = 100, 2000
"""Characters of a person's name, and of what they write."""


class Deed(Enum):
    """What somebody does. The word is that of the command."""

    ACK = "ack"
    UNACK = "unack"
    NOTE = "note"


class Outcome(Enum):
    """What became of it."""

    DONE = "done"
    NOTHING_NEW = "nothing_new"  # it was so already
    REFUSED = "refused"  # it cannot be done: the incident is over, or is not there


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Somebody wants something of an incident. `at` (Unix seconds) by the clock of whoever took it down.

    `key` is unique: the same request twice is one. `text` is a note, perhaps with an acknowledgement.
    """

    key: str
    deed: Deed
    incident: str
    by: str
    at: float
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a request, and that in words."""

    key: str
    outcome: Outcome
    text: str
    at: float


def unfit(by: str, text: str) -> str:
    """What is wrong with a name or a text, empty when nothing is."""
    if not by.strip():
        return "a name is needed: whoever reads it wants to know who it was"
    if len(by) > NAME_AT_MOST or not by.isprintable():
        return f"a name has at most {NAME_AT_MOST} characters and one line"
    if len(text) > TEXT_AT_MOST:
        return f"a text has at most {TEXT_AT_MOST} characters, this one has {len(text)}"
    return ""
