"""What a file of tests with rules of its own need not say: a source, services and somebody who is told everything."""

from __future__ import annotations

import re

from sentinel.config.rule_test_schema import RuleTestsFile
from sentinel.config.schema import ReceiverTable, RouteTable, RuleTable, ServiceTable, SourceTable
from sentinel.config.sla_schema import SlaTable
from sentinel.domain.expression_tokens import WORDS
from sentinel.domain.functions import FUNCTIONS
from sentinel.domain.metrics import CATALOGUE

NAME = "test"
"""Of the source and the receiver that stand in."""

_METRIC = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def with_stand_ins(found: RuleTestsFile) -> RuleTestsFile:
    """The file with what its rules need: sources as they name them, and one route to one receiver.

    Its rules are asked as often as its tests poll, and of its sources every answer is a new sample: no doubt about
    either is any use here.
    """
    changes: dict[str, object] = {}
    if not found.source:
        askers: list[RuleTable | SlaTable | ServiceTable] = [*found.rule, *found.sla, *found.service]
        names = [one.source for one in askers]
        known = list(dict.fromkeys(name for name in names if name is not None)) or [NAME]
        columns = {metric: metric for metric in _own_metrics(found)}
        like = {"url": "http://127.0.0.1", "step": "0s", "columns": columns}
        changes["source"] = [SourceTable.model_validate({"name": name, **like}) for name in known]
    else:
        changes["source"] = [source.model_copy(update={"step": 0.0}) for source in found.source]
    if found.every is not None and "every" not in found.defaults.model_fields_set:
        changes["defaults"] = found.defaults.model_copy(update={"every": found.every})
    if not found.receiver and not found.route:
        changes["receiver"] = [ReceiverTable(name=NAME, console=True)]
        changes["route"] = [RouteTable(to=[NAME])]
    return found.model_copy(update=changes)


def _own_metrics(found: RuleTestsFile) -> list[str]:
    """Metrics of the series that the catalogue does not have; a condition may name them as if a column were declared."""
    words = WORDS | set(FUNCTIONS)
    named = dict.fromkeys(one.metric for test in found.test for one in test.series)
    return [name for name in named if name not in CATALOGUE and name.lower() not in words and _METRIC.fullmatch(name)]
