"""Which services the rules speak of: whether a source must be asked for its list, and what to go by without one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from sentinel.collect.source import Source
from sentinel.domain.reading import Failure, Query
from sentinel.domain.rules import Rulebook, Service

log = structlog.get_logger("sentinel.discovery")


@dataclass(frozen=True, slots=True)
class Survey:
    """The services there are. `listed` are the sources that were asked for their list, `unlisted` why some gave none."""

    services: tuple[Service, ...]
    listed: Mapping[str, Source]
    unlisted: Mapping[str, Failure]


async def survey(
    rulebook: Rulebook, sources: Iterable[Source], remembered: Iterable[Query], known: Mapping[str, Source]
) -> Survey:
    """Ask those sources for their list that the rules make necessary; not again those in `known`, which gave it."""
    services: list[Service] = []
    listed, unlisted = dict(known), {}
    remembered = tuple(remembered)
    for source in sources:
        if needs_discovery(rulebook, source) and known.get(source.name) is not source:
            offer = await source.discover()
            if isinstance(offer, Failure):
                log.warning("services not listed", source=source.name, reason=offer.text, hint=offer.hint)
                unlisted[source.name] = offer
                services += guessed(rulebook, source, remembered)
            else:
                listed[source.name] = source
        services += source.services()
    return Survey(tuple(services), listed, unlisted)


def needs_discovery(rulebook: Rulebook, source: Source) -> bool:
    """Whether some rule or agreement speaks of a service of that source that is not declared."""
    declared = [service.name for service in source.services()]
    return any(
        pattern.is_glob or not any(pattern.matches(name) for name in declared)
        for rule in rulebook.askers
        if rule.source == source.name
        for pattern in rule.services
    )


def guessed(rulebook: Rulebook, source: Source, remembered: Iterable[Query]) -> list[Service]:
    """Services that must exist though the source could not list them: those named by rules and agreements, and those of the record.

    They are unknown, not gone: without them a restart during the source's outage would close what is open.
    """
    known = {service.name for service in source.services()}
    named = [
        pattern.text
        for rule in rulebook.askers
        if rule.source == source.name
        for pattern in rule.services
        if not pattern.is_glob
    ]
    recorded = [query.service for query in remembered if query.source == source.name]
    return [Service(source.name, name, "") for name in dict.fromkeys([*recorded, *named]) if name not in known]
