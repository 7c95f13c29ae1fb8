"""What looks like a rename is remarked on, and is never more than a guess."""

from __future__ import annotations

import pytest

from sentinel.domain.hierarchy import Node, NodeList, parse_node
from sentinel.domain.reading import Figures, Query, Reading
from sentinel.domain.renames import remarked, renames

BEFORE = ("CH/Bern", "CH/Zuerich", "DE/Bonn", "DE/Ulm")


def listed(*nodes: str) -> NodeList:
    return NodeList.of([parse_node(node) for node in nodes])


@pytest.mark.fault(74)
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(("CH/Bern", "CH/Zürich", "DE/Bonn", "DE/Ulm"), [("CH/Zuerich", "CH/Zürich")], id="one name"),
        pytest.param(
            ("Swiss/Bern", "Swiss/Zuerich", "DE/Bonn", "DE/Ulm"),
            [("CH/Bern", "Swiss/Bern"), ("CH/Zuerich", "Swiss/Zuerich")],
            id="their country",
        ),
        pytest.param(("CH/Bern", "CH/Zuerich", "FR/Ulm", "DE/Bonn"), [("DE/Ulm", "FR/Ulm")], id="moved"),
        pytest.param(("CH/Bern", "DE/Bonn", "DE/Ulm"), [], id="only gone"),
        pytest.param((*BEFORE, "CH/Chur"), [], id="only new"),
        pytest.param(("CH/Chur", "CH/Genf", "DE/Bonn", "DE/Ulm"), [], id="two for two may be any"),
        pytest.param(("CH/Chur", "CH/Bern", "DE/Bonn", "DE/Ulm", "CH/Genf"), [], id="one for two may be any"),
        pytest.param(BEFORE, [], id="nothing changed"),
    ],
)
def test_a_node_that_takes_the_place_of_another_looks_like_it(
    now: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    pairs: list[tuple[Node, Node]] = [(parse_node(old), parse_node(new)) for old, new in expected]
    assert list(renames(listed(*BEFORE), listed(*now))) == pairs


def reading_of(rows: NodeList) -> Reading:
    return Reading(Query("portal", "Mail", "Location", "Site"), 0.0, 0.0, Figures(rows, {}), None, ("as before",))


def test_the_remark_names_both_and_shows_what_cannot_be_seen() -> None:
    changed = reading_of(listed("CH/Bern", "CH/Zu\u202erich", "DE/Bonn", "DE/Ulm"))
    _, remark = remarked(changed, listed(*BEFORE)).remarks
    assert remark == r"'CH/Zuerich' is gone and 'CH/Zu\u202erich' is new: looks like a rename"


def test_a_whole_hierarchy_renamed_is_a_few_remarks() -> None:
    old, new = [listed(*(f"{top}/Site {n}" for n in range(50))) for top in ("CH", "Swiss")]
    remarks = remarked(reading_of(new), old).remarks
    assert len(remarks) == 5
    assert remarks[-1] == "and 47 more that look like renames"


def test_a_first_answer_and_an_unchanged_one_have_nothing_to_remark() -> None:
    rows = listed(*BEFORE)
    assert remarked(reading_of(rows), None).remarks == remarked(reading_of(rows), rows).remarks == ("as before",)
