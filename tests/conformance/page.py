"""docs/conformance.md, made of the cases and of what runs them: python -m tests.conformance.page."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable

from tests.conformance.cases import CASES, HERE, OTHERWISE, REMARKS, RUN, WAITING

PAGE = HERE.parents[1] / "docs/conformance.md"
_STANCES = {
    "adopt": "as there",
    "ours": "ours",
    "must-not": "a defect there",
    "differs": "on purpose not as there",
    "choose": "one of several ways",
}


def collect() -> None:
    """Import every module of the suite, so that `RUN` is complete."""
    for path in sorted(HERE.glob("test_*.py")):
        importlib.import_module(f"tests.conformance.{path.stem}")


def text() -> str:
    """The page."""
    passes = [one for one in CASES if one in RUN and CASES[one].stance != "differs"]
    differs = [one for one in CASES if one in RUN and CASES[one].stance == "differs"]
    parts = [
        "# Conformance",
        "",
        "<!-- from tests/conformance: python -m tests.conformance.page -->",
        "",
        f"{len(CASES)} situations in which other alerting systems have been right or wrong stand as data in",
        "[cases.json](../tests/conformance/cases.json): what is given, and what must come of it. Each that concerns what Sentinel does is run",
        f"from that data: {len(passes)} pass, in {len(differs)} Sentinel does on purpose something else, which is tested as well,",
        f"{len(OTHERWISE)} are judged otherwise, and {len(WAITING) or 'none'} wait for what is not there yet.",
        "",
        "## Passes",
        "",
        *_table(passes, "remark", REMARKS, with_test=True),
        "",
        "## Differs on purpose",
        "",
        "The systems that these were taken from do something else; the tests hold Sentinel to its own way.",
        "",
        *_table(differs, "remark", REMARKS, with_test=True),
        "",
        "## Judged otherwise",
        "",
        *_table((one for one in CASES if one in OTHERWISE), "why", OTHERWISE),
        "",
        *(_waiting() if WAITING else ()),
    ]
    return "\n".join(parts)


def _waiting() -> list[str]:
    return ["## Waiting", "", *_table((one for one in CASES if one in WAITING), "for what", WAITING), ""]


def _table(ids: Iterable[str], last: str, words: dict[str, str], *, with_test: bool = False) -> list[str]:
    rows = [f"| case | situation | stance | {last} |" + (" test |" if with_test else "")]
    rows.append("|---|---|---|---|" + ("---|" if with_test else ""))
    for one in ids:
        case = CASES[one]
        title = case.title.replace("|", "\\|")
        row = f"| {one} | {title} | {_STANCES[case.stance]} | {words.get(one, '')} |"
        if with_test:
            module = RUN[one].rpartition(".")[2]
            row += f" [{module.removeprefix('test_')}](../tests/conformance/{module}.py) |"
        rows.append(row)
    return rows


def main() -> None:
    """Write the page."""
    collect()
    PAGE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
