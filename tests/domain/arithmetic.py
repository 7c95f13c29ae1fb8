"""Somebody who computes by hand what a formula's text says, exactly: numbers with spaces in them, + - × / and parentheses."""

from __future__ import annotations

import ast
import re
from fractions import Fraction


def computed(formula: str) -> Fraction:
    """The value of what stands right of the first `=`, up to the first remark. Words beside the numbers are units."""
    right = formula.partition(" = ")[2].partition("; ")[0]
    right = re.sub(r"of [0-9 ]+ nodes?", "", right)
    right = re.sub(r"× [a-z]+", "", right)
    right = re.sub(r"[a-z]+", "", right)
    sum_ = re.sub(r"(?<=[0-9]) (?=[0-9])", "", right).replace("×", "*").strip()
    return _value(ast.parse(sum_, mode="eval").body, sum_)


def _value(node: ast.expr, text: str) -> Fraction:
    if isinstance(node, ast.Constant):
        return Fraction(ast.get_source_segment(text, node) or "")
    assert isinstance(node, ast.BinOp)
    left, right = _value(node.left, text), _value(node.right, text)
    if isinstance(node.op, ast.Sub):
        return left - right
    if isinstance(node.op, ast.Mult):
        return left * right
    assert isinstance(node.op, ast.Div)
    return left / right


def percent(text: str) -> Fraction:
    """The share that `99.72 %` writes."""
    assert text.endswith(" %"), text
    return Fraction(text.removesuffix(" %")) / 100
