"""Outcomes of rule tests for people, timelines side by side, and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

from sentinel.cli import screen
from sentinel.cli.rehearsal_slas import sla_failures, sla_lines, sla_rows
from sentinel.config.durations import duration_text
from sentinel.domain.alerts import State
from sentinel.domain.hierarchy import node_text
from sentinel.domain.rehearsal import Performance, Said
from sentinel.domain.rehearsal_verdict import ExpectedNotice, ExpectedState, Outcome, Pair, by_node, worst

AROUND = 2
"""Of a long timeline the turns that are shown on both sides of what was missed."""

SHORT = 12
"""Turns of a timeline that is shown whole."""

WHOLE = 40
"""Lines of two lists that are shown whole; of longer ones only what differs, so many lines of it."""


def as_objects(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """What --json prints."""
    return [_object(one) for one in outcomes]


def _object(one: Outcome) -> dict[str, Any]:
    return {
        "test": one.name,
        "file": one.file,
        "line": one.line,
        "passed": one.passed,
        "ticks": list(_ticks(one.performance)),
        "notices": [{**_said(said), "to": list(said.to)} for said in one.performance.told],
        "not_told": [{**_said(said), "reason": said.reason} for said in one.performance.not_told],
        "sla": sla_rows(one.performance),
        "failures": list(_failures(one)),
    }


def _ticks(done: Performance) -> Iterator[dict[str, Any]]:
    turns: dict[int, list[tuple[str, str]]] = {}
    stories = by_node(done)
    for node, story in stories.items():
        for poll, state in story:
            turns.setdefault(poll, []).append((node, state.value))
    states = dict.fromkeys(stories, State.UNKNOWN.value)
    for poll in range(done.polls):
        states.update(turns.get(poll, ()))
        yield {"at": _number(poll * done.every), "states": dict(states)}


def _said(said: Said) -> dict[str, Any]:
    return {
        "at": _number(said.at),
        "kind": said.kind,
        "severity": said.severity,
        "service": said.service,
        "node": list(said.node),
        "rule": said.rule,
    }


def _failures(one: Outcome) -> Iterator[dict[str, Any]]:
    for missed in one.missed:
        want = missed.expected
        yield {
            "what": "state",
            "at": _number(want.at),
            "node": list(want.node),
            "expected": want.state.value,
            "actual": missed.actual.value,
            "text": _missed_text(want, missed.actual),
        }
    for what, pairs in (("notice", one.notices), ("not_told", one.not_told)):
        for notice, said in pairs:
            if notice is None or said is None or not notice.fits(said):
                expected = None if notice is None else _wanted(notice)
                actual = None if said is None else _said_text(said, named=True)
                yield {"what": what, "expected": expected, "actual": actual, "text": _pair_text(what, expected, actual)}
    yield from sla_failures(one)


def _missed_text(want: ExpectedState, actual: State) -> str:
    return f"{node_text(want.node)} at {duration_text(want.at)}: expected {want.state.value}, is {actual.value}"


def _pair_text(what: str, expected: str | None, actual: str | None) -> str:
    thing = "notice" if what == "notice" else "notice that is not told"
    if expected is None:
        return f"{thing} that was not expected: {actual}"
    return f"missing {thing}: {expected}" + (f"; instead: {actual}" if actual is not None else "")


def _number(seconds: float) -> float | int:
    return int(seconds) if seconds == int(seconds) else seconds


def details(one: Outcome, *, coloured: bool = False) -> list[str]:
    """What a failed test expected and what came, node by node, notice by notice, figure by figure."""
    lines: list[str] = []
    for node in dict.fromkeys(missed.expected.node for missed in one.missed):
        lines += _node_lines([want for want in one.expected if want.node == node], one, coloured=coloured)
    for title, pairs in (("notices", one.notices), ("not told", one.not_told)):
        if pairs:
            lines += _side_by_side(title, pairs, coloured=coloured)
    return [*lines, *sla_lines(one, _red("!", coloured)), ""]


def _node_lines(wanted: Sequence[ExpectedState], one: Outcome, *, coloured: bool) -> list[str]:
    """One node's expected instants above its actual timeline; the missed ones are marked."""
    lines = [f"  {screen.one_line(node_text(wanted[0].node))}"]
    missed = {id(miss.expected): miss.actual for miss in one.missed}
    for names in dict.fromkeys(want.names for want in wanted):
        mine = sorted((want for want in wanted if want.names == names), key=lambda want: want.at)
        if not any(id(want) in missed for want in mine):
            continue
        marked = [f"{'!' if id(want) in missed else ''}{duration_text(want.at)} {want.state.value}" for want in mine]
        lines.append(f"    expected  {' | '.join(marked)}")
        lines.append(f"    actual    {_timeline(one.performance, mine, missed)}")
        for want in mine:
            if id(want) in missed:
                text = f"at {duration_text(want.at)} it is {missed[id(want)].value}, not {want.state.value}"
                lines.append(f"    {_red('!', coloured)}         {text}{_whose(want, one)}")
    return lines


