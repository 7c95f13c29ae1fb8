"""From the series of a test to the answers that a source would have given: which rows each query sees."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sentinel.config.definitions import SourceConfig
from sentinel.config.nearness import nearest_name
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.domain.asking import Asked, needed
from sentinel.domain.hierarchy import Bools, Node
from sentinel.domain.reading import Floats
from sentinel.domain.rehearsal import Sheet
from sentinel.domain.rules import Rule, Rulebook, Service
from sentinel.domain.sla import Sla

Asker = Rule | Sla
Name = tuple[str, str]
"""`rule` or `sla`, and its id."""


@dataclass(frozen=True, eq=False)
class Series:
    """One metric's figures at one node; NaN where the answer has none. `path`: where it stands in the file."""

    service: str
    node: Node
    metric: str
    values: Floats
    path: Path


def sheets(
    rulebook: Rulebook,
    sources: Mapping[str, SourceConfig],
    series: Sequence[Series],
    named: Collection[Name],
    polls: int,
    problems: Problems,
) -> tuple[Sheet, ...]:
    """The answers to all queries whose rules and SLAs the series are about, or that are named."""
    found: list[Sheet] = []
    for service in dict.fromkeys(one.service for one in series):
        mine = [one for one in series if one.service == service]
        asked = _asked(rulebook, service, mine, named, problems)
        places = _Places(sources, mine, asked, named, problems)
        for one in asked:
            rows = places.rows(one)
            if not all(is_parent for _, is_parent in rows):
                found.append(_sheet(one, rows, mine, polls))
        _check_used(mine, found, problems)
    return tuple(found)


def _asked(
    rulebook: Rulebook, service: str, series: Sequence[Series], named: Collection[Name], problems: Problems
) -> list[Asked]:
    """The queries about the service with those of their rules and SLAs that the test is about."""
    metrics = {one.metric for one in series}
    everywhere = [Service(source.name, service, "") for source in rulebook.sources]
    found: list[Asked] = []
    idle: list[Asker] = []
    for one in needed(rulebook, everywhere):
        slas = tuple(sla for sla in one.slas if ("sla", sla.id) in named or _has_its_figures(sla, metrics))
        alarms = {sla.alarm.rule for sla in one.slas if sla.alarm is not None}
        rules = tuple(
            rule
            for rule in one.rules
            if ("rule", rule.id) in named or (rule.id not in alarms and _has_its_figures(rule, metrics))
        )
        chosen = _askers(rules, slas)
        idle += [asker for asker in _askers(one.rules, one.slas) if asker not in chosen]
        if chosen:
            found.append(Asked(one.query, rules, one.every, slas))
            _check_given(service, series, chosen, metrics, problems)
    if not found:
        _tell_idle(rulebook, service, series, idle, problems)
    return found


def _askers(rules: Iterable[Rule], slas: Iterable[Sla]) -> list[Asker]:
    return [*rules, *slas]


def _check_given(
    service: str, series: Sequence[Series], askers: Iterable[Asker], metrics: set[str], problems: Problems
) -> None:
    """What is read beside the series that there are is unknown throughout, which is seldom meant."""
    for asker in askers:
        lacks = sorted(_read(asker) - metrics)
        if lacks:
            message = f'{_named(asker)} also reads {", ".join(lacks)} of "{service}", and there is no such series'
            hint = f'add [[test.series]] with metric = "{lacks[0]}"; until then it is unknown'
            problems.warning("W304", message, (*series[0].path, "metric"), hint=hint)


def _named(asker: Asker) -> str:
    return f'{"rule" if isinstance(asker, Rule) else "SLA"} "{asker.id}"'


def _has_its_figures(asker: Asker, metrics: set[str]) -> bool:
    """Whether one of its thresholds finds all its metrics: a test of one rule need not have figures for all others."""
    return any(needs <= metrics for needs in _needs(asker))


def _needs(asker: Asker) -> list[frozenset[str]]:
    if isinstance(asker, Sla):
        read = (asker.good,) if asker.counts is None else (asker.counts.good, asker.counts.total)
        return [frozenset(metric for one in read if one is not None for metric in one.metrics)]
    if asker.figures:
        return [asker.figures]
    criteria = (asker.criteria, *(override.criteria for override in asker.overrides))
    return [one.breach.metrics for each in criteria for one in (each.warning, each.critical) if one is not None]


def _tell_idle(
    rulebook: Rulebook, service: str, series: Sequence[Series], idle: Sequence[Asker], problems: Problems
) -> None:
    first = series[0]
    if not idle:
        known = [pattern.text for asker in rulebook.askers for pattern in asker.services]
        near = nearest_name(service, known)
        hint = f'did you mean "{near}"?' if near else f"the rules are about {', '.join(dict.fromkeys(known))}"
        problems.error("E306", f'no rule is about the service "{service}"', (*first.path, "service"), hint=hint)
        return
    asker = idle[0]
    lacks = min((sorted(need - {one.metric for one in series}) for need in _needs(asker)), key=len)
    given = [(one, near) for one in series if (near := nearest_name(one.metric, lacks)) and one.metric != near]
    if given:
        series_of, near = given[0]
        hint = f"did you mean {near!r}?"
        problems.error("E307", f"no rule reads {series_of.metric}", (*series_of.path, "metric"), hint=hint)
        return
    message = f'{_named(asker)} also reads {", ".join(lacks)} of "{service}", and there is no such series'
    problems.error("E307", message, (*first.path, "metric"), hint=f'add [[test.series]] with metric = "{lacks[0]}"')


