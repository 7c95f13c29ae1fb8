"""Which services the rules speak of: whether a source must be asked for its list, and what to go by without one."""

from __future__ import annotations

from collections.abc import Iterable

from sentinel.collect.source import Source
from sentinel.domain.reading import Query
from sentinel.domain.rules import Rulebook, Service


def needs_discovery(rulebook: Rulebook, source: Source) -> bool:
    """Whether some rule speaks of a service of that source that is not declared."""
    declared = [service.name for service in source.services()]
    return any(
        pattern.is_glob or not any(pattern.matches(name) for name in declared)
        for rule in rulebook.rules
        if rule.source == source.name
        for pattern in rule.services
    )


def guessed(rulebook: Rulebook, source: Source, remembered: Iterable[Query]) -> list[Service]:
    """Services that must exist though the source could not list them: those named by rules, and those of the record.

    They are unknown, not gone: without them a restart during the source's outage would close what is open.
    """
    known = {service.name for service in source.services()}
    named = [
        pattern.text
        for rule in rulebook.rules
        if rule.source == source.name
        for pattern in rule.services
        if not pattern.is_glob
    ]
    recorded = [query.service for query in remembered if query.source == source.name]
    return [Service(source.name, name, "") for name in dict.fromkeys([*recorded, *named]) if name not in known]
