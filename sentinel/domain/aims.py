"""Whether what somebody wants to silence is there: which open incidents it mutes now, and which of its words fit nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from sentinel.domain.hierarchy import Node, node_text
from sentinel.domain.incidents import Incident
from sentinel.domain.matchers import Matchers
from sentinel.domain.memory import Memory
from sentinel.domain.metrics import nearest_few
from sentinel.domain.mutes import matches
from sentinel.domain.records import Book, BookKey
from sentinel.domain.rules import ITSELF, SELF_RULES, SOURCE_RULE, Rulebook, Severity

NEAREST = 3
"""So many names are offered for one that is not known."""

_NAMES = ("source", "service", "rule", "owner")


@dataclass(frozen=True, slots=True)
class Doubt:
    """A word that fits nothing that is known: what it is about, the word, and the names most like it, best first."""

    kind: str
    word: str
    near: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As one sentence."""
        offered = f": nearest {', '.join(self.near)}" if self.near else ""
        return f"no {self.kind} is known that {self.word!r} fits{offered}"


@dataclass(frozen=True)
class Known:
    """All names that are known, by what they are names of; nodes with all above them."""

    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    nodes: frozenset[Node] = frozenset()

    @classmethod
    def of(cls, memory: Memory, rulebook: Rulebook | None = None) -> Known:
        """What the record has, and the rules where they are at hand."""
        asked = [state.query for state in memory.queries.values()]
        incidents = [one for book in memory.books.values() for one in book.incidents.values()]
        rules = rulebook.rules if rulebook is not None else ()
        sources = rulebook.sources if rulebook is not None else ()
        written = {pattern.text for rule in rules for pattern in rule.services if not pattern.is_glob}
        names = {
            "source": {query.source for query in asked} | {one.name for one in sources} | {ITSELF},
            "service": {query.service for query in asked} | written,
            "rule": {one.rule for one in incidents} | {rule.id for rule in rules} | {SOURCE_RULE, *SELF_RULES},
            "owner": {one.facts.owner for one in incidents} | {rule.owner for rule in rules},
        }
        lists = [state.known.nodes for state in memory.queries.values() if state.known is not None]
        nodes = {node[:depth] for rows in lists for node in rows for depth in range(len(node) + 1)}
        return cls(
            {kind: frozenset(found - {""}) for kind, found in names.items()},
            frozenset(nodes | {one.node for one in incidents}),
        )


def doubts(matchers: Matchers, known: Known) -> tuple[Doubt, ...]:
    """What of the matchers fits nothing that is known. Of what nothing at all is known nothing is doubted."""
    return (*_of_names(matchers, known), *_of_nodes(matchers, known))


def _of_names(matchers: Matchers, known: Known) -> Iterator[Doubt]:
    for kind in _NAMES:
        names = known.names.get(kind, frozenset())
        for pattern in getattr(matchers, kind):
            if names and not any(pattern.matches(name) for name in names):
                yield Doubt(kind, pattern.text, nearest_few(pattern.text, names, NEAREST))


def _of_nodes(matchers: Matchers, known: Known) -> Iterator[Doubt]:
    if not known.nodes:
        return
    texts = {node_text(node) for node in known.nodes} | {node[-1] for node in known.nodes if node}
    for pattern in matchers.node:
        if not any(pattern.matches(node) for node in known.nodes):
            yield Doubt("node", pattern.text, nearest_few(pattern.text, texts, NEAREST))


def muted_by(matchers: Matchers, books: Mapping[BookKey, Book]) -> tuple[tuple[Incident, ...], tuple[Incident, ...]]:
    """The open incidents that the matchers mute now: those of which all members are, and those of which some are."""
    whole: list[Incident] = []
    partly: list[Incident] = []
    for book in books.values():
        flags = _member_flags(matchers, book)
        for incident in book.open_incidents:
            hits = flags.get(incident.id) or [
                matches(
                    matchers,
                    rule=incident.rule,
                    service=incident.service,
                    source=incident.source,
                    owner=incident.facts.owner,
                    node=node,
                    severity=incident.severity.word,
                )
                for node in incident.last_members or (incident.node,)
            ]
            if all(hits):
                whole.append(incident)
            elif any(hits):
                partly.append(incident)
    return tuple(whole), tuple(partly)


def _member_flags(matchers: Matchers, book: Book) -> dict[str, list[bool]]:
    """Per incident of the book, whether each of its members is meant."""
    rule, service, source = book.key
    owners = {one.id: one.facts.owner for one in book.open_incidents}
    flags: dict[str, list[bool]] = {}
    for alerts in book.alerts.values():
        severity = alerts.severity
        for i in np.flatnonzero(alerts.active):
            incident = alerts.incident[i]
            if incident in owners:
                hit = matches(
                    matchers,
                    rule=rule,
                    service=service,
                    source=source,
                    owner=owners[incident],
                    node=alerts.nodes[i],
                    severity=Severity(int(severity[i])).word,
                )
                flags.setdefault(incident, []).append(hit)
    return flags
