"""The example of rule tests is complete and passes; the reference names every key; what the pages show is what happens."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

from sentinel.config import rule_test_schema as schema
from sentinel.config.json_schema import schema_text
from sentinel.config.loader import load
from sentinel.config.rule_test_loader import START, load_tests
from sentinel.config.rule_test_schema import RuleTestsFile, TestTable
from sentinel.config.schema import RulesFile
from sentinel.config.table import Table
from sentinel.domain.alerts import State
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rehearsal_verdict import judge
from tests.cli.terminal import call

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "rules-tests.example.toml"
HOW_TO = (ROOT / "docs/how-to/test-rules.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs/reference/rule-tests.md").read_text(encoding="utf-8")
TABLES: dict[str, list[type[Table]]] = {
    "At the top": [RuleTestsFile],
    "`[[test]]`": [TestTable],
    "`[[test.series]]`": [schema.SeriesTable],
    "`[[test.source]]`": [schema.AnswersTable],
    "`[[test.expect]]`": [schema.ExpectTable],
    "`[[test.expect_notices]]` and `[[test.expect_not_told]]`": [schema.NoticeTable, schema.NotToldTable],
    "`[[test.expect_sla]]`": [schema.ExpectSlaTable],
}
RULES = """
[[source]]
name = "portal"
url = "https://portal.example.com"

[[rule]]
id = "devices-in-error"
service = "Exchange Online"
hierarchy = "Location"
level = "Site"
for = "10m"
recover_for = "20m"
critical = "devices_with_errors / devices > 10%"

[[receiver]]
name = "workplace"
console = true

[[route]]
to = ["workplace"]
"""


def _keys(model: type[Table]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def _used(value: Any, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    if isinstance(value, list):
        return {path}.union(*(_used(one, path) for one in value))
    if not isinstance(value, dict) or path == ("test", "expect", "states"):
        return {path}
    return {path}.union(*(_used(one, (*path, key)) for key, one in value.items()))


def test_the_example_passes_without_a_warning() -> None:
    found = load_tests(EXAMPLE)
    assert found.warnings == ()
    assert [judge(test).passed for test in found.tests] == [True] * 5


@pytest.mark.parametrize(
    ("written", "instead"),
    [('"ok"', '"critical"'), ('at = "1h20m"', 'at = "1h10m"'), ('kind = "recovered"', 'kind = "closed"'), ("30x3", "4x3"), ("...EEE...", ".........")],
)  # fmt: skip
def test_the_example_fails_when_something_else_is_expected_or_played(
    written: str, instead: str, tmp_path: Path
) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert written in text
    (tmp_path / "rules.example.toml").write_text((ROOT / "rules.example.toml").read_text(encoding="utf-8"))
    (tmp_path / "tests.toml").write_text(text.replace(written, instead, 1))
    assert not all(judge(test).passed for test in load_tests(tmp_path / "tests.toml").tests)


def test_the_example_shows_every_key() -> None:
    used = _used(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")))
    wanted = {(key,) for key in _keys(RuleTestsFile) - _keys(RulesFile)} | {("test", key) for key in _keys(TestTable)}
    for key, model in (("series", schema.SeriesTable), ("source", schema.AnswersTable), ("expect", schema.ExpectTable), ("expect_notices", schema.NoticeTable), ("expect_sla", schema.ExpectSlaTable)):  # fmt: skip
        wanted |= {("test", key, inner) for inner in _keys(model)}
    assert wanted - used == set()


@pytest.mark.parametrize("heading", TABLES)
def test_the_reference_names_every_key_and_no_other(heading: str) -> None:
    text = REFERENCE.split(f"## {heading}\n")[1].split("\n## ")[0].split("| written |")[0]
    named = {name for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    keys = set().union(*(_keys(model) for model in TABLES[heading]))
    keys -= _keys(RulesFile) | {"test"} if heading == "At the top" else set()
    assert named == keys


def test_the_words_of_the_file_are_those_of_the_program() -> None:
    assert list(get_args(schema.StateWord)) == [state.value for state in State]
    assert list(get_args(schema.KindWord)) == [kind.value for kind in NoticeKind]
    assert f'`"{START:%Y-%m-%dT%H:%M:%S}Z"`' in REFERENCE


def test_the_schema_for_editors_is_that_of_the_program() -> None:
    """Regenerate it: python -m sentinel.config.rule_test_schema > tests.schema.json."""
    written = (ROOT / "tests.schema.json").read_text(encoding="utf-8")
    assert written == schema_text(RuleTestsFile, "Sentinel rule tests")


def test_what_the_how_to_shows_is_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second, third = re.findall(r"^```toml\n(.*?)^```$", HOW_TO, re.MULTILINE | re.DOTALL)
    good, failed = (block[1:] for block in HOW_TO.split("```")[1::2] if block.startswith("\n"))
    for name, text in (("rules.toml", RULES), ("rules-tests.toml", first), ("own.toml", second), ("sla.toml", third)):
        (tmp_path / name).write_text(text)
    assert load(tmp_path / "rules.toml").warnings == ()
    done = call("test", "rules-tests.toml")
    assert (done.exit_code, done.stdout + done.stderr) == (0, good)
    for name in ("own.toml", "sla.toml"):
        done = call("test", name)
        assert (done.exit_code, done.stderr) == (0, "1 passed\n"), done.stdout
    (tmp_path / "rules.toml").write_text(RULES.replace('for = "10m"', 'for = "20m"'))
    done = call("test", "rules-tests.toml")
    assert (done.exit_code, done.stdout.strip()) == (1, failed.strip())
