"""The page: everything that was asked for, each percentage with its formula, nothing from outside, no name alive."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from sentinel.history.sla_report import Section
from sentinel.slareport.page import NODES, page
from tests.slareport import months

VOID = {"meta", "br", "link", "img", "input", "hr"}
STORIES = (
    months.missed,
    months.kept,
    months.at_risk,
    months.over_budget,
    months.all_unknown,
    months.no_data,
    months.half_unknown,
    months.hostile,
)


@dataclass
class Element:
    """An element, or with the tag `#` a piece of text."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Element] = field(default_factory=list)

    @property
    def elements(self) -> list[Element]:
        return [one for one in self.children if one.tag != "#"]

    def all(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            yield from child.all()

    def words(self) -> str:
        return " ".join(" ".join(one.text for one in self.all()).split())

    def having(self, name: str) -> list[Element]:
        return [one for one in self.all() if name in one.attributes.get("class", "").split()]

    def named(self, tag: str) -> list[Element]:
        return [one for one in self.all() if one.tag == tag]


class Tree(HTMLParser):
    """The page as a tree, as far as these tests need one."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("tr", "td", "th", "p", "li"):
            closes = {"td": {"td", "th"}, "th": {"td", "th"}, "tr": {"td", "th", "tr"}}.get(tag, {tag})
            while self.open[-1].tag in closes:
                self.open.pop()
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while len(self.open) > 1:
            if self.open.pop().tag == tag:
                return

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(Element("#", {}, data))


def _tree(*sections: Section) -> Element:
    tree = Tree()
    tree.feed(page(months.report(*sections)))
    return tree.root


def _table(root: Element, heading: str) -> list[list[str]]:
    """The rows under a heading, without the head."""
    for parent in root.all():
        for place, child in enumerate(parent.elements):
            if child.tag == "h3" and child.words() == heading:
                tables = [one for one in parent.elements[place:] if one.tag == "table"]
                return [[cell.words() for cell in row.elements] for row in tables[0].named("tr")[1:]]
    raise AssertionError(f"no heading {heading}")


@pytest.mark.parametrize("story", STORIES, ids=lambda one: one.__name__)
def test_under_every_percentage_stands_its_formula(story: Callable[[], Section]) -> None:
    root = _tree(story())
    shares = [
        (one, following)
        for parent in root.all()
        for one, following in pairwise([*parent.elements, Element("", {})])
        if {"pct", "big"} & set(one.attributes.get("class", "").split())
    ]
    assert shares
    for share, following in shares:
        assert following.attributes.get("class") == "formula", share.words()
        text, formula = share.words(), following.words()
        assert text.startswith("no data") or re.match(r"= .*[0-9]", formula), (text, formula)
        assert not text.startswith("no data") or re.match(r"no |nothing ", formula), (text, formula)


@pytest.mark.parametrize("story", STORIES[:-1], ids=lambda one: one.__name__)
def test_no_other_text_has_a_percentage_but_objectives_and_figures_of_incidents(story: Callable[[], Section]) -> None:
    root = _tree(story())
    allowed = {"pct", "big", "formula", "chart"}
    found = []

    def walk(one: Element) -> None:
        if one.tag in ("style", "footer") or allowed & set(one.attributes.get("class", "").split()):
            return
        found.extend(re.findall(r"-?[0-9.]+\s?%", one.text))
        for child in one.children:
            walk(child)

    walk(root)
    assert {one.replace("\u00a0", " ") for one in found} <= {"99.5 %", "99 %", "14.2 %", "10 %"}


@pytest.mark.parametrize("story", STORIES, ids=lambda one: one.__name__)
def test_nothing_comes_from_outside_and_nothing_runs(story: Callable[[], Section]) -> None:
    root = _tree(story())
    tags = {one.tag for one in root.all()}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "foreignobject", "use", "image"}
    for one in root.all():
        for name, value in one.attributes.items():
            assert not name.startswith("on"), one
            assert name not in {"src", "srcset", "style", "action", "xlink:href", "ping", "background"}, one
            assert name != "href" or value.startswith("#s"), one
    assert "@import" not in page(months.report(story()))
    assert re.findall(r"url\((.*?)\)", page(months.report(story()))) == ["#unknown"] * 2


@pytest.mark.threat("html-injection")
def test_the_policy_allows_this_style_alone() -> None:
    text = page(months.report(months.missed()))
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="(.*?)">', text)
    assert style is not None
    assert policy is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy[1] == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@pytest.mark.threat("html-injection")
def test_no_name_becomes_markup() -> None:
    """The same elements as with honest names, and every name is text that can be read."""
    text = page(months.report(months.hostile()))
    root = _tree(months.hostile())
    words = root.words()
    assert "<script>alert(1)</script>" in words
    assert "{{ 7 * 7 }}" in words
    assert "49" not in {one.words() for one in root.named("th")}
    assert not set(text) & set("\x00\x07\x1b\u202e\ud800")
    assert "[U+202E]gnp.exe" in words
    text.encode("utf-8")


@pytest.mark.parametrize("story", STORIES, ids=lambda one: one.__name__)
def test_every_chart_can_be_read_without_seeing_it(story: Callable[[], Section]) -> None:
    for chart in _tree(story()).having("chart"):
        assert chart.attributes["role"] == "img"
        assert [one.tag for one in chart.elements[:2]] == ["title", "desc"]
        assert all(one.words() for one in chart.elements[:2])


def test_a_missed_month_answers_what_it_is_asked() -> None:
    root = _tree(months.missed())
    verdict = root.having("verdict")[0]
    assert "missed" in verdict.attributes["class"]
    assert verdict.words() == (
        "✗ Missed 99.41 % = (352 976 - 2 100) / 352 976 min of 8 nodes; 304 min of 8 nodes unknown excluded; "
        "4 320 min of 8 nodes maintenance excluded Objective: 99.5 % "
        "By how much: 4 h 22 min 30 s of a budget of 3 h 40 min 48 s used: 41 min 42 s too much. "
        "Where: 5 of 8 nodes had bad time in 2 incidents; the worst: Europe / France / Paris (12 h 20 min), "
        "Europe / France / Lyon (10 h 40 min), Europe / Germany / München (4 h). "
        "Unknown: 38 min unknown, left out of the figure. Had it all been bad, or all good: missed either way."
    )
    assert len(root.having("chart")) == 3
    assert _table(root, "Incidents")[1] == [
        "Wed 21 Oct, 10:00",
        "Europe / France",
        "critical: devices_with_errors / devices 14.2 % > 10 % sn-000002",
        "8 h 20 min",
        "31 min by ana.keller",
        "8 h 20 min",
    ]
    assert _table(root, "Incidents")[3][3:] == ["1 h 50 min so far", "not acknowledged", "open"]
    assert (
        "Mean time to acknowledge 18 min (2 of 4 incidents), to resolve 4 h 10 min (3 of 4 incidents)." in root.words()
    )
    assert _table(root, "Nodes, worst first")[0][0] == "Europe / France / Paris"
    assert [row[0] for row in _table(root, "Unknown time")] == [
        "Measured: unknown time left out",
        "Pessimistic: all unknown time was bad",
        "Optimistic: all unknown time was good",
    ]
    assert _table(root, "Maintenance and exclusions")[0] == ["Sun 4 Oct, 02:00", "Sunday patching", "3 h", "8"]
    assert [row[:2] for row in _table(root, "Month by month")[:3]] == [
        ["October 2026", "✗ missed"],
        ["September 2026", "✗ missed"],
        ["August 2026", "✓ kept"],
    ]
    assert "99.5 % since 1 Apr 2026" in root.words().replace("\u00a0", " ")
    assert "Europe/Zurich" in root.named("footer")[0].words()


def test_without_data_there_is_no_figure_and_no_chart_of_it() -> None:
    root = _tree(months.no_data())
    assert root.having("big")[0].words() == "no data"
    assert "100 %" not in root.having("verdict")[0].words()
    assert root.having("trend") == []
    assert root.having("daily") == []


def test_of_many_places_the_worst_are_shown_and_the_others_counted() -> None:
    root = _tree(months.large(1_500))
    rows = _table(root, f"The worst {NODES} nodes")
    assert len(rows) == NODES
    assert rows[0][0] == "Europe / Country 10 / Site 1480"
    assert "1,481 more nodes are not shown here; the CSV and the JSON have all." in root.words()
    assert len(page(months.report(months.large(1_500)))) < 100_000


def test_several_services_begin_with_a_table_of_all_worst_first() -> None:
    root = _tree(months.kept(), months.no_data(), months.missed())
    rows = [row.elements[1].words() for row in root.named("table")[0].named("tr")[1:]]
    assert rows == ["✗ missed", "? no data", "✓ kept"]
    links = [one.attributes["href"] for one in root.named("a")]
    assert links == [f"#{one.attributes['id']}" for one in root.named("article")]


def test_the_same_report_gives_the_same_bytes() -> None:
    assert page(months.report(months.missed())) == page(months.report(months.missed()))


def test_a_report_of_nothing_says_so() -> None:
    assert "There is no SLA to report on." in _tree().words()
