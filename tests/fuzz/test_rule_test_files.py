"""Whatever stands in a file of rule tests: tests that can be played and shown, or problems with places. Never another end."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.cli.junit import report
from sentinel.cli.rehearsal_report import as_objects, details
from sentinel.config.report import as_json, as_text
from sentinel.config.rule_test_loader import load_tests
from sentinel.domain.rehearsal_verdict import judge
from sentinel.errors import ConfigError
from tests.config.rule_tests_file import VALUE, a_test
from tests.effort import effort
from tests.fuzz.mutations import rewritten

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "rules-tests.example.toml").read_text(encoding="utf-8")
OWN = a_test("0 30x4 _x2 0", '[[test.source]]\nvalues = "...E?..."\n', rule=VALUE)
AGREED = a_test(
    "0 30x4 _x2 0",
    '[[test.expect_sla]]\nsla = "mail"\nperiod_start = "2026-03-01"\navailability = "99%"\nbad_seconds = 60\n',
    rule='[[sla]]\nid = "mail"\nservice = "Mail"\nhierarchy = "Location"\nlevel = "Site"\ngood = "value <= 10"\n'
    'objective = "99.5%"\nperiod = "quarter"\ntimezone = "Europe/Zurich"\nunknown = "bad"\nweight = "value"\n',
)
LINES = tuple(sorted({line for text in (EXAMPLE, OWN, AGREED) for line in text.split("\n") if line and line[0] != "#"}))
PLAYED = 100_000
"""Figures: more are only read, or a mutated count takes minutes."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tests")
    rules = (ROOT / "rules.example.toml").read_text(encoding="utf-8")
    (made / "rules.example.toml").write_text(rules, encoding="utf-8")
    return made


@effort(200)
@given(text=st.sampled_from([EXAMPLE, OWN, AGREED]).flatmap(lambda text: rewritten(text, LINES)))
def test_a_file_of_tests_with_mistakes_gets_an_answer(folder: Path, text: str) -> None:
    path = folder / "tests.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    try:
        found = load_tests(path)
    except ConfigError as refused:
        problems = refused.problems
        found = None
    else:
        problems = found.warnings
    assert any(problem.severity == "error" for problem in problems) is (found is None)
    as_json(problems)
    as_text(problems, {str(path): text})
    outcomes = [judge(test) for test in (found.tests if found else ()) if test.rehearsal.size < PLAYED]
    as_objects(outcomes)
    report(outcomes)
    for one in outcomes:
        assert one.passed == (details(one) == [""])
