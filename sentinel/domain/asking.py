"""Which questions the rules need answered: exactly their union, each once per interval."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sentinel.domain.reading import Query
from sentinel.domain.rules import Rule, Rulebook, Service
from sentinel.domain.sla import Sla
from sentinel.domain.subject import Subject


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, the rules and agreements that need it, and how often it is asked (seconds): as the most eager one wants."""

    query: Query
    rules: tuple[Rule, ...]
    every: float
    slas: tuple[Sla, ...] = ()


def needed(rulebook: Rulebook, services: Iterable[Service]) -> tuple[Asked, ...]:
    """The queries of all rules and agreements over the known services, in their order."""
    known = tuple(services)
    wanted: dict[Query, list[Rule]] = {}
    agreed: dict[Query, list[Sla]] = {}
    for rule in rulebook.rules:
        for query in _queries(rule, known):
            wanted.setdefault(query, []).append(rule)
    for sla in rulebook.slas:
        for query in _queries(sla, known):
            agreed.setdefault(query, []).append(sla)
    return tuple(
        _asked(query, tuple(wanted.get(query, ())), tuple(agreed.get(query, ())))
        for query in dict.fromkeys((*wanted, *agreed))
    )


def _asked(query: Query, rules: tuple[Rule, ...], slas: tuple[Sla, ...]) -> Asked:
    pace = [*(one.every for one in rules), *(one.every for one in slas)]
    return Asked(query, rules, min(pace), slas)


def unanswerable(rulebook: Rulebook, services: Iterable[Service]) -> tuple[Query, ...]:
    """What rules and agreements name and no known service is: a query of each such name or pattern, as it is written."""
    known = tuple(services)
    found: dict[Query, None] = {}
    for one in rulebook.askers:
        there = [service for service in known if service.source == one.source]
        for pattern in one.services:
            uid = pattern.text.casefold()
            if not any(pattern.matches(service.name) or service.uid.casefold() == uid for service in there):
                found.update(dict.fromkeys(one.queries(pattern.text)))
    return tuple(found)


def _queries(subject: Subject, services: Iterable[Service]) -> Iterator[Query]:
    for service in services:
        if service.source == subject.source and subject.covers(service.name, service.uid):
            yield from subject.queries(service.name)
