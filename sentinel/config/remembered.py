"""Names of a rules file against those that were seen: services, hierarchies and nodes of the record. `check --record`.

A file cannot know them: nodes come from the source alone. What was never seen may still be right, so these are warnings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sentinel.config.definitions import Loaded
from sentinel.config.nearness import nearest_name
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.source_tables import is_uid
from sentinel.domain.calendars import Maintenance
from sentinel.domain.hierarchy import Node, NodePattern, node_text
from sentinel.domain.records import QueryState
from sentinel.domain.rules import Route, Rule
from sentinel.errors import Problem


def unseen_names(loaded: Loaded, states: Iterable[QueryState]) -> tuple[Problem, ...]:
    """Warnings about services, hierarchies and nodes that none of the remembered queries has."""
    check = _Check(Problems(loaded.file, loaded.text.removeprefix("\ufeff")), tuple(states))
    for number, rule in enumerate(loaded.rulebook.rules):
        check.rule(rule, ("rule", number))
    everywhere = check.nodes(check.states)
    matching: list[tuple[str, Iterable[Route | Maintenance]]] = [
        ("route", loaded.rulebook.routes),
        ("maintenance", loaded.rulebook.maintenance),
    ]
    for kind, tables in matching:
        for number, table in enumerate(tables):
            for place, pattern in enumerate(table.matchers.node):
                check.node(pattern, everywhere, (kind, number, "node", place))
    return check.problems.all


@dataclass(frozen=True)
class _Check:
    problems: Problems
    states: tuple[QueryState, ...]

    def rule(self, rule: Rule, path: Path) -> None:
        of_source = [one for one in self.states if one.query.source == rule.source]
        services = list(dict.fromkeys(one.query.service for one in of_source))
        for place, pattern in enumerate(rule.services):
            if services and not is_uid(pattern.text) and not any(pattern.matches(name) for name in services):
                message = f'the record has no service "{pattern.text}" of {rule.source}'
                self._unseen("W132", message, pattern.text, services, (*path, "service", place))
        hierarchies = list(dict.fromkeys(one.query.hierarchy for one in of_source))
        if hierarchies and rule.hierarchy not in hierarchies:
            message = f'the record has no hierarchy "{rule.hierarchy}" of {rule.source}'
            self._unseen("W132", message, rule.hierarchy, hierarchies, (*path, "hierarchy"))
        asked = [one for one in of_source if one.query.hierarchy == rule.hierarchy and rule.covers(one.query.service)]
        nodes = self.nodes(asked)
        for place, override in enumerate(rule.overrides):
            if override.node is not None:
                self.node(override.node, nodes, (*path, "override", place, "node"))
        if rule.path and nodes and not any(node == rule.path for node in nodes):
            self._unseen_node(node_text(rule.path), nodes, (*path, "path"))

    @staticmethod
    def nodes(states: Iterable[QueryState]) -> frozenset[Node]:
        """Every node that these queries know, with all above it."""
        found = {node for one in states if one.known is not None for node in one.known.nodes}
        return frozenset(node[:depth] for node in found for depth in range(1, len(node) + 1))

    def node(self, pattern: NodePattern, nodes: frozenset[Node], path: Path) -> None:
        """Doubt a pattern that fits none of the nodes; where none is known there is nothing to say."""
        if nodes and not any(pattern.matches(node) for node in nodes):
            self._unseen_node(pattern.text, nodes, path)

    def _unseen_node(self, text: str, nodes: frozenset[Node], path: Path) -> None:
        tail = next((end for end in ("/**", "/*") if text.endswith(end)), "")
        plain = text.removesuffix(tail)
        known = sorted(node_text(node) for node in nodes if len(node) == plain.count("/") + 1)
        names = sorted({node[-1] for node in nodes}) if "/" not in plain else []
        near = nearest_name(plain, [*known, *names])
        hint = f'did you mean "{near}{tail}"?' if near else f"known at that depth: {', '.join(known[:5]) or 'none'}"
        self.problems.warning("W133", f'no node of the record fits "{text}"', path, hint=hint)

    def _unseen(self, code: str, message: str, name: str, known: list[str], path: Path) -> None:
        near = nearest_name(name, known)
        hint = f'did you mean "{near}"?' if near else f"known are {', '.join(known[:10])}"
        self.problems.warning(code, message, path, hint=hint)
