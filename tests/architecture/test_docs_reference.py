"""The reference pages name every key and variable there is, and their examples are accepted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from sentinel.config.loader import load
from sentinel.config.schema import RulesFile
from sentinel.config.settings import Settings
from sentinel.domain.rules import SELF_RULES, SOURCE_RULE
from sentinel.engine.figures import REGISTRY

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference"
BY_NAME = {"source_credentials", "source_urls", "slack_webhooks", "webhook_secrets", "warnings"}
"""Fields of the settings that are not one variable."""


def _whole_files() -> Iterator[tuple[str, str]]:
    """The examples that are rules files of their own: they have a source and a rule."""
    for page in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]):
        for block in re.findall(r"^```toml\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
            if "[[source]]" in block and "[[rule]]" in block:
                yield str(page.relative_to(ROOT)), block


def _keys(model: type[BaseModel]) -> set[str]:
    """Every key of a table and of the tables within it, as the file spells them."""
    found = {field.alias or name for name, field in model.model_fields.items()}
    for field in model.model_fields.values():
        for inner in _tables(field.annotation):
            found |= _keys(inner)
    return found


def _tables(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _tables(part)


@pytest.mark.parametrize(("page", "text"), [pytest.param(*one, id=one[0]) for one in _whole_files()])
def test_every_whole_example_is_accepted(page: str, text: str, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(text)
    assert load(rules).rulebook.rules, page


def test_every_key_of_the_rules_file_is_explained() -> None:
    text = (REFERENCE / "rules.md").read_text()
    assert sorted(key for key in _keys(RulesFile) if not re.search(rf"\b{key}\b", text)) == []


def test_every_variable_is_explained() -> None:
    text = (REFERENCE / "environment.md").read_text()
    names = {name.upper() for name in Settings.model_fields if name not in BY_NAME}
    endings = {name: f"_{name.partition('_')[2]}" for name in names if name.startswith("SMTP_")}
    lost = [name for name in names if f"`SENTINEL_{name}`" not in text and f"`{endings.get(name, '-')}`" not in text]
    assert sorted(lost) == []


def test_every_metric_is_explained_with_its_type_and_labels() -> None:
    written = re.findall(
        r"^\| `(sentinel_\w+)` \| (\w+) \| (.*?) \|", (REFERENCE / "metrics.md").read_text(), re.MULTILINE
    )
    explained = {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in written}
    there = {
        one._name + ("_total" if one._type == "counter" else ""): (one._type, tuple(one._labelnames))
        for one in set(REGISTRY._collector_to_names)
    }
    assert explained == there


def test_every_built_in_rule_is_explained() -> None:
    text = (ROOT / "docs/how-to/watch-sentinel.md").read_text()
    assert [rule for rule in (SOURCE_RULE, *SELF_RULES) if f"| `{rule}` |" not in text] == []
