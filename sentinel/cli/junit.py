"""Outcomes of rule tests as a JUnit report, which every continuous integration reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from sentinel.cli.rehearsal_report import details
from sentinel.cli.rehearsal_slas import sla_failures
from sentinel.deliver.escape import visible
from sentinel.domain.rehearsal_verdict import Outcome

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold, not even escaped (W3C, section 2.2)."""


def report(outcomes: Sequence[Outcome]) -> bytes:
    """The document: a suite for each file, in the order of the files."""
    root = ET.Element("testsuites", _counts(outcomes))
    for file in dict.fromkeys(one.file for one in outcomes):
        mine = [one for one in outcomes if one.file == file]
        suite = ET.SubElement(root, "testsuite", {"name": _legal(file), **_counts(mine)})
        for one in mine:
            _case(suite, one)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _case(suite: ET.Element, one: Outcome) -> None:
    names = {"name": _legal(one.name), "classname": _legal(one.file), "file": _legal(one.file), "line": str(one.line)}
    case = ET.SubElement(suite, "testcase", {**names, "time": "0"})
    if not one.passed:
        count = len(one.missed) + len(one.sla) + bool(one.notices) + bool(one.not_told)
        said = details(one)
        failure = ET.SubElement(case, "failure", {"message": _message(one, count), "type": "expectation"})
        failure.text = _legal("\n".join(said))


def _message(one: Outcome, count: int) -> str:
    if one.missed:
        first = one.missed[0]
        node, want = "/".join(first.expected.node), first.expected.state.value
        told = f"{node}: expected {want}, is {first.actual.value}"
    elif one.notices or one.not_told:
        told = "other notices than expected"
    else:
        told = next(sla_failures(one))["text"]
    return _legal(f"{told} (and {count - 1} more)" if count > 1 else told)


def _counts(outcomes: Iterable[Outcome]) -> dict[str, str]:
    every = list(outcomes)
    failures = sum(not one.passed for one in every)
    return {"tests": str(len(every)), "failures": str(failures), "errors": "0", "skipped": "0", "time": "0"}


def _legal(text: str) -> str:
    return _NOT_XML.sub(lambda found: visible(found[0]), text)
