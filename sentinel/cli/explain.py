"""`sentinel explain`: what a word means that Sentinel uses. What can be explained is a table of kinds."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from sentinel.cli import options, screen
from sentinel.cli.moments import EXAMPLES, Instant

_CODE = re.compile(r"[EWew][0-9]+")

Facts = dict[str, Any]
"""One explanation as `--json` prints it; `name` stands first."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be explained: its name and the plural for words, all there is, one of it by name, and how people read one.

    `columns` of the list: keys of the facts, as their headings.
    """

    singular: str
    plural: str
    every: Callable[[], Iterable[Facts]]
    page: Callable[[Facts], list[str]]
    columns: tuple[str, ...] = ("name", "unit", "meaning")


@click.command()
@click.argument("words", nargs=-1, metavar="[metric|function|code] [NAME]")
@click.option("--node", metavar="NODE", help="Why this node is in its state: Europe/Paris.")
@click.option("--service", metavar="GLOB", help="With --node: only of these services.")
@click.option("--rule", metavar="ID", help="With --node: only by this rule.")
@click.option("--at", type=Instant(), default="now", show_default=True, help=f"With --node: as of then: {EXAMPLES}.")
@options.rules
@options.database
@options.utc
@options.as_json
def explain(
    *,
    words: tuple[str, ...],
    node: str | None,
    service: str | None,
    rule: str | None,
    at: float,
    rules: Path | None,
    database: str | None,
    utc: bool,
    as_json: bool,
) -> None:
    """What a word of the rules means, or why a node is in its state and who was told, or was not.

    `sentinel explain metric devices` says what a metric is, `explain function avg` a function of conditions, and
    `explain E107`, short for `explain code E107`, a code of `sentinel check`. Without a name it lists all of that kind.

    `sentinel explain --node Europe/Paris --at 10:05` judges the recorded readings by the rules up to that instant and shows
    figures, conditions with the values put in, timers, routes, and every notice with its attempts. Nothing is written.

    Exit code 1 when there is no such thing.
    """
    if node is not None:
        if words:
            raise click.UsageError("explain either a word or --node")
        from sentinel.clock import SystemClock  # noqa: PLC0415  # brings asyncio with it

        if at > SystemClock().now():
            raise click.UsageError("--at lies in the future: nothing is known of it")
        from sentinel.cli import explaining  # noqa: PLC0415  # not for --help

        found_there = explaining.explain_node(node, service, rule, at, rules, database)
        if as_json:
            screen.print_json([explaining.as_json(*one) for one in found_there])
        else:
            explaining.show(found_there, utc=utc)
        return
    kind, names = _kind(words)
    if len(names) > 1:
        raise click.UsageError(f"explain one {kind.singular} at a time")
    found = list(kind.every())
    if not names:
        _list(kind, found, as_json=as_json)
        return
    one = _named(found, names[0], kind.singular)
    if as_json:
        screen.print_json(one)
    else:
        for line in kind.page(one):
            click.echo(line)


def _kind(words: Sequence[str]) -> tuple[Kind, Sequence[str]]:
    """The kind that the words ask for, and what is left of them."""
    if not words:
        raise click.UsageError(
            f"explain what? {_kinds()}, e.g. `sentinel explain metric devices`; or a place: --node Europe/Paris"
        )
    found = KINDS.get(words[0])
    if found is not None:
        return found, words[1:]
    if _CODE.fullmatch(words[0]):
        return KINDS["code"], words
    from sentinel.domain.metrics import nearest  # noqa: PLC0415  # not for --help

    for name, kind in KINDS.items():
        if words[0] in {one["name"] for one in kind.every()}:
            raise click.UsageError(f"{words[0]!r} is a {name}: `sentinel explain {name} {words[0]}`")
    near = nearest(words[0], KINDS)
    raise click.UsageError(
        f"what can be explained is {_kinds()}, not {words[0]!r}." + (f" Did you mean {near!r}?" if near else "")
    )


def _kinds() -> str:
    *others, last = KINDS
    return f"{', '.join(others)} or {last}"


def _list(kind: Kind, found: list[Facts], *, as_json: bool) -> None:
    if as_json:
        screen.print_json(found)
    else:
        heads = tuple("WHAT" if key == "meaning" else key.upper() for key in kind.columns)
        screen.print_table(heads, [tuple(one[key] for key in kind.columns) for one in found])


def _named(found: list[Facts], name: str, kind: str) -> Facts:
    for one in found:
        if one["name"] == name or (kind == "code" and one["name"] == name.upper()):
            return one
    from sentinel.domain.metrics import nearest  # noqa: PLC0415  # not for --help
    from sentinel.errors import NotFound  # noqa: PLC0415  # as above

    near = nearest(name, [one["name"] for one in found])
    hint = f"did you mean {near!r}?" if near else f"`sentinel explain {kind}` lists them all"
    raise NotFound(f"there is no {kind} {name!r}", hint=hint)


def _metrics() -> Iterable[Facts]:
    from sentinel.domain.metrics import CATALOGUE, UNITS_IN_WORDS  # noqa: PLC0415  # not for --help

    for one in CATALOGUE.values():
        yield {
            "name": one.key,
            "unit": one.unit.value,
            "written": UNITS_IN_WORDS[one.unit],
            "meaning": one.meaning,
            "services": list(one.services),
        }


def _metric_page(one: Facts) -> list[str]:
    return [
        f"{one['name']}: {one['meaning']}",
        f"  unit      {one['unit']}: {one['written']}",
        f"  services  {', '.join(one['services'])}",
    ]


def _functions() -> Iterable[Facts]:
    from dataclasses import asdict  # noqa: PLC0415  # not for --help

    from sentinel.domain.functions import FUNCTIONS  # noqa: PLC0415  # as above

    return (asdict(one) for one in FUNCTIONS.values())


def _function_page(one: Facts) -> list[str]:
    return [
        f"{one['shape']}: {one['meaning']}",
        f"  unit     {one['unit']}",
        f"  unknown  {one['missing']}",
        f"  e.g.     {one['example']}",
    ]


def _codes() -> Iterable[Facts]:
    from sentinel.config.explanations import explanations  # noqa: PLC0415  # not for --help

    for one in explanations().values():
        yield {
            "name": one.code,
            "severity": "error" if one.code.startswith("E") else "warning",
            "meaning": one.meaning,
            "more": one.more,
            "wrong": one.wrong or None,
            "answer": one.answer or None,
            "right": one.right or None,
        }


def _code_page(one: Facts) -> list[str]:
    lines = [f"{one['name']}: {one['meaning']}", "", *textwrap.wrap(one["more"], 100)]
    for key, title in (("wrong", "Wrong:"), ("answer", "What is said of it:"), ("right", "Right:")):
        if one[key]:
            lines += ["", title, "", *textwrap.indent(one[key].rstrip("\n"), "    ").splitlines()]
    return lines


KINDS: Mapping[str, Kind] = {
    "metric": Kind("metric", "metrics", _metrics, _metric_page),
    "function": Kind("function", "functions", _functions, _function_page),
    "code": Kind("code", "codes", _codes, _code_page, ("name", "severity", "meaning")),
}
"""The word on the command line -> what it explains."""
