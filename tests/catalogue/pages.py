"""The documents that are made from the catalogue, as text."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

from tests.catalogue.conditions import PAGE as CONDITIONS
from tests.catalogue.conditions import conditions_page
from tests.catalogue.contents import Catalogue, Fault, Promise
from tests.catalogue.markers import Mark

FAULTS = "docs/faults.md"
GUARANTEE = "docs/explanation/guarantee.md"
THREATS = "docs/explanation/threats.md"
README = "README.md"
NAMED = 3
"""So many tests of a fault are named, the others counted."""

HEAD = """# What may go wrong, and what happens then

Every fault that Sentinel is built against, in ten groups, with the tests that show what it does. A test that is named here
fails when the behaviour is gone. What no test on one machine can show says so in the last column.

This page is made from the markers of the tests by `python -m tests.catalogue`; the words are in
`tests/catalogue/faults.toml`. What Sentinel promises on top of it is [the guarantee](explanation/guarantee.md).
"""


def pages(catalogue: Catalogue, root: Path) -> dict[str, str]:
    """What each document should hold, by its path below `root`."""
    made = {FAULTS: faults_page(catalogue), CONDITIONS: conditions_page()}
    blocks = {GUARANTEE: promises_block(catalogue), README: readme_block(catalogue), THREATS: threats_block(catalogue)}
    for page, block in blocks.items():
        if (root / page).exists():
            made[page] = between_marks((root / page).read_text(), block, page)
    return made


def between_marks(text: str, block: str, page: str) -> str:
    """The page with the part between its two marks replaced."""
    pattern = re.compile(r"(<!-- from the tests[^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)
    found, times = pattern.subn(lambda match: f"{match[1]}\n{block}\n{match[2]}", text)
    if times != 1:
        raise ValueError(f"{page} needs the lines `<!-- from the tests -->` and `<!-- end -->`, once each")
    return found


def faults_page(catalogue: Catalogue) -> str:
    """The whole of docs/faults.md."""
    shown = sum(1 for fault in catalogue.faults if catalogue.showing("fault", fault.number))
    reasons = sum(1 for fault in catalogue.faults if fault.not_here)
    parts = [HEAD, f"{len(catalogue.faults)} faults: {shown} are shown by tests, {reasons} cannot be shown here.\n"]
    for group in catalogue.groups:
        parts.append(f"## {group.letter}. {group.title}\n")
        parts.append("| | fault | what Sentinel does | shown by | not shown here |\n|---|---|---|---|---|")
        parts.extend(_fault_row(catalogue, fault) for fault in group.faults)
        parts.append("")
    return "\n".join(parts)


def promises_block(catalogue: Catalogue) -> str:
    """Each promise with the files that show it, for the page of the guarantee."""
    parts = []
    for promise in catalogue.promises:
        parts.append(f"### {_heading(promise)}\n\n{promise.text}\n\nShown by:\n")
        counts = Counter(mark.path for mark in catalogue.showing("promise", promise.name))
        whole = {mark.path for mark in catalogue.showing("promise", promise.name) if not mark.test}
        parts.extend(
            f"- {_link(path, GUARANTEE)}{'' if path in whole else f' ({_number(count)})'}"
            for path, count in counts.items()
        )
        parts.append("")
    return "\n".join(parts).lstrip("\n")


def readme_block(catalogue: Catalogue) -> str:
    """The guarantee in full, each line with the way to its tests."""
    return "\n".join([*(_readme_line(promise) for promise in catalogue.promises), ""])


def threats_block(catalogue: Catalogue) -> str:
    """Each threat with the tests that show the stance against it."""
    lines = ["| threat | shown by |", "|---|---|"]
    lines += [f"| `{name}` | {_tests(catalogue.showing('threat', name), THREATS)} |" for name in catalogue.threats()]
    return "\n".join([*lines, ""])


def _readme_line(promise: Promise) -> str:
    tests = [f"[{Path(path).stem.removeprefix('test_').replace('_', ' ')}]({path})" for path in promise.first]
    tests.append(f"[all of them]({GUARANTEE}#{_anchor(promise)})")
    return f"- **{promise.name} {promise.title}.** {promise.text} Tests: {', '.join(tests)}."


def _fault_row(catalogue: Catalogue, fault: Fault) -> str:
    tests = _tests(catalogue.showing("fault", fault.number), FAULTS)
    return f"| {fault.number} | {fault.fault} | {fault.behaviour} | {tests} | {fault.not_here or fault.limit} |"


def _tests(marks: list[Mark], page: str) -> str:
    unique = list(dict.fromkeys((mark.path, mark.test) for mark in marks))
    named = [_link(path, page, test) for path, test in unique[:NAMED]]
    more = len(unique) - NAMED
    return "<br>".join([*named, f"and {more} more"] if more > 0 else named)


def _link(path: str, page: str, test: str = "") -> str:
    short = path.removeprefix("tests/") + (f"::{test}" if test else "")
    return f"[`{short}`]({os.path.relpath(path, Path(page).parent)})"


def _number(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"


def _heading(promise: Promise) -> str:
    return f"{promise.name} {promise.title}"


def _anchor(promise: Promise) -> str:
    """As the page's reader makes it of the heading."""
    return re.sub(r"[^\w\- ]", "", _heading(promise).lower()).replace(" ", "-")
