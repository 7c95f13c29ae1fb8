"""The cases of `cases.json` and who runs them. The data is never rewritten: what a case says is read from it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

HERE = Path(__file__).parent
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Case:
    """One situation and what must come of it, in the words of the system that the case was taken from."""

    id: str
    title: str
    stance: str
    given: dict[str, Any]
    expect: dict[str, Any]
    note: str


def _loaded() -> dict[str, Case]:
    raw = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
    names = Case.__dataclass_fields__
    return {one["id"]: Case(**{key: one[key] for key in names}) for one in raw}


CASES = _loaded()
RUN: dict[str, str] = {}
"""Case -> the module that runs it."""

_verdicts = tomllib.loads((HERE / "verdicts.toml").read_text(encoding="utf-8"))
WAITING: dict[str, str] = _verdicts["waiting"]
"""Case -> what is not there yet."""

OTHERWISE: dict[str, str] = _verdicts["otherwise"]
"""Case -> why Sentinel does something else, or has nothing of the kind."""

REMARKS: dict[str, str] = _verdicts["remarks"]
"""Case that runs -> what of it is said in our terms, or left out."""


def conforms(*ids: str) -> Callable[[F], F]:
    """A test that runs these cases, each under its id. It takes `case`."""

    def mark(test: F) -> F:
        for one in ids:
            assert one not in RUN, f"{one} is run twice"
            RUN[one] = test.__module__
        marked: F = pytest.mark.parametrize("case", [CASES[one] for one in ids], ids=ids)(test)
        return marked

    return mark
