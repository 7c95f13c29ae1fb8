"""What a message is made of, before any channel gives it a form: clean pieces of text in the order of their weight."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from sentinel.deliver.escape import clean, cut
from sentinel.domain import sentences
from sentinel.domain.hierarchy import Node
from sentinel.domain.incidents import CloseReason, Incident
from sentinel.domain.rules import Severity

PUSH = 110
"""What a lock screen shows of a message, about; the one-line text keeps to it where the names allow it."""

NAMED = 10
"""How many members a message names."""

NAME = 60
"""Characters of one name of a node, of a service."""

FIGURE = 60
_PLACE = 160


class Look(Enum):
    """The state of an incident as a message shows it: its word, its sign, the colour of its bar."""

    WARNING = ("Degraded", "🟠", "#daa038")
    CRITICAL = ("Critical", "🔴", "#a30200")
    FLAPPING = ("Flapping", "🟠", "#daa038")
    UNKNOWN = ("No data", "⚪", "#8d99a6")
    RECOVERED = ("Recovered", "✅", "#2eb886")
    MISSED = ("Missed", "🔴", "#a30200")
    AT_RISK = ("At risk", "🟠", "#daa038")
    KEPT = ("Kept", "✅", "#2eb886")
    CLOSED = ("Closed", "⏹", "#8d99a6")
    PLAIN = ("Sentinel", "ℹ️", "#3b6ea5")

    def __init__(self, word: str, sign: str, colour: str) -> None:
        self.word = word
        self.sign = sign
        self.colour = colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """An affected node as the list shows it."""

    place: str
    figure: str
    word: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What was done and when (Unix seconds), as people read it in their own time; `said`: the words that came with it."""

    done: str
    at: float
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A message's parts. Empty ones are left out. All are clean (one line, no invisible characters), none is escaped.

    `text` alone tells the story in one line. `value` and `limit` are figures with units, `metric` what they measure.
    `excerpt` are lines whose blanks count. `since` is an instant, `ended_at` another; `notes` say what else happened, `marks` what people did about it. `more` nodes are affected beside `worst`.
    """

    look: Look
    text: str
    title: str
    metric: str = ""
    value: str = ""
    limit: str = ""
    hold: str = ""
    detail: str = ""
    excerpt: tuple[str, ...] = ()
    since: float | None = None
    ended_at: float | None = None
    scope: str = ""
    worst: tuple[Affected, ...] = ()
    more: int = 0
    close: str = ""
    notes: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    hint: str = ""
    runbook: str = ""
    rule: str = ""
    incident: str = ""
    owner: str = ""
    severity: str = ""
    timezone: str = "UTC"
    lines: tuple[str, ...] = field(default=())

    def shorter(self) -> Wording:
        """The same without what may be left out when a provider finds it too long."""
        return replace(
            self,
            title=cut(self.title, 120),
            detail=cut(self.detail, 120),
            excerpt=(),
            hint="",
            worst=self.worst[:3],
            more=self.more + len(self.worst[3:]),
            notes=self.notes[:2],
            marks=tuple(replace(one, said="") for one in self.marks),
            lines=self.lines[:3],
        )


def look_of(incident: Incident) -> Look:
    """How an incident shows itself. Only a recovery is shown as one."""
    if not incident.is_open:
        return Look.RECOVERED if incident.close_reason is CloseReason.RECOVERED else Look.CLOSED
    if incident.facts.unknown:
        return Look.UNKNOWN
    if incident.is_flapping:
        return Look.FLAPPING
    return Look.CRITICAL if incident.severity is Severity.CRITICAL else Look.WARNING


def place_of(node: Node, hierarchy: str) -> str:
    """A node's names joined by ` / `, each bounded, the whole bounded from the left: the last name says most."""
    names = tuple(clean(name, NAME) for name in node)
    text = sentences.place(names, clean(hierarchy, NAME))
    return text if len(text) <= _PLACE else "… " + text[-(_PLACE - 2) :].lstrip()
