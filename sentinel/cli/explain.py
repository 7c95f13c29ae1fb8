"""`sentinel explain`: what a word means that Sentinel uses. What can be explained is a table of kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from sentinel.cli import options, screen

Facts = dict[str, Any]
"""One explanation as `--json` prints it; `name` stands first."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be explained: the plural for words, all there is, one of it by name, and how people read one."""

    plural: str
    every: Callable[[], Iterable[Facts]]
    page: Callable[[Facts], list[str]]


@click.command()
@click.argument("words", nargs=-1, metavar="[metric|function] [NAME]")
@options.as_json
def explain(*, words: tuple[str, ...], as_json: bool) -> None:
    """What a metric or a function of conditions means: `sentinel explain metric devices`.

    Without a name it lists all of that kind. Exit code 1 when there is no such thing.
    """
    kind, names = _kind(words)
    if len(names) > 1:
        raise click.UsageError(f"explain one {words[0]} at a time")
    found = list(kind.every())
    if not names:
        _list(found, as_json=as_json)
        return
    one = _named(found, names[0], words[0])
    if as_json:
        screen.print_json(one)
    else:
        for line in kind.page(one):
            click.echo(line)


def _kind(words: Sequence[str]) -> tuple[Kind, Sequence[str]]:
    """The kind that the words ask for, and what is left of them."""
    if not words:
        raise click.UsageError(f"explain what? {_kinds()}, e.g. `sentinel explain metric devices`")
    found = KINDS.get(words[0])
    if found is not None:
        return found, words[1:]
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


def _list(found: list[Facts], *, as_json: bool) -> None:
    if as_json:
        screen.print_json(found)
    else:
        screen.print_table(("NAME", "UNIT", "WHAT"), [(one["name"], one["unit"], one["meaning"]) for one in found])


def _named(found: list[Facts], name: str, kind: str) -> Facts:
    for one in found:
        if one["name"] == name:
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


KINDS: Mapping[str, Kind] = {
    "metric": Kind("metrics", _metrics, _metric_page),
    "function": Kind("functions", _functions, _function_page),
}
"""The word on the command line -> what it explains."""
