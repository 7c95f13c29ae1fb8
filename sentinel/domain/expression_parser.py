"""From text to tree, with units checked on the way. Precedence: or, and, not, comparison, + -, * /, unary minus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sentinel.domain.expression_tokens import ExpressionError, Token, tokens
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
)
from sentinel.domain.metrics import Unit, nearest

DEEPEST = 50
"""Nested parentheses at most: a condition deeper than that is a mistake or an attack."""

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

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> Token | None:
        token = self._now
        if token.kind in ("sign", "name") and token.text in texts:
            self._at += 1
            return token
        return None

    def expect_end(self) -> None:
        token = self._now
        if token.kind == "end":
            return
        if token.text == "=":
            raise ExpressionError("a single = compares nothing", token.start, token.end, hint="write ==")
        raise ExpressionError(f"{token.text!r} is not expected here", token.start, token.end)

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
        while self._take("or"):
            right = self._both()
            left = _Spanned(Either(self.logic(left), self.logic(right)), left.start, right.end)
        return left

    def _both(self) -> _Spanned:
        left = self._negation()
        while self._take("and"):
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
        a, b = self._figure(left), self._figure(right)
        self._same_unit(a, b, right if isinstance(b, Number) else left)
        chained = self._take(*_COMPARISONS)
        if chained:
            raise ExpressionError(
                "comparisons cannot be chained", chained.start, chained.end, hint="write a < b and b < c"
            )
        return _Spanned(Compare(sign.text, a, b), left.start, right.end)  # type: ignore[arg-type]  # one of the six

    def _sum(self) -> _Spanned:
        left = self._product()
        while sign := self._take("+", "-"):
            right = self._product()
            a, b = self._figure(left), self._figure(right)
            self._same_unit(a, b, right)
            unit = b.unit if a.unit is Unit.ANY else a.unit
            left = _Spanned(Operation(sign.text, a, b, unit), left.start, right.end)  # type: ignore[arg-type]  # + or -
        return left

    def _product(self) -> _Spanned:
        left = self._factor()
        while sign := self._take("*", "/"):
            right = self._factor()
            a, b = self._figure(left), self._figure(right)
            unit = _divided(a.unit, b) if sign.text == "/" else self._multiplied(a, b, sign)
            left = _Spanned(Operation(sign.text, a, b, unit), left.start, right.end)  # type: ignore[arg-type]  # * or /
        return left

    def _factor(self) -> _Spanned:
        minus = self._take("-")
        if minus is None:
            return self._atom()
        self._enter(minus)
        inner = self._factor()
        self._depth -= 1
        figure = self._figure(inner)
        zero = Number(0.0, figure.unit, "0")
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
        if token.kind == "name" and token.text not in ("and", "or", "not"):
            return self._call(token) if self._now.text == "(" else self._metric(token)
        what = "the condition ends here" if token.kind == "end" else f"{token.text!r} is not expected here"
        raise ExpressionError(what, token.start, token.end, hint="a metric or a number is missing")

    def _enter(self, token: Token) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError(f"nested deeper than {DEEPEST}", token.start, token.end)

    def _close(self, opened: Token) -> int:
        closing = self._take(")")
        if closing is None:
            raise ExpressionError("this parenthesis is never closed", opened.start, opened.end)
        return closing.end

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
        inner = self._sum()
        self._depth -= 1
        figure = self._figure(inner)
        return _Spanned(Parent(figure, figure.unit), token.start, self._close(opened))

    def _same_unit(self, a: Arithmetic, b: Arithmetic, place: _Spanned) -> None:
        if _fits(a, b):
            return
        hint = ""
        if Unit.TIME in (a.unit, b.unit) and Unit.COUNT in (a.unit, b.unit):
            hint = "write the unit: 150ms or 2s"
        elif Unit.BYTES in (a.unit, b.unit) and Unit.COUNT in (a.unit, b.unit):
            hint = "write the unit: 10MB"
        elif Unit.RATIO in (a.unit, b.unit):
            hint = "a percentage is compared with a ratio such as devices_with_errors / devices"
        raise ExpressionError(
            f"{a.unit.value} and {b.unit.value} do not fit together", place.start, place.end, hint=hint, code="unit"
        )

    def _multiplied(self, a: Arithmetic, b: Arithmetic, sign: Token) -> Unit:
        plain = (Unit.COUNT, Unit.RATIO)
        if Unit.ANY in (a.unit, b.unit):
            return Unit.ANY
        if a.unit in plain:
            return b.unit if b.unit not in plain or a.unit is Unit.COUNT else a.unit
        if b.unit in plain:
            return a.unit
        raise ExpressionError(f"{a.unit.value} times {b.unit.value} means nothing", sign.start, sign.end, code="unit")


def _fits(a: Arithmetic, b: Arithmetic) -> bool:
    if a.unit is b.unit or Unit.ANY in (a.unit, b.unit):
        return True
    if {a.unit, b.unit} == {Unit.RATIO, Unit.COUNT}:
        # A plain number may stand for a ratio (0.05); counting something against a percentage is a mistake.
        plain = a if a.unit is Unit.COUNT else b
        return isinstance(plain, Number)
    zero = (a, b) if isinstance(b, Number) else (b, a)
    return isinstance(zero[1], Number) and zero[1].value == 0 and zero[1].unit is Unit.COUNT


def _divided(unit: Unit, divisor: Arithmetic) -> Unit:
    """What a figure of `unit` divided by another is: like by like is a ratio; by a plain number it stays itself."""
    if Unit.ANY in (unit, divisor.unit):
        return Unit.ANY
    if isinstance(divisor, Number) and divisor.unit in (Unit.COUNT, Unit.RATIO):
        return unit
    if unit is divisor.unit:
        return Unit.RATIO
    return unit if divisor.unit in (Unit.COUNT, Unit.RATIO) else Unit.ANY
