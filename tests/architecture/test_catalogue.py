"""The documents that are made from the marks of the tests say what the marks say, and no fault is left out."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.catalogue.contents import Catalogue, Fault, Group, Promise, problems, read
from tests.catalogue.markers import Mark, Misplaced, marks_below, marks_in
from tests.catalogue.pages import between_marks, faults_page, pages

ROOT = Path(__file__).parents[2]
COMMAND = ".venv/bin/python -m tests.catalogue"


@pytest.fixture(scope="module")
def whole() -> Catalogue:
    return read(marks_below(ROOT))


def test_the_documents_are_those_that_the_marks_make(whole: Catalogue) -> None:
    stale = [page for page, text in pages(whole, ROOT).items() if (ROOT / page).read_text() != text]
    assert stale == [], f"out of date: run `{COMMAND}` and commit what it writes"


def test_every_fault_has_a_test_or_a_reason_and_every_promise_a_test(whole: Catalogue) -> None:
    assert problems(whole) == []


def test_every_threat_that_is_marked_is_explained(whole: Catalogue) -> None:
    page = ROOT / "docs/explanation/threats.md"
    explained = re.findall(r"^\| `([a-z-]+)` \| \S", page.read_text().partition("<!-- from the tests")[0], re.MULTILINE)
    assert sorted(explained) == whole.threats(), (
        f"{page.name} has one line for each threat that is marked, and no other"
    )


def catalogue(*faults: Fault, marks: tuple[Mark, ...] = ()) -> Catalogue:
    """A small one: the faults, and a promise that has its test."""
    kept = Mark("tests/test_a.py", 1, "test_a", "promise", ("P1",))
    return Catalogue((Promise("P1", "Kept", "Always."),), (Group("A", "All", faults),), (*marks, kept))


def mark(kind: str, *names: str | int) -> Mark:
    return Mark("tests/test_b.py", 7, "test_b", kind, names)


POWER = Fault(1, "The power is cut", "Nothing is lost.")


def test_a_fault_needs_a_test_or_a_reason() -> None:
    assert "neither a test nor a reason" in problems(catalogue(POWER))[0]
    assert problems(catalogue(POWER, marks=(mark("fault", 1),))) == []
    assert problems(catalogue(replace(POWER, not_here="no plug to pull"))) == []


def test_a_mark_on_nothing_known_is_named_with_its_place() -> None:
    found = problems(catalogue(POWER, marks=(mark("fault", 1, 2), mark("promise", "P9"))))
    assert found == ["tests/test_b.py:7: there is no fault 2", "tests/test_b.py:7: there is no promise P9"]


def test_what_cannot_be_shown_has_no_test() -> None:
    (found,) = problems(catalogue(replace(POWER, not_here="no plug to pull"), marks=(mark("fault", 1),)))
    assert found.startswith("tests/test_b.py:7: fault 1 says that no test can show it")


def test_a_limit_without_a_test_and_a_promise_without_one_are_found() -> None:
    bare = replace(catalogue(replace(POWER, not_here="no", limit="on this disk")), marks=())
    assert [text.partition(";")[0] for text in problems(bare)] == [
        "fault 1 has a `limit` and no test",
        "promise P1 is shown by no test",
    ]


def test_a_file_that_readers_are_sent_to_shows_the_promise() -> None:
    small = replace(catalogue(), promises=(Promise("P1", "Kept", "Always.", ("tests/test_a.py", "tests/test_b.py")),))
    assert [text.partition(";")[0] for text in problems(small)] == ["tests/test_b.py has no test of promise P1"]


def test_the_page_says_what_is_shown_and_what_is_not() -> None:
    page = faults_page(
        catalogue(POWER, Fault(2, "Bounce", "Read by a person.", not_here="Days later."), marks=(mark("fault", 1),))
    )
    assert "2 faults: 1 are shown by tests, 1 cannot be shown here." in page
    assert (
        "| 1 | The power is cut | Nothing is lost. | [`test_b.py::test_b`](../tests/test_b.py) |  |\n"
        "| 2 | Bounce | Read by a person. |  | Days later. |"
    ) in page


def test_only_the_part_between_the_marks_is_replaced() -> None:
    text = "a\n<!-- from the tests: x -->\nold\n<!-- end -->\nb\n"
    assert between_marks(text, "new", "p") == "a\n<!-- from the tests: x -->\n\nnew\n<!-- end -->\nb\n"
    with pytest.raises(ValueError, match="once each"):
        between_marks("a\n", "new", "p")


SOURCE = """
pytestmark = [pytest.mark.process, pytest.mark.promise("P5")]

class TestDoor:
    @pytest.mark.threat("csrf")
    async def test_shut(self): ...

@pytest.mark.parametrize("kind", [pytest.param("a", marks=pytest.mark.fault(3))])
@pytest.mark.fault(1, 2)
def test_both(kind): ...
"""


def test_marks_are_read_from_decorators_cases_classes_and_whole_files() -> None:
    found = {(one.test, one.kind, one.names) for one in marks_in(SOURCE, "t.py")}
    assert found == {
        ("", "promise", ("P5",)),
        ("TestDoor::test_shut", "threat", ("csrf",)),
        ("test_both", "fault", (3,)),
        ("test_both", "fault", (1, 2)),
    }


@pytest.mark.parametrize(
    "source",
    [
        "@pytest.mark.fault()\ndef test_a(): ...",
        '@pytest.mark.fault("1")\ndef test_a(): ...',
        "@pytest.mark.fault(*SOME)\ndef test_a(): ...",
        "@pytest.mark.promise(1)\ndef test_a(): ...",
        "@pytest.mark.fault(1)\ndef helper(): ...",
        "CASES = [pytest.param(1, marks=pytest.mark.fault(1))]",
    ],
)
def test_a_mark_that_cannot_be_read_is_refused_with_its_place(source: str) -> None:
    with pytest.raises(Misplaced, match=r"^t\.py:1: "):
        marks_in(source, "t.py")
