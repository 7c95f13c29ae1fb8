"""What a test expects, held against what it plays: names, instants, kinds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sentinel.config.durations import duration_text
from sentinel.config.nearness import nearest_name
from sentinel.config.positions import Path
from sentinel.config.problems import Problems, Side
from sentinel.config.rule_test_known import Known
from sentinel.config.rule_test_schema import ExpectTable, NoticeTable, TestTable
from sentinel.config.rule_test_slas import read_expected_slas
from sentinel.domain.alerts import State
from sentinel.domain.hierarchy import node_text, parse_node
from sentinel.domain.rehearsal_sla import ExpectedSla
from sentinel.domain.rehearsal_verdict import ExpectedNotice, ExpectedState


class Expectations(NamedTuple):
    """All that a test expects; lists of notices None: anything."""

    states: tuple[ExpectedState, ...]
    notices: tuple[ExpectedNotice, ...] | None
    not_told: tuple[ExpectedNotice, ...] | None
    sla: tuple[ExpectedSla, ...]


def read_expectations(table: TestTable, path: Path, known: Known, problems: Problems) -> Expectations:
    """What the test expects; what can never come true is noted."""
    reader = _Reader(known, problems)
    lists = (table.expect_notices, table.expect_not_told)
    keys = ("expect", "expect_notices", "expect_not_told", "expect_sla")
    nothing = not table.expect and not table.expect_sla and lists == (None, None)
    if nothing and not any(problems.touches((*path, key)) for key in keys):
        hint = "add [[test.expect]] with at and states, or [[test.expect_notices]]"
        problems.warning("W302", "the test expects nothing, so it cannot fail", path, hint=hint, side="key")
    states = [one for n, expect in enumerate(table.expect) for one in reader.states(expect, (*path, "expect", n))]
    notices, not_told = (
        None if tables is None else tuple(reader.notice(one, (*path, key, n)) for n, one in enumerate(tables))
        for key, tables in zip(keys[1:3], lists, strict=True)
    )
    return Expectations(tuple(states), notices, not_told, read_expected_slas(table.expect_sla, path, known, problems))


class _Reader:
    def __init__(self, known: Known, problems: Problems) -> None:
        self._known = known
        self._problems = problems

    def states(self, table: ExpectTable, path: Path) -> Iterable[ExpectedState]:
        """One expected state for each node that is named."""
        self._check_at(table.at, path)
        self._check_names(table.service, table.rule, path)
        if self._broken(path):
            return
        for text, word in table.states.items():
            node = parse_node(text)
            alerts = self._known.alerts.get(node, [])
            meant = tuple(
                name
                for name in alerts
                if (table.rule is None or name[0] == table.rule) and (table.service is None or name[1] == table.service)
            )
            if meant:
                yield ExpectedState(at=table.at, node=node, state=State(word), names=meant)
            else:
                self._tell_unjudged(text, bool(alerts), (*path, "states", text))

    def notice(self, table: NoticeTable, path: Path) -> ExpectedNotice:
        """One notice."""
        if table.at is not None:
            self._check_at(table.at, path)
        self._check_names(table.service, table.rule, path)
        node = None if table.node is None else tuple(table.node)
        if node is not None and node not in self._known.nodes:
            self._tell_unknown_node(node_text(node), (*path, "node"))
        return ExpectedNotice(
            at=table.at,
            kind=table.kind,
            severity=table.severity,
            node=node,
            service=table.service,
            rule=table.rule,
            reason=getattr(table, "reason", None),
        )

    def _broken(self, path: Path) -> bool:
        return any(self._problems.touches((*path, key)) for key in ("at", "service", "rule")) or not self._known.alerts

    def _check_at(self, at: float, path: Path) -> None:
        one = self._known.rehearsal
        if at < one.polls * one.every or not self._known.readable:
            return
        last = duration_text((one.polls - 1) * one.every)
        hint = f"{one.polls} polls every {duration_text(one.every)} end at {last}: make the series longer"
        self._problems.error("E309", f"the test is over before {duration_text(at)}", (*path, "at"), hint=hint)

    def _check_names(self, service: str | None, rule: str | None, path: Path) -> None:
        for key, name, names in (("service", service, self._known.services), ("rule", rule, self._known.rules)):
            if name is not None and name not in names:
                near = nearest_name(name, names)
                hint = f'did you mean "{near}"?' if near else f"there are {', '.join(names)}"
                what = "no series is about" if key == "service" else "there is no rule"
                self._problems.error("E308", f'{what} "{name}"', (*path, key), hint=hint)

    def _tell_unjudged(self, text: str, is_judged: bool, path: Path) -> None:
        if is_judged:
            message = f'no alert of "{text}" has that rule and service'
            self._problems.error("E308", message, path, side="key")
        elif any(one.node == parse_node(text) for one in self._known.series):
            message = f'no rule judges "{text}": its level or path is another one'
            self._problems.error("E308", message, path, side="key")
        else:
            self._tell_unknown_node(text, path, side="key")

    def _tell_unknown_node(self, text: str, path: Path, *, side: Side = "value") -> None:
        names = [node_text(node) for node in self._known.nodes]
        near = nearest_name(text, [name for name in names if name])
        leaves = sorted(node_text(node) for node in self._known.alerts)
        hint = f'did you mean "{near}"?' if near else f"nodes are {', '.join(leaves[:5])}"
        self._problems.error("E308", f'no series has the node "{text}"', path, hint=hint, side=side)
