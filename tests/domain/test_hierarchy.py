"""Nodes as text and patterns over them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.hierarchy import NodeList, NodePattern, common_ancestor, is_under, node_text, parse_node
from sentinel.domain.patterns import NamePattern


@given(st.lists(st.text(min_size=1, max_size=8), max_size=4).map(tuple))
def test_a_node_survives_being_written(node: tuple[str, ...]) -> None:
    assert parse_node(node_text(node)) == node


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("Europe/Paris", ("Europe", "Paris")),
        (r"Europe/A\/B", ("Europe", "A/B")),
        (r"DOM\user", (r"DOM\user",)),
        ("", ()),
    ],
)
def test_written_nodes(text: str, node: tuple[str, ...]) -> None:
    assert parse_node(text) == node


@pytest.mark.parametrize(
    ("pattern", "node", "matches"),
    [
        ("Europe/Switzerland/**", "Europe/Switzerland/Zug", True),
        ("Europe/Switzerland/**", "Europe/Switzerland", True),
        ("Europe/Switzerland/**", "Europe/Switzerland/Zug/Baar", True),
        ("Europe/Switzerland/**", "Europe/Sweden/Malmo", False),
        ("Europe/*", "Europe/Switzerland", True),
        ("Europe/*", "Europe/Switzerland/Zug", False),
        ("**/Zug", "Europe/Switzerland/Zug", True),
        ("**/Zug", "Zug", True),
        ("Europe/**/Zug", "Europe/Zug", True),
        ("Zug", "Europe/Switzerland/Zug", True),
        ("Zu?", "Europe/Switzerland/Zug", True),
        ("zug", "Europe/Switzerland/Zug", False),
        ("**", "Anything/At all", True),
        ("**", "", True),
        (r"A\/B", "A\\/B", True),
        (r"\*", "Zug", False),
        ("Z[u]g", "Zug", False),
    ],
)
def test_patterns(pattern: str, node: str, matches: bool) -> None:
    assert NodePattern(pattern).matches(parse_node(node)) is matches


@pytest.mark.parametrize(
    ("pattern", "node", "reaches"),
    [
        *(("Asia/**", "Europe", False), ("Europe", "Europe", True), ("Europe/*", "Europe", True)),
        *(("Europe/Paris", "Europe", True), ("Europe/Paris", "Europe/Paris/HQ", False), ("**", "Europe", True)),
        *(
            ("Paris", "Europe", True),
            ("Eu*/**/HQ", "Europe/Paris", True),
            ("Asia", "", True),
            ("A*/B*", "A1/C1", False),
        ),
    ],
)
def test_a_pattern_reaches_a_node_or_something_below_it(pattern: str, node: str, reaches: bool) -> None:
    assert NodePattern(pattern).reaches(parse_node(node)) is reaches


@given(st.lists(st.sampled_from(["a", "b", "*", "**"]), min_size=1, max_size=4), st.lists(st.sampled_from("ab")))
def test_a_pattern_reaches_whatever_lies_above_what_it_matches(pattern: list[str], node: list[str]) -> None:
    found = NodePattern("/".join(pattern))
    if found.matches(tuple(node)):
        assert all(found.reaches(tuple(node[:depth])) for depth in range(len(node) + 1))


def test_a_hostile_pattern_takes_no_time() -> None:
    """Patterns that make naive matchers explode."""
    assert not NodePattern("/".join(["**"] * 8 + ["x"])).matches(("a",) * 30)
    assert not NodePattern("*a" * 20).matches(("a" * 19 + "b",))
    assert not NamePattern("*a" * 20 + "c").matches("a" * 60)


def test_ancestry() -> None:
    assert common_ancestor([("a", "b", "c"), ("a", "b"), ("a", "b", "d")]) == ("a", "b")
    assert common_ancestor([("a",), ("b",)]) == ()
    assert is_under(("a", "b"), ("a",))
    assert not is_under(("ab",), ("a",))


def test_rows_know_their_parents_and_which_of_them_are_judged() -> None:
    rows = NodeList.of([("CH",), ("CH", "Zug"), ("FR", "Lyon")], [True, False, False])
    assert rows.judged.tolist() == [1, 2]
    assert rows.parent.tolist() == [-1, 0, -1]
    only_itself = NodeList.of([("CH", "Zug")], [True])
    assert only_itself.judged.tolist() == [0]
