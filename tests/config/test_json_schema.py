"""The schema for editors, judged by a validator: it takes what the program takes, and refuses what is wrong in form."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft7Validator

from sentinel.config.json_schema import json_schema
from sentinel.config.loader import load
from sentinel.config.rule_test_schema import RuleTestsFile
from sentinel.config.schema import RulesFile
from sentinel.errors import ConfigError
from tests.config.test_example import EXAMPLE, _whole

ROOT = Path(__file__).parents[2]
TESTDATA = Path(__file__).parent / "testdata"
GOOD = sorted((TESTDATA / "good").glob("*.toml"))
WRONG = sorted([*(TESTDATA / "bad").glob("*.toml"), *(TESTDATA / "broken").glob("*.toml")])
RULES, TESTS = json_schema(RulesFile, "Sentinel rules"), json_schema(RuleTestsFile, "Sentinel rule tests")
VALIDATORS = (Draft7Validator, Draft4Validator)
OF_FORM = {"E103", "E104", "E105", "E124", "E135", "E136", "E137"}
"""Unknown and missing keys, wrong kinds of values, durations, times, dates, days: an editor can see them."""
BY_MEANING = {
    "override-without-breach",
    "calendar-window-without-an-end",
    "calendar-date-that-says-nothing",
    "maintenance-without-an-end",
}
"""An override's breach may stand in its rule, and a window may do without its from where it does without its to."""
PERHAPS_OF_FORM = {"E106", "E112", "E120"}
"""Bounds are of form where they are those of one key; a credential stands under a key that there is not, or in a URL."""


def faults(document: dict[str, Any], schema: dict[str, Any] = RULES) -> list[str]:
    """What either draft finds."""
    return [error.message for validator in VALIDATORS for error in validator(schema).iter_errors(document)]


@pytest.mark.parametrize("schema", [RULES, TESTS], ids=["rules", "tests"])
@pytest.mark.parametrize("validator", VALIDATORS)
def test_it_is_a_schema_by_the_drafts_that_editors_know(schema: dict[str, Any], validator: Any) -> None:
    validator.check_schema(schema)


@pytest.mark.parametrize("text", [EXAMPLE.read_text(encoding="utf-8"), _whole()], ids=["as it is", "all of it"])
def test_the_example_is_valid(text: str) -> None:
    assert faults(tomllib.loads(text)) == []


def test_the_example_of_rule_tests_is_valid() -> None:
    text = (ROOT / "rules-tests.example.toml").read_text(encoding="utf-8")
    assert faults(tomllib.loads(text), TESTS) == []
    assert faults({"test": [{"series": [{"value": "0"}]}]}, TESTS) != []


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_a_good_file_is_valid(file: Path) -> None:
    assert faults(tomllib.loads(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("file", WRONG, ids=lambda file: file.stem)
def test_a_file_is_refused_for_its_form_and_for_nothing_else(file: Path) -> None:
    """What the tables mean together only `sentinel check` knows."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError:
        return
    try:
        found = load(file).warnings
    except ConfigError as error:
        found = error.problems
    codes = {problem.code for problem in found if problem.severity == "error"}
    if codes & OF_FORM and file.stem not in BY_MEANING:
        assert faults(document) != []
    elif not codes & (OF_FORM | PERHAPS_OF_FORM):
        assert faults(document) == []


@pytest.mark.parametrize(
    ("written", "valid"),
    [
        ('[[rule]]\nid = "a b"', False),
        ("[[source]]\nmax_missing_share = 2", False),
        ("[delivery]\nlookup_after = []", False),
        ('[[calendar]]\nname = "a"\ndays = "fri - Mon"', False),
        ('[[calendar]]\nname = "a"\ndays = "fri - mon"\nfrom = "23:59:59"\nto = "24:00"', True),
        ('[[calendar]]\nname = "a"\nfrom = "24:00"\nto = "24:00"', False),
        ('[[maintenance]]\nname = "a"\ndays_of_month = [1, "-31:-1"]', True),
        ('[[maintenance]]\nname = "a"\ndays_of_month = [1, "-32:-1"]', False),
        ('[[maintenance]]\nname = "a"\nstart = "2026-12-05 22:00"\nend = "2026-12-06T24:00:00+01:00"', True),
        ('[[route]]\nto = ["a"]\nseverity = "bad"', False),
        ('[[route]]\nto = "a"\nseverity = ["warning"]', True),
        ('[[rule]]\nid = "a"\nservice = "a"\nhierarchy = "h"\nwarning = false', False),
        ('[[rule]]\nid = "a"\nservice = "a"\nhierarchy = "h"\nrollup = false', True),
        ('[[rule]]\nid = "a"\nservice = "a"\nhierarchy = "h"\noverride = [{ warning = false, only_if = false }]', True),
        ('[[rule]]\nid = "a"\nservice = "a"\nhierarchy = "h"\noverride = [{ only_if = true }]', False),
    ],
)
def test_bounds_and_choices_are_those_of_the_program(written: str, valid: bool) -> None:
    assert (faults(tomllib.loads(written)) == []) is valid


@pytest.mark.parametrize("schema", [RULES, TESTS], ids=["rules", "tests"])
def test_every_table_and_every_key_is_described(schema: dict[str, Any]) -> None:
    tables = {"": schema, **schema["definitions"]}
    silent = [name for name, table in tables.items() if not table.get("description")]
    silent += [
        f"{name}.{key}"
        for name, table in tables.items()
        for key, part in table["properties"].items()
        if not part.get("description", "").endswith(".")
    ]
    assert silent == [], "add a sentence to sentinel/config/key_words.py"


def test_no_description_is_left_over() -> None:
    from sentinel.config.key_words import KEY_WORDS  # noqa: PLC0415  # only here

    keys = {name: set(table["properties"]) for name, table in {**RULES["definitions"], **TESTS["definitions"]}.items()}
    keys |= {"RulesFile": set(RULES["properties"]), "RuleTestsFile": set(TESTS["properties"])}
    assert {name: set(words) - keys[name] for name, words in KEY_WORDS.items() if set(words) - keys[name]} == {}


def test_it_holds_nothing_that_the_older_draft_reads_otherwise() -> None:
    text = json.dumps([RULES, TESTS])
    for word in (
        '"const"',
        '"exclusiveMinimum"',
        '"exclusiveMaximum"',
        '"if"',
        '"propertyNames"',
        '"$defs"',
        '"contains"',
    ):
        assert word not in text
