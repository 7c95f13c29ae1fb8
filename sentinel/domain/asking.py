"""Which questions the rules need answered: exactly their union, each once per interval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sentinel.domain.reading import Query
from sentinel.domain.rules import Rule, Rulebook, Service


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, the rules that need it, and how often it is asked (seconds): as often as the most eager rule wants."""

    query: Query
    rules: tuple[Rule, ...]
    every: float


def needed(rulebook: Rulebook, services: Iterable[Service]) -> tuple[Asked, ...]:
    """The queries of all rules over the known services, in the order of the rules."""
    known = tuple(services)
    wanted: dict[Query, list[Rule]] = {}
    for rule in rulebook.rules:
        for service in known:
            if service.source == rule.source and rule.covers_service(service):
                for query in _queries(rule, service.name):
                    wanted.setdefault(query, []).append(rule)
    return tuple(Asked(query, tuple(rules), min(rule.every for rule in rules)) for query, rules in wanted.items())


def unanswerable(rulebook: Rulebook, services: Iterable[Service]) -> tuple[Query, ...]:
    """What rules name and no known service is: a query of each such name or pattern, as it is written."""
    known = tuple(services)
    found: dict[Query, None] = {}
    for rule in rulebook.rules:
        there = [one for one in known if one.source == rule.source]
        for pattern in rule.services:
            uid = pattern.text.casefold()
            if not any(pattern.matches(one.name) or one.uid.casefold() == uid for one in there):
                found.update(dict.fromkeys(_queries(rule, pattern.text)))
    return tuple(found)


def _queries(rule: Rule, service: str) -> tuple[Query, ...]:
    if rule.path is not None:
        return (Query(rule.source, service, rule.hierarchy, None, rule.path, rule.scope),)
    return tuple(Query(rule.source, service, rule.hierarchy, level, None, rule.scope) for level in rule.levels)
