"""What an edit makes of agreements, for people."""

from __future__ import annotations

from sentinel.backtest.difference import Agreement
from sentinel.backtest.report import Report
from sentinel.domain.attained_text import objective_text, percent_text
from sentinel.domain.dossier import Row
from sentinel.domain.sentences import duration
from sentinel.slareport.table import budget_left

ALONE = ("SLA", "SERVICE", "OBJECTIVE", "ATTAINED", "BUDGET LEFT", "UNKNOWN")
BESIDE = ("SLA", "SERVICE", "OBJECTIVE", "OLD", "NEW", "OLD BUDGET LEFT", "NEW BUDGET LEFT", "UNKNOWN")


def effects(report: Report) -> list[str]:
    """A sentence for each agreement; beside other rules for those whose figures are others."""
    alone = report.old is None
    return [_effect(one, alone=alone) for one in report.agreements if alone or one.differs]


def _effect(one: Agreement, *, alone: bool) -> str:
    """What an edit makes of an agreement, in a sentence."""
    said = f"{one.sla} of {one.service}: "
    if one.new is None:
        return f"{said}only the old rules have it, {_attained(one.old)}"
    if one.old is None:
        return f"{said}{'' if alone else 'only the new rules have it, '}{_attained(one.new)}"
    return f"{said}{_attained(one.new)}, instead of {_attained(one.old)}"


def _attained(row: Row | None) -> str:
    if row is None:
        return ""
    left = budget_left(row)
    return f"{percent_text(row.availability, row.objective)} of {objective_text(row.objective)}, budget left {left}"


def agreement_rows(report: Report) -> list[tuple[str, ...]]:
    """The table of agreements."""
    rows = []
    for one in report.agreements:
        row = one.new or one.old
        assert row is not None, "one side has it"
        sides = (one.new,) if report.old is None else (one.old, one.new)
        rows.append(
            (
                one.sla,
                one.service,
                " / ".join(dict.fromkeys(objective_text(side.objective) for side in sides if side is not None)),
                *("" if side is None else percent_text(side.availability, side.objective) for side in sides),
                *("" if side is None else budget_left(side) for side in sides),
                duration(row.unknown_seconds) if row.unknown_seconds else "",
            )
        )
    return rows
