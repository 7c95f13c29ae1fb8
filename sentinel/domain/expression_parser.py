"""From text to tree, with units checked on the way. Precedence: or, and, not, comparison, + -, * /, unary minus."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sentinel.domain.expression_tokens import WORDS, ExpressionError, Token, tokens
from sentinel.domain.expression_tree import (
    Arithmetic,
    Both,
    Compare,
    Either,
    Logic,
    Metric,
    Not,
    Number,
    Operation,
    Parent,
    constant,
)
from sentinel.domain.metrics import Unit, nearest

DEEPEST = 50
"""Nested parentheses at most: a condition deeper than that is a mistake or an attack."""

MOST = 150
"""Signs and words between two operands at most: a chain of them is a tree as deep as it is long."""

HISTORY = frozenset({"baseline", "avg", "min", "max", "change"})
"""Functions over recorded readings; the language reserves their names."""

FUNCTIONS = frozenset({"parent"})

_COMPARISONS = ("<=", ">=", "==", "!=", "<", ">")


@dataclass(frozen=True, slots=True)
class _Spanned:
    """A piece of the tree with its place in the text."""

    tree: Arithmetic | Logic
    start: int
    end: int


def parse_tree(text: str, units: Mapping[str, Unit]) -> Logic:
    """The condition's tree. `units` are the metrics that exist.

    Raises:
        ExpressionError: the text is no condition, names an unknown metric, or mixes units.
    """
    parser = _Parser(text, tokens(text), units)
    found = parser.either()
    parser.expect_end()
    return parser.logic(found)


class _Parser:
    def __init__(self, text: str, found: list[Token], units: Mapping[str, Unit]) -> None:
        self._text = text
        self._tokens = found
        self._units = units
        self._at = 0
        self._depth = 0
        self._joints = 0

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> Token | None:
        token = self._now
        if token.kind in ("sign", "name") and token.text in texts:
            self._at += 1
            return token
        return None

    def _join(self, *texts: str) -> Token | None:
        """Take a sign or word that stands between two operands."""
        token = self._take(*texts)
        if token is not None:
            self._joints += 1
            if self._joints > MOST:
                raise ExpressionError(f"a condition has at most {MOST} operators", token.start, token.end)
        return token

    def expect_end(self) -> None:
        token = self._now
        if token.kind == "end":
            return
        if token.text == "=":
            raise ExpressionError("a single = compares nothing", token.start, token.end, hint="write ==")
        raise _unexpected(token)

    def logic(self, piece: _Spanned) -> Logic:
        if isinstance(piece.tree, Compare | Both | Either | Not):
            return piece.tree
        raise ExpressionError(
            "this is a figure, not a condition", piece.start, piece.end, hint="compare it: ... > 5%", code="type"
        )

    def _figure(self, piece: _Spanned) -> Arithmetic:
        if isinstance(piece.tree, Number | Metric | Parent | Operation):
            return piece.tree
        raise ExpressionError(
            "this is a condition where a figure is needed",
            piece.start,
            piece.end,
            hint="join conditions by and / or",
            code="type",
        )

    def either(self) -> _Spanned:
        left = self._both()
        while self._join("or"):
            right = self._both()
            left = _Spanned(Either(self.logic(left), self.logic(right)), left.start, right.end)
        return left

    def _both(self) -> _Spanned:
        left = self._negation()
        while self._join("and"):
            right = self._negation()
            left = _Spanned(Both(self.logic(left), self.logic(right)), left.start, right.end)
        return left

    def _negation(self) -> _Spanned:
        word = self._take("not")
        if word is None:
            return self._comparison()
        self._enter(word)
        inner = self._negation()
        self._depth -= 1
        return _Spanned(Not(self.logic(inner)), word.start, inner.end)

    def _comparison(self) -> _Spanned:
        left = self._sum()
        sign = self._take(*_COMPARISONS)
        if sign is None:
            return left
        right = self._sum()
        chained = self._take(*_COMPARISONS)
        if chained:
            raise ExpressionError(
                "comparisons cannot be chained", chained.start, chained.end, hint="write a < b and b < c"
            )
        a, b = self._figure(left), self._figure(right)
        _same_unit(a, b, right if constant(b) is not None else left)
        return _Spanned(Compare(sign.text, a, b), left.start, right.end)  # type: ignore[arg-type]  # one of the six

    def _sum(self) -> _Spanned:
        left = self._product()
        while sign := self._join("+", "-"):
            right = self._product()
            a, b = self._figure(left), self._figure(right)
            _same_unit(a, b, right)
            tree = Operation(sign.text, a, b, _added(a, b))  # type: ignore[arg-type]  # + or -
            left = _counted(_Spanned(tree, left.start, right.end))
        return left

    def _product(self) -> _Spanned:
        left = self._factor()
        while sign := self._join("*", "/"):
            right = self._factor()
            a, b = self._figure(left), self._figure(right)
            if sign.text == "/" and constant(b) == 0:
                raise ExpressionError("division by zero has no result", right.start, right.end, code="constant")
            unit = _divided(a, b) if sign.text == "/" else _multiplied(a, b, sign)
            tree = Operation(sign.text, a, b, unit)  # type: ignore[arg-type]  # * or /
            left = _counted(_Spanned(tree, left.start, right.end))
        return left

    def _factor(self) -> _Spanned:
        minus = self._take("-")
        if minus is None:
            return self._atom()
        self._enter(minus)
        inner = self._factor()
        self._depth -= 1
        figure = self._figure(inner)
        zero = Number(0.0, figure.unit, "")  # without a text: `written` shows a minus sign, no zero
        if isinstance(figure, Number):
            return _Spanned(Number(-figure.value, figure.unit, "-" + figure.text), minus.start, inner.end)
        return _Spanned(Operation("-", zero, figure, figure.unit), minus.start, inner.end)

    def _atom(self) -> _Spanned:
        token = self._now
        self._at += 1
        if token.kind == "number":
            return _Spanned(Number(token.value, token.unit, token.text), token.start, token.end)
        if token.text == "(":
            self._enter(token)
            inner = self.either()
            self._depth -= 1
            return _Spanned(inner.tree, token.start, self._close(token))
        if token.kind == "name" and token.text not in WORDS:
            return self._call(token) if self._now.text == "(" else self._metric(token)
        if token.kind == "end":
            missing = "a metric or a number is missing"
            raise ExpressionError("the condition ends here", token.start, token.end, hint=missing)
        raise _unexpected(token, "a metric or a number is missing")

    def _enter(self, token: Token) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError(f"nested deeper than {DEEPEST}", token.start, token.end)

    def _close(self, opened: Token) -> int:
        closing = self._take(")")
        if closing is not None:
            return closing.end
        if self._now.kind == "end":
            raise ExpressionError("this parenthesis is never closed", opened.start, opened.end)
        raise _unexpected(self._now)

    def _metric(self, token: Token) -> _Spanned:
        unit = self._units.get(token.text)
        if unit is None:
            near = nearest(token.text, self._units)
            hint = (
                f"did you mean {near!r}?" if near else "metrics are listed in the reference; a source may add columns"
            )
            raise ExpressionError(
                f"unknown metric {token.text!r}", token.start, token.end, hint=hint, code="unknown_metric"
            )
        return _Spanned(Metric(token.text, unit), token.start, token.end)

    def _call(self, token: Token) -> _Spanned:
        if token.text in HISTORY:
            raise ExpressionError(
                f"{token.text}() is not available yet: conditions cannot look at the past so far",
                token.start,
                token.end,
                hint="compare with a fixed limit, or with parent(...)",
                code="not_yet",
            )
        if token.text not in FUNCTIONS:
            near = nearest(token.text, FUNCTIONS | HISTORY)
            raise ExpressionError(
                f"unknown function {token.text!r}",
                token.start,
                token.end,
                hint=f"did you mean {near!r}?" if near else "the only function is parent(...)",
                code="unknown_function",
            )
        opened = self._now
        self._at += 1
        self._enter(opened)
        inner = self.either()
        self._depth -= 1
        figure = self._figure(inner)
        if constant(figure) is not None:
            raise ExpressionError(
                "parent() needs a metric", inner.start, inner.end, hint="write parent(devices)", code="constant"
            )
        return _Spanned(Parent(figure, figure.unit), token.start, self._close(opened))


def _unexpected(token: Token, hint: str = "") -> ExpressionError:
    if token.text.lower() in WORDS and token.text not in WORDS:
        hint = f"write {token.text.lower()}"
    return ExpressionError(f"{token.text!r} is not expected here", token.start, token.end, hint=hint)


def _counted(piece: _Spanned) -> _Spanned:
    """The piece, unless it is arithmetic on numbers alone that has no result."""
    assert isinstance(piece.tree, Operation)
    if math.isfinite(constant(piece.tree) or 0.0):
        return piece
    raise ExpressionError("this number is too large", piece.start, piece.end, code="constant")


def _same_unit(a: Arithmetic, b: Arithmetic, place: _Spanned) -> None:
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
    raise ExpressionError(
        f"{a.unit.value} and {b.unit.value} do not fit together", place.start, place.end, hint=hint, code="unit"
    )


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


def _added(a: Arithmetic, b: Arithmetic) -> Unit:
    """The unit of a sum or difference of what fits: of `1 - errors / devices` it is a ratio."""
    if _is_plain(a) or (a.unit is Unit.ANY and not _is_plain(b)):
        return b.unit
    return a.unit


def _multiplied(a: Arithmetic, b: Arithmetic, sign: Token) -> Unit:
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


def _divided(a: Arithmetic, b: Arithmetic) -> Unit:
    """Like by like is a ratio; by a number or per piece it stays itself; anything else has a unit of its own."""
    if _is_plain(b):
        return a.unit
    if Unit.ANY in (a.unit, b.unit):
        return Unit.ANY
    if a.unit is b.unit:
        return Unit.RATIO
    return a.unit if b.unit in (Unit.COUNT, Unit.RATIO) else Unit.ANY
