"""What the rules ask of a Portal against what it has: services, levels, and the columns of one answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from sentinel.collect.nexthink import Examined
from sentinel.collect.quality import shown
from sentinel.collect.source import Offer
from sentinel.domain.metrics import nearest
from sentinel.domain.patterns import NamePattern
from sentinel.domain.reading import Failure, Query
from sentinel.domain.rules import Rule, Service
from sentinel.fetch_reach import shortened
from sentinel.findings import Findings

_DISCOVER = "`sentinel discover` lists what there is"
_PROBE = "`sentinel probe` shows the whole answer"


def note_services(known: Sequence[Service], listed: Offer | Failure, rules: Sequence[Rule], found: Findings) -> None:
    """Whether every service that rules name is known, by the Portal's list or by a declaration."""
    patterns = list(dict.fromkeys(pattern for rule in rules for pattern in rule.services))
    lacking = [pattern for pattern in patterns if not any(_meant(pattern, service) for service in known)]
    if isinstance(listed, Failure):
        if not lacking:
            found.ok(
                "services",
                f"the rules ask for declared ones only; the Portal's own list is not to be had: {listed.text}",
            )
            return
        names = ", ".join(shown(one.text) for one in lacking)
        mend = f"declare them under [[service]] with their UID; or: {listed.hint}" if listed.hint else _DISCOVER
        found.failed("services", f"nothing tells what {names} is: {listed.text}", mend)
        return
    for pattern in lacking:
        if pattern.is_glob:
            found.warning("services", f"no service fits {shown(pattern.text)}", _DISCOVER)
        else:
            text = f"the Portal has no service {shown(pattern.text)}, or this account may not see it"
            found.failed("services", text, _instead(pattern.text, [one.name for one in known]))
    if not lacking:
        asked = [service for service in known if any(rule.covers(service.name, service.uid) for rule in rules)]
        found.ok("services", f"the Portal lists {len(listed.services)}, the rules ask for {len(asked)} of those known")


def _meant(pattern: NamePattern, service: Service) -> bool:
    return pattern.matches(service.name) or pattern.text.casefold() == service.uid.casefold()


def _instead(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"did you mean {shown(near)}? {_DISCOVER}" if near else _DISCOVER


def note_levels(listed: Offer | Failure, rules: Sequence[Rule], found: Findings) -> None:
    """Whether the hierarchies and levels that rules name are among those listed."""
    levels = {one.name: one.levels for one in listed.hierarchies} if isinstance(listed, Offer) else {}
    if not levels:
        found.skipped("levels", "the Portal lists no hierarchies here; the answer to a query shows more")
        return
    asked = dict.fromkeys((rule.hierarchy, level) for rule in rules for level in rule.levels or ("",))
    unknown: dict[tuple[str, str], None] = {}
    for hierarchy, level in asked:
        if hierarchy not in levels:
            unknown[hierarchy, ""] = None
        elif level and levels[hierarchy] and level not in levels[hierarchy]:
            unknown[hierarchy, level] = None
    for hierarchy, level in unknown:
        if level:
            text = (
                f"the hierarchy {shown(hierarchy)} has no level {shown(level)}: it has {', '.join(levels[hierarchy])}"
            )
            found.failed("levels", text, _instead(level, levels[hierarchy]))
        else:
            text = f"there is no hierarchy {shown(hierarchy)}: there is {', '.join(levels)}"
            found.failed("levels", text, _instead(hierarchy, levels))
    if not unknown:
        listing = "; ".join(f"{name}: {' > '.join(below) or 'not listed'}" for name, below in levels.items())
        found.ok("levels", shortened(listing))


def note_data(answer: Examined, rules: Sequence[Rule], found: Findings) -> None:
    """Whether the answer to one query has what the rules judge by."""
    query, failure = answer.query, answer.failure
    where = f"level {query.level}" if query.level is not None else f"below {'/'.join(query.path or ()) or 'the top'}"
    asked = f"{query.service}, {query.hierarchy}, {where}"
    if failure is not None or answer.parsed is None:
        text, hint = (failure.text, failure.hint) if failure else ("no answer", "")
        found.failed("data", f"{asked}: {text}", hint or _PROBE)
        return
    columns, wanted = answer.parsed.figures.columns, _metrics(rules, query)
    lacking = sorted(wanted - columns.keys())
    hollow = sorted(one for one in wanted & columns.keys() if np.isnan(columns[one]).all())
    size = f"{asked}: {len(answer.parsed.figures.rows.nodes)} rows, {len(columns)} metrics"
    if lacking:
        titles = ", ".join(shown(title, 40) for title in answer.parsed.table.titles[:20])
        text = f"{size}, but not {', '.join(lacking)}, which the rules judge by; the columns are {titles}"
        mend = f'say which column it is: columns = {{ {lacking[0]} = "..." }} in the source\'s table'
        found.failed("data", text, mend)
    elif hollow:
        text = f"{size}, but not one figure for {', '.join(hollow)}, which the rules judge by"
        found.warning("data", text, f"a service without active devices has none; else: {_PROBE}")
    elif answer.parsed.remarks:
        more = f" (and {len(answer.parsed.remarks) - 1} more)" if len(answer.parsed.remarks) > 1 else ""
        found.warning("data", f"{size}, with a remark: {answer.parsed.remarks[0]}{more}", _PROBE)
    else:
        found.ok("data", size)


def _metrics(rules: Sequence[Rule], query: Query) -> set[str]:
    """Every metric that the rules judge this query's answer by."""
    conditions = []
    for rule in rules:
        fits = query.level in rule.levels if query.level is not None else query.path == rule.path
        if not fits or rule.hierarchy != query.hierarchy or not rule.covers(query.service):
            continue
        for criteria in (rule.criteria, *(override.criteria for override in rule.overrides)):
            conditions.append(criteria.only_if)
            for threshold in (criteria.warning, criteria.critical):
                conditions += [threshold.breach, threshold.clear] if threshold is not None else []
    return {metric for condition in conditions if condition is not None for metric in condition.metrics}
