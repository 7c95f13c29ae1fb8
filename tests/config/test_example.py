"""The example at the root of the project is complete, without a mistake, and stays so."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from sentinel.config.loader import load
from sentinel.config.schema import RulesFile
from sentinel.config.table import Table
from sentinel.domain.rules import Severity

EXAMPLE = Path(__file__).parents[2] / "rules.example.toml"
_PARTS = ("breach", "clear", "for", "recover_for")
"""Of a threshold; they are shown once."""
_SWITCHED_OFF = re.compile(r"^# (?=\[|[a-z_]+ = )", re.MULTILINE)


def _whole() -> str:
    """The example with everything that is commented out."""
    return _SWITCHED_OFF.sub("", EXAMPLE.read_text(encoding="utf-8"))


def _tables_of(annotation: Any) -> list[type[Table]]:
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return [annotation]
    return [found for one in get_args(annotation) for found in _tables_of(one)]


def _keys(model: type[Table], path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Every key that the schema knows, as a path without indices."""
    found: set[tuple[str, ...]] = set()
    for name, field in model.model_fields.items():
        key = (*path, field.alias or name)
        found.add(key)
        for inner in _tables_of(field.annotation):
            free = str(field.annotation).startswith("dict")
            found |= _keys(inner, (*key, "*") if free else key)
    return found


def _used(value: Any, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    if isinstance(value, list):
        return {path}.union(*(_used(one, path) for one in value))
    if not isinstance(value, dict):
        return {path}
    free = path in {("source", "columns"), ("source", "levels")}
    return {path}.union(*(_used(one, (*path, "*" if free else key)) for key, one in value.items()))


def test_the_example_has_no_problem_not_even_a_warning() -> None:
    assert load(EXAMPLE).warnings == ()


def test_what_is_commented_out_works_too() -> None:
    loaded = load(text=_whole())
    assert loaded.warnings == ()
    assert len(loaded.rulebook.routes) == 2
    assert loaded.sources[0].columns["login_time"] == "Login time (ms)"


def test_every_key_that_exists_is_shown() -> None:
    inside_overrides = {("rule", "override", key, part) for key in ("warning", "critical") for part in _PARTS}
    inside_warnings = {("rule", "warning", part) for part in _PARTS}
    missing = _keys(RulesFile) - _used(tomllib.loads(_whole())) - inside_overrides - inside_warnings
    assert missing == set()


def test_the_example_says_what_its_comments_say() -> None:
    loaded = load(EXAMPLE)
    rule = loaded.rulebook.rule("devices-in-error")
    assert rule is not None
    assert rule.covers("SAP ERP")
    critical = rule.criteria.threshold(Severity.CRITICAL)
    assert critical is not None
    assert (critical.hold, critical.recover_for) == (0.0, 1200.0)
    assert rule.overrides[0].criteria.warning is None
    assert rule.overrides[0].criteria.no_data_after == 2400.0
    assert [address.channel for address in loaded.rulebook.routes[-1].to] == [
        "slack:#workplace-alerts",
        "email:workplace@example.com",
    ]


@pytest.mark.parametrize("name", ["defaults", "delivery"])
def test_the_values_that_stand_for_defaults_are_the_defaults(name: str) -> None:
    """Without `[delivery]` nothing changes, and without `[defaults]` only the time zone does."""
    whole = load(EXAMPLE)
    tables = re.split(r"^(?=\[)", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    without = load(text="".join(table for table in tables if not table.startswith(f"[{name}]")))
    assert without.delivery == whole.delivery
    assert replace(without.defaults, timezone="Europe/Zurich") == whole.defaults
