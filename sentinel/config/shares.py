"""Shares of a whole in conditions: a limit of many times the whole is a slip, `> 10` where `> 10%` was meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sentinel.domain.expression_tree import Arithmetic, Compare, Logic, Metric, Not, Number, Operation, constant
from sentinel.domain.expressions import Condition
from sentinel.domain.metrics import Unit

FAR_BEYOND = 5.0
"""500 %. A little more than the whole may happen where two figures are counted differently; five times it does not."""

_PERCENT = 100.0

_WHOLES: Mapping[str, str] = {
    "devices_with_errors": "devices",
    "devices_with_warnings": "devices",
    "failed_connections": "connections",
    "http_3xx": "web_requests",
    "http_4xx": "web_requests",
    "http_5xx": "web_requests",
}
"""Metric -> what it is a part of. Other quotients of counts (connections per device) may be any number."""


class Doubt(NamedTuple):
    """A doubtful limit: what about it, its characters in the condition's text, what may have been meant, its code."""

    message: str
    start: int
    end: int
    hint: str
    code: str = "W113"


def doubtful_shares(condition: Condition) -> Iterator[Doubt]:
    """The limits of shares that lie at `FAR_BEYOND` the whole or above, or that count their hundred twice."""
    for compare in _comparisons(condition.tree):
        for figure, limit in ((compare.left, compare.right), (compare.right, compare.left)):
            value = constant(limit)
            if value is not None and limit.unit is Unit.RATIO and _is_times_hundred(figure):
                message = "a figure times 100 is compared with a percentage, which is a hundredth already"
                found = _doubt(condition, limit, message, "leave out * 100")
                yield found._replace(code="W129")
                continue
            if value is None or value < FAR_BEYOND or constant(figure) is not None:
                continue
            if limit.unit is Unit.RATIO:
                yield _doubt(condition, limit, f"the limit is {value:g} times the whole", "")
            elif _is_share(figure):
                meant = f"did you mean {value:g}%?" if value <= _PERCENT else ""
                yield _doubt(condition, limit, f"a share is 1 at most, and the limit is {value:g}", meant)


def _doubt(condition: Condition, limit: Arithmetic, message: str, hint: str) -> Doubt:
    """At the limit where it is one number that stands in the text once, else at the whole condition."""
    text = limit.text if isinstance(limit, Number) else ""
    if not text or condition.text.count(text) != 1:
        return Doubt(message, 0, len(condition.text), hint)
    start = condition.text.index(text)
    return Doubt(message, start, start + len(text), hint)


def _is_times_hundred(figure: Arithmetic) -> bool:
    if not isinstance(figure, Operation) or figure.op != "*":
        return False
    return _PERCENT in (constant(figure.left), constant(figure.right))


def _is_share(figure: Arithmetic) -> bool:
    if not isinstance(figure, Operation) or figure.op != "/":
        return False
    part, whole = figure.left, figure.right
    return isinstance(part, Metric) and isinstance(whole, Metric) and _WHOLES.get(part.name) == whole.name


def _comparisons(tree: Logic) -> Iterator[Compare]:
    if isinstance(tree, Compare):
        yield tree
    elif isinstance(tree, Not):
        yield from _comparisons(tree.inner)
    else:
        yield from _comparisons(tree.left)
        yield from _comparisons(tree.right)
