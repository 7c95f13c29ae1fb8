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
    Outliers,
    Parent,
    Past,
    constant,
)
from sentinel.domain.expression_units import added, divided, multiplied, same_unit
from sentinel.domain.functions import FUNCTIONS, Function
from sentinel.domain.metrics import Unit, nearest

DEEPEST = 50
"""Nested parentheses at most: a condition deeper than that is a mistake or an attack."""

MOST = 150
"""Signs and words between two operands at most: a chain of them is a tree as deep as it is long."""

LONGEST_WINDOW = 35 * 86400.0
"""Seconds. Five weeks hold a month and five of every weekday; a start reads as many stored readings, so no more."""

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
        self._inside: Token | None = None
        """The function over the past within which the next token stands."""

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
        if isinstance(piece.tree, Number | Metric | Parent | Past | Outliers | Operation):
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
        place = right if constant(b) is not None else left
        same_unit(a, b, place.start, place.end)
        return _Spanned(Compare(sign.text, a, b), left.start, right.end)  # type: ignore[arg-type]  # one of the six

    def _sum(self) -> _Spanned:
        left = self._product()
        while sign := self._join("+", "-"):
            right = self._product()
            a, b = self._figure(left), self._figure(right)
            same_unit(a, b, right.start, right.end)
            tree = Operation(sign.text, a, b, added(a, b))  # type: ignore[arg-type]  # + or -
            left = _counted(_Spanned(tree, left.start, right.end))
        return left

    def _product(self) -> _Spanned:
        left = self._factor()
        while sign := self._join("*", "/"):
            right = self._factor()
            a, b = self._figure(left), self._figure(right)
            if sign.text == "/" and constant(b) == 0:
                raise ExpressionError("division by zero has no result", right.start, right.end, code="constant")
            unit = divided(a, b) if sign.text == "/" else multiplied(a, b, sign)
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
        function = self._function(token)
        opened = self._now
        self._at += 1
        self._enter(opened)
        outer, self._inside = self._inside, token if function.looks_back else self._inside
        inner = self.either()
        self._inside = outer
        self._depth -= 1
        figure = self._figure(inner)
        if constant(figure) is not None:
            hint = f"write {function.shape.replace('figure', 'devices').replace('window', '1h')}"
            raise ExpressionError(f"{token.text}() needs a metric", inner.start, inner.end, hint=hint, code="constant")
        if function.looks_back:
            window = self._window(function)
            seconds = window.value / 1000
            text = "".join(window.text.split())
            tree: Arithmetic = Past(function.name, figure, seconds, figure.unit, text, (window.start, window.end))
        elif function.name == "outliers":
            if figure.unit not in (Unit.COUNT, Unit.ANY):
                message = f"outliers() is an allowance of so many devices, and this is a {figure.unit.value}"
                raise ExpressionError(message, inner.start, inner.end, hint="write outliers(devices)", code="unit")
            tree = Outliers(figure, Unit.COUNT)
        else:
            tree = Parent(figure, figure.unit)
        return _Spanned(tree, token.start, self._close(opened))

    def _function(self, token: Token) -> Function:
        function = FUNCTIONS.get(token.text)
        if function is None:
            near = nearest(token.text, FUNCTIONS)
            hint = f"did you mean {near!r}?" if near else f"functions are {', '.join(FUNCTIONS)}"
            raise ExpressionError(
                f"unknown function {token.text!r}", token.start, token.end, hint=hint, code="unknown_function"
            )
        if function.looks_back and self._inside is not None:
            message = f"{token.text}() stands inside {self._inside.text}(): the past of a past is not recorded"
            hint = "look back once, over the longer window"
            raise ExpressionError(message, token.start, token.end, hint=hint, code="nested")
        return function

    def _window(self, function: Function) -> Token:
        """The window of a function over the past: one duration."""
        example = f"e.g. {function.example}"
        if not self._take(","):
            if self._now.kind != "end" and self._now.text != ")":
                raise _unexpected(self._now)
            message = f"{function.name}() needs a window: how far it looks back"
            raise ExpressionError(message, self._now.start, self._now.end, hint=example, code="window")
        window, follows = self._now, self._tokens[min(self._at + 1, len(self._tokens) - 1)]
        if window.kind != "number" or window.unit is not Unit.TIME or follows.kind == "name":
            end = follows.end if follows.kind == "name" else window.end
            hint = "one number with a unit: 10m, 1h, 90m, 7d"
            raise ExpressionError("the window is a duration", window.start, end, hint=hint, code="window")
        self._at += 1
        if not 0 < window.value / 1000 <= LONGEST_WINDOW:
            message = f"a window is longer than nothing and at most {LONGEST_WINDOW / 86400:.0f}d"
            raise ExpressionError(message, window.start, window.end, hint=example, code="window")
        return window


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
