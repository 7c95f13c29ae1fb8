"""What a test plays, and so what it can be about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sentinel.config.rule_test_sheets import Series
from sentinel.domain.hierarchy import Node
from sentinel.domain.rehearsal import AlertName, Rehearsal
from sentinel.domain.rules import SOURCE_RULE


@dataclass(frozen=True)
class Known:
    """What a test can be about. `readable`: all of its values are, so that it is known when it ends."""

    rehearsal: Rehearsal
    series: Sequence[Series]
    readable: bool

    @cached_property
    def alerts(self) -> dict[Node, list[AlertName]]:
        """Every node that is judged, with its alerts."""
        found: dict[Node, list[AlertName]] = {}
        for sheet in self.rehearsal.sheets:
            for node, is_parent in zip(sheet.nodes, sheet.aggregate, strict=True):
                if not is_parent:
                    names = [(rule.id, sheet.asked.query.service, node) for rule in sheet.asked.rules]
                    found.setdefault(node, []).extend(names)
        return found

    @cached_property
    def nodes(self) -> set[Node]:
        """Every node that a notice may be about: those of the series, and all above them."""
        return {one.node[:length] for one in self.series for length in range(len(one.node) + 1)}

    @cached_property
    def services(self) -> list[str]:
        """The services of the series."""
        return list(dict.fromkeys(one.service for one in self.series))

    @cached_property
    def agreed(self) -> dict[tuple[str, str], set[Node]]:
        """Every SLA (its id) and service that is played, with the nodes that have figures: the judged ones and all above."""
        found: dict[tuple[str, str], set[Node]] = {}
        for sheet in self.rehearsal.sheets:
            judged = [node for node, is_parent in zip(sheet.nodes, sheet.aggregate, strict=True) if not is_parent]
            for sla in sheet.asked.slas:
                nodes = found.setdefault((sla.id, sheet.asked.query.service), {()})
                nodes |= {node[:length] for node in judged for length in range(len(node) + 1)}
        return found

    @cached_property
    def rules(self) -> list[str]:
        """The rules of the file, and the built-in one about sources."""
        return [*(rule.id for rule in self.rehearsal.rulebook.rules), SOURCE_RULE]
