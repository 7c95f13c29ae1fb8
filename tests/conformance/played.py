"""Cases in our terms: polls of one or several nodes on a virtual clock, letters for states, open and close for notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import nan

from sentinel.domain.alerts import State
from sentinel.domain.notices import NoticeKind
from sentinel.domain.rules import SOURCE_RULE, Rule, Threshold
from tests.domain.polls import START, Run, a_rule, threshold

LETTERS = {State.OK: "I", State.PENDING: "P", State.WARNING: "F", State.CRITICAL: "F", State.UNKNOWN: "U"}
OPEN, CLOSE = (NoticeKind.DEGRADED, NoticeKind.REOPENED), (NoticeKind.RECOVERED, NoticeKind.CLOSED)
NODE = "node"


def rule(condition: str = "value > 0", **changes: object) -> Rule:
    """A rule of one severity; `for_s` and `keep_s` in seconds, the rest as `a_rule`."""
    hold, recover_for = float(str(changes.pop("for_s", 0))), float(str(changes.pop("keep_s", 0)))
    clear = str(changes.pop("clear", ""))
    wanted: Threshold = threshold(condition, clear=clear, hold=hold, recover_for=recover_for)
    return a_rule(wanted, **changes)


def run_of(*rules: Rule, poll_s: float = 60.0, **options: object) -> Run:
    """A run whose every poll is a new sample."""
    every = tuple(replace(one, every=poll_s) for one in rules)
    return Run(every, step=0.0, interval=poll_s, **options)  # type: ignore[arg-type]


def played(run: Run, sequence: Sequence[str | float], node: str = NODE) -> str:
    """The letters of the node's states after each poll: 1 and F breach, 0 and S do not, E is a source that fails."""
    letters = []
    for word in sequence:
        if word == "E":
            run.bad()
        else:
            figure = {"1": 1.0, "F": 1.0, "0": 0.0, "S": 0.0}.get(str(word), word)
            run.good({node: float(figure)})
        letters.append(letter(run, node))
    return " ".join(letters)


def letter(run: Run, node: str = NODE, rule_id: str = "errors") -> str:
    """What the node shows now."""
    return LETTERS[run.state(node, rule_id)]


def opens_and_closes(run: Run, *, of_source: bool = False) -> list[str]:
    """`open@60`, `close@300`: first and last notices of incidents, in seconds from the start, each once."""
    found: dict[tuple[str, int], str] = {}
    for notice in run.notices:
        if not notice.told or (run.incidents[notice.incident].rule == SOURCE_RULE) is not of_source:
            continue
        word = "open" if notice.kind in OPEN else "close" if notice.kind in CLOSE else ""
        if word:
            found[notice.incident, notice.step] = f"{word}@{notice.at - START:g}"
    return list(found.values())


def answer(run: Run, figures: Mapping[str, Mapping[str, float | None]], **options: object) -> None:
    """One good answer of several metrics; None: no figure."""
    table = {
        node: {metric: nan if value is None else value for metric, value in row.items()}
        for node, row in figures.items()
    }
    run.good(table, **options)  # type: ignore[arg-type]