def _whose(want: ExpectedState, one: Outcome) -> str:
    """Which of several alerts of the node shows what."""
    if len(want.names) == 1:
        return ""
    each = (f"{name[0]} of {name[1]} {one.performance.state(name, want.at).value}" for name in want.names)
    return f" ({screen.one_line(', '.join(each))})"


def _timeline(done: Performance, wanted: Sequence[ExpectedState], missed: dict[int, State]) -> str:
    """`0-10m ok | 11m pending | 12m-46m critical`; of a long one what surrounds the missed instants."""
    names = wanted[0].names
    turns: list[tuple[int, State]] = []
    for poll in sorted({poll for name in names for poll, _ in done.story[name]}):
        state = worst(done.state(name, poll * done.every) for name in names)
        if not turns or turns[-1][1] is not state:
            turns.append((poll, state))
    shown: set[int] = set(range(len(turns)))
    if len(turns) > SHORT:
        shown = {0, len(turns) - 1}
        for want in wanted:
            if id(want) in missed:
                here = sum(poll * done.every <= want.at for poll, _ in turns) - 1
                shown |= set(range(max(0, here - AROUND), min(len(turns), here + AROUND + 1)))
    parts: list[str] = []
    for number, (poll, state) in enumerate(turns):
        last = turns[number + 1][0] - 1 if number + 1 < len(turns) else done.polls - 1
        if number in shown:
            parts.append(f"{_span(poll * done.every, last * done.every)} {state.value}")
        elif parts[-1] != "…":
            parts.append("…")
    return " | ".join(parts)


def _span(first: float, last: float) -> str:
    start = "0" if first == 0 else duration_text(first)
    return start if first == last else f"{start}-{duration_text(last)}"


def _side_by_side(title: str, pairs: Sequence[Pair], *, coloured: bool) -> list[str]:
    """Both lists, what differs marked: `-` only expected, `+` only came, `!` another one came."""
    named = any(want is not None and (want.service or want.rule) for want, _ in pairs)
    rows = []
    for want, said in pairs:
        mark = "-" if said is None else "+" if want is None else " " if want.fits(said) else "!"
        left = "" if want is None else screen.one_line(_wanted(want))
        right = "" if said is None else screen.one_line(_said_text(said, named=named))
        rows.append((mark, left, right))
    left_out = 0
    if len(rows) > WHOLE:
        differing = [row for row in rows if row[0] != " "]
        left_out, rows = len(rows) - len(differing[:WHOLE]), differing[:WHOLE]
    wide = max(len("expected"), *(screen.columns(left) for _, left, _ in rows))
    lines = [f"  {title}", f"    {'expected':<{wide + 2}}  actual"]
    for mark, left, right in rows:
        gap = " " * (wide - screen.columns(left))
        line = f"{left}{gap}  {right}".rstrip()
        lines.append(f"    {_red(mark, coloured) if mark != ' ' else mark} {line}")
    return [*lines, f"    … {left_out} more"] if left_out else lines


def _wanted(want: ExpectedNotice) -> str:
    parts = [
        None if want.at is None else duration_text(want.at),
        want.kind or "any notice",
        want.severity,
        None if want.node is None else node_text(want.node) or "(top)",
        want.service,
        want.rule,
        None if want.reason is None else f"({want.reason})",
    ]
    return " ".join(part for part in parts if part)


def _said_text(said: Said, *, named: bool) -> str:
    parts = [duration_text(said.at), said.kind, said.severity, node_text(said.node) or (said.service and "(top)") or ""]
    if named or said.service is None:
        parts += [said.service or "", said.rule]
    if said.reason:
        parts.append(f"({said.reason})")
    return " ".join(part for part in parts if part)


def _red(mark: str, coloured: bool) -> str:
    return click.style(mark, fg="red", bold=True) if coloured else mark
