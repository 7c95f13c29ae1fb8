"""What the reference of conditions shows is what the language takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sentinel.config.loader import load
from sentinel.domain.expression_tokens import UNITS as WRITTEN
from sentinel.domain.expressions import parse
from sentinel.domain.functions import FUNCTIONS
from sentinel.domain.metrics import CATALOGUE
from tests.catalogue.conditions import GRAMMAR, PAGE, conditions_page

ROOT = Path(__file__).parents[2]
UNITS = {key: metric.unit for key, metric in CATALOGUE.items()}
RULES = """
[[source]]
name = "portal"
url = "https://portal.example.com"
[[rule]]
id = "r"
service = "Exchange Online"
hierarchy = "Location"
level = "Site"
warning = "{}"
[[receiver]]
name = "desk"
console = true
"""


@pytest.mark.parametrize("example", [example for _, _, example in GRAMMAR])
def test_every_form_of_the_grammar_is_a_condition_without_a_doubt(example: str) -> None:
    assert load(text=RULES.format(example)).warnings == ()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_every_function_uses_it(name: str) -> None:
    function = FUNCTIONS[name]
    assert function.shape.startswith(f"{name}(figure")
    assert f"{name}(" in function.example
    assert load(text=RULES.format(function.example)).warnings == ()
    assert bool(parse(function.example, UNITS).pasts) is function.looks_back is ("window" in function.shape)


def test_every_word_of_the_language_is_on_the_page() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    signs = ("<", "<=", ">", ">=", "==", "!=", "+", "-", "*", "/", "and", "or", "not")
    words = [*signs, *(name for name in WRITTEN if name), *CATALOGUE]
    assert [word for word in words if f"`{word}`" not in page] == []
    assert [name for name in FUNCTIONS if f"`{FUNCTIONS[name].shape}`" not in page] == []


def test_the_page_is_the_one_that_the_program_makes() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == conditions_page(), "run python -m tests.catalogue"


def test_every_condition_in_the_explanation_of_the_past_is_accepted() -> None:
    text = (ROOT / "docs/explanation/past.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) >= 3
    for line in lines:
        assert load(text=RULES.format(line)).warnings == (), line
