"""Which figures fit together, and the unit of what is made of them."""

from __future__ import annotations

from sentinel.domain.expression_tokens import ExpressionError, Token
from sentinel.domain.expression_tree import Arithmetic, Number, constant
from sentinel.domain.metrics import Unit


def same_unit(a: Arithmetic, b: Arithmetic, start: int, end: int) -> None:
    """Refuse what does not fit together, at that place of the text.

    Raises:
        ExpressionError: of code `unit`.
    """
    if _fits(a, b):
        return
    hint = ""
    units = {a.unit, b.unit}
    plain = next((side.text for side in (b, a) if isinstance(side, Number) and side.unit is Unit.COUNT), "")
    if units == {Unit.TIME, Unit.COUNT}:
        hint = f"write the unit: {plain or 150}ms or {plain or 2}s"
    elif units == {Unit.BYTES, Unit.COUNT}:
        hint = f"write the unit: {plain or 10}kB or {plain or 10}MB"
    elif Unit.RATIO in units:
        hint = "a percentage is compared with a ratio such as devices_with_errors / devices"
    raise ExpressionError(f"{a.unit.value} and {b.unit.value} do not fit together", start, end, hint=hint, code="unit")


def _is_plain(tree: Arithmetic) -> bool:
    """Whether it is a number without a unit, which may also stand for a ratio or scale a figure of any unit."""
    return tree.unit is Unit.COUNT and constant(tree) is not None


def _fits(a: Arithmetic, b: Arithmetic) -> bool:
    if a.unit is b.unit or Unit.ANY in (a.unit, b.unit):
        return True
    for plain, other in ((a, b), (b, a)):
        # Zero needs no unit. A plain number may stand for a ratio (0.05), a count of something may not.
        if _is_plain(plain) and (other.unit is Unit.RATIO or constant(plain) == 0):
            return True
    return False


def added(a: Arithmetic, b: Arithmetic) -> Unit:
    """The unit of a sum or difference of what fits: of `1 - errors / devices` it is a ratio."""
    if _is_plain(a) or (a.unit is Unit.ANY and not _is_plain(b)):
        return b.unit
    return a.unit


def multiplied(a: Arithmetic, b: Arithmetic, sign: Token) -> Unit:
    """A number or a share of something is still that something: `devices * 5%` counts devices."""
    if _is_plain(a) or _is_plain(b):
        return b.unit if _is_plain(a) else a.unit
    if Unit.ANY in (a.unit, b.unit):
        return Unit.ANY
    for factor in (Unit.RATIO, Unit.COUNT):
        if a.unit is factor:
            return b.unit
        if b.unit is factor:
            return a.unit
    raise ExpressionError(f"{a.unit.value} times {b.unit.value} means nothing", sign.start, sign.end, code="unit")


def divided(a: Arithmetic, b: Arithmetic) -> Unit:
    """Like by like is a ratio; by a number or per piece it stays itself; anything else has a unit of its own."""
    if _is_plain(b):
        return a.unit
    if Unit.ANY in (a.unit, b.unit):
        return Unit.ANY
    if a.unit is b.unit:
        return Unit.RATIO
    return a.unit if b.unit in (Unit.COUNT, Unit.RATIO) else Unit.ANY
