"""Which tests show what: the markers promise, fault and threat, read from the test files without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

KINDS = ("promise", "fault", "threat")
Names = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Mark:
    """A test (or, with an empty `test`, every test of a file) that shows the things `names`."""

    path: str
    line: int
    test: str
    kind: str
    names: Names


class Misplaced(Exception):
    """A marker that cannot be read: says where, what and what to do."""


def marks_below(root: Path) -> list[Mark]:
    """All marks in the test files below `root`, which is the folder of the project."""
    files = sorted((root / "tests").rglob("test_*.py"))
    return sorted(mark for file in files for mark in marks_in(file.read_text(), str(file.relative_to(root))))


def marks_in(source: str, path: str) -> list[Mark]:
    """The marks of one file: decorators of a test or its class, a case of `parametrize`, `pytestmark`."""
    tree = ast.parse(source)
    found: list[Mark] = []
    seen: set[int] = set()
    for test, place in _places(tree):
        for call in _calls(place):
            seen.add(id(call))
            found.append(Mark(path, call.lineno, test, _kind(call), _names(call, path)))
    for call in _calls(tree):
        if id(call) not in seen:
            raise Misplaced(f"{path}:{call.lineno}: the marker is on no test; put it above the test or into pytestmark")
    return found


def _places(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Where a marker counts, with the test it counts for."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets):
            yield "", node.value
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _of_definition(node, "")


def _of_definition(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, before: str
) -> Iterator[tuple[str, ast.expr]]:
    name = f"{before}{node.name}"
    if node.name.lower().startswith("test"):
        yield from ((name, decorator) for decorator in node.decorator_list)
    if isinstance(node, ast.ClassDef):
        for inner in node.body:
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from _of_definition(inner, f"{name}::")


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _kind(node))


def _kind(call: ast.Call) -> str:
    """Which of the three markers is called; empty when it is something else."""
    spelled = ast.unparse(call.func)
    return next((kind for kind in KINDS if spelled in {f"pytest.mark.{kind}", f"mark.{kind}"}), "")


def _names(call: ast.Call, path: str) -> Names:
    wanted = int if _kind(call) == "fault" else str
    values = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    if not values or len(values) != len(call.args) or not all(type(value) is wanted for value in values):
        raise Misplaced(f"{path}:{call.lineno}: {ast.unparse(call)}: write each {_kind(call)} out, as in the others")
    return tuple(value for value in values if isinstance(value, str | int))
