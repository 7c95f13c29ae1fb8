"""Which questions the rules need answered: exactly their union, each once per interval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sentinel.domain.reading import Query
from sentinel.domain.rules import Rule, Rulebook, Service
from sentinel.domain.sla import Sla


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
        for service in known:
            if service.source == rule.source and rule.covers_service(service):
                for query in _queries(rule, service.name):
                    wanted.setdefault(query, []).append(rule)
    for sla in rulebook.slas:
        for service in known:
            if service.source == sla.source and sla.covers(service.name, service.uid):
                for query in sla.queries(service.name):
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
    for rule in rulebook.rules:
        there = [one for one in known if one.source == rule.source]
        for pattern in rule.services:
            uid = pattern.text.casefold()
            if not any(pattern.matches(one.name) or one.uid.casefold() == uid for one in there):
                found.update(dict.fromkeys(_queries(rule, pattern.text)))
    for sla in rulebook.slas:
        there = [one for one in known if one.source == sla.source]
        for pattern in sla.services:
            if not any(pattern.matches(one.name) or one.uid.casefold() == pattern.text.casefold() for one in there):
                found.update(dict.fromkeys(sla.queries(pattern.text)))
    return tuple(found)


def _queries(rule: Rule, service: str) -> tuple[Query, ...]:
    if rule.path is not None:
        return (Query(rule.source, service, rule.hierarchy, None, rule.path, rule.scope),)
    return tuple(Query(rule.source, service, rule.hierarchy, level, None, rule.scope) for level in rule.levels)