def _check_used(series: Sequence[Series], found: Sequence[Sheet], problems: Problems) -> None:
    """A metric that no rule reads is probably misspelt."""
    askers = {_named(one): one for sheet in found for one in _askers(sheet.asked.rules, sheet.asked.slas)}
    read = {metric for asker in askers.values() for metric in _read(asker)}
    if not read:
        return
    for metric in dict.fromkeys(one.metric for one in series):
        if metric not in read:
            first = next(one for one in series if one.metric == metric)
            near = nearest_name(metric, read)
            hint = f"did you mean {near!r}?" if near else f"they read {', '.join(sorted(read))}"
            message = f"no rule that is tested here reads {metric}"
            problems.warning("W303", message, (*first.path, "metric"), hint=hint)


def _read(asker: Asker) -> set[str]:
    if isinstance(asker, Sla):
        return set(asker.metrics)
    rule = asker
    if rule.figures:
        return set(rule.figures)
    criteria = (rule.criteria, *(override.criteria for override in rule.overrides))
    found: set[str] = set()
    for each in criteria:
        found |= each.only_if.metrics if each.only_if is not None else set()
        for threshold in (each.warning, each.critical):
            if threshold is not None:
                found |= threshold.breach.metrics | (threshold.clear.metrics if threshold.clear is not None else set())
    return found


class _Places:
    """Which nodes of a service's series a query's answer has: (node, whether it is a parent's own row)."""

    def __init__(
        self,
        sources: Mapping[str, SourceConfig],
        series: Sequence[Series],
        asked: Sequence[Asked],
        named: Collection[Name],
        problems: Problems,
    ) -> None:
        self._sources = sources
        self._asked = asked
        self._agreed = {name for kind, name in named if kind == "sla"}
        self._problems = problems
        self._first = series[0].path
        self._nodes = list(dict.fromkeys(one.node for one in series))
        self._depths = sorted({len(node) for node in self._nodes})
        self._parents = {node[:length] for node in self._nodes for length in range(len(node))}

    def rows(self, asked: Asked) -> list[tuple[Node, bool]]:
        """The rows of the query's answer; none where the series have nothing for it."""
        query = asked.query
        if query.path is not None:
            return self._below(query.path)
        depth = self._depth(asked, query.level or "")
        if depth is None:
            return [(node, node in self._parents) for node in self._nodes]
        judged = [node for node in self._nodes if len(node) == depth]
        above = {node[:length] for node in judged for length in range(depth)}
        return [(node, node in above) for node in self._nodes if len(node) == depth or node in above] if judged else []

    def _below(self, path: Node) -> list[tuple[Node, bool]]:
        """A path query sees the children of its node, and the node's own figures."""
        children = [(node, False) for node in self._nodes if len(node) == len(path) + 1 and node[:-1] == path]
        own = [(path, bool(children))] if path in self._nodes else []
        return own + children

    def _depth(self, asked: Asked, level: str) -> int | None:
        """How many names a node of that level has; None: the level's nodes are those that have no others below them."""
        query = asked.query
        source = self._sources.get(query.source)
        declared = source.levels.get(query.hierarchy, ()) if source is not None else ()
        same = [
            one
            for one in self._asked
            if (one.query.source, one.query.hierarchy) == (query.source, query.hierarchy)
            and (one is asked or self._is_wanted(one))
        ]
        levels = tuple(dict.fromkeys(one.query.level for one in same if one.query.level is not None))
        if level in declared:
            depth = declared.index(level) + 1
            return None if len(levels) == 1 and depth not in self._depths else depth
        if len(levels) == 1:
            return None
        order = max((asker.levels for one in same for asker in _askers(one.rules, one.slas)), key=len)
        if set(levels) <= set(order):
            # The levels of one rule, from the top: the series have the last of them.
            position = order.index(level) - len(order) + len(self._depths)
            return self._depths[position] if position >= 0 else 0
        if len(self._depths) > 1:
            if not self._is_wanted(asked):
                return 0
            names = ", ".join(f'"{one}"' for one in levels)
            hint = f"add levels = {{ {query.hierarchy} = [{names}] }} to [[source]], from the top down"
            message = f"which nodes are on which level of {query.hierarchy}? Its levels are not declared"
            self._problems.error("E310", message, (*self._first, "node"), hint=hint)
        return None

    def _is_wanted(self, asked: Asked) -> bool:
        """Whether the test is about it, not only about figures that an SLA reads as well."""
        return bool(asked.rules) or any(sla.id in self._agreed for sla in asked.slas)


def _sheet(asked: Asked, rows: Sequence[tuple[Node, bool]], series: Sequence[Series], polls: int) -> Sheet:
    position = {node: i for i, (node, _) in enumerate(rows)}
    columns: dict[str, Floats] = {}
    for one in series:
        if one.node in position:
            if one.metric not in columns:
                columns[one.metric] = np.full((polls, len(rows)), np.nan)
            columns[one.metric][: one.values.size, position[one.node]] = one.values
    present: Bools = np.zeros((polls, len(rows)), bool)
    for column in columns.values():
        present |= ~np.isnan(column)
    aggregate = np.array([is_parent for _, is_parent in rows], bool)
    # An answer of a level without any row of it has no rows of parents either.
    present[:, aggregate] &= np.logical_or.reduce(present[:, ~aggregate], axis=1)[:, None]
    return Sheet(asked, tuple(node for node, _ in rows), tuple(is_parent for _, is_parent in rows), columns, present)
