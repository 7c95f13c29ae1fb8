"""Keys that mean nothing where they stand: what was meant, by the way it is written, by its place, by other tools' words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, get_args

from pydantic import BaseModel

from sentinel.config.calendar_schema import CalendarTable, HoursTable, MaintenanceTable
from sentinel.config.positions import Path
from sentinel.config.schema import ColumnTable, RulesFile, RuleTable
from sentinel.config.table import Table

_SURE = 0.75
_MAYBE = 0.6
"""How alike two words are (difflib's ratio) to be surely, and perhaps, the same one misspelt."""
_SPELT = 0.85
"""The same for words of other tools: there are many of them."""

_CONDITION = 'write the condition under its severity: warning = "..." or critical = "..."'
_CLOCK = {
    **dict.fromkeys(("weekday", "weekdays", "day"), "write days"),
    **dict.fromkeys(("begin", "begins", "start_time", "opens", "open"), "write from"),
    **dict.fromkeys(("ends", "end_time", "until", "closes"), "write to"),
    **dict.fromkeys(("tz", "zone", "location"), "write timezone"),
}
_WORDS: Mapping[type[Table], Mapping[str, str]] = {
    RuleTable: {
        **dict.fromkeys(("threshold", "condition", "expr", "expression", "query", "limit", "breach"), _CONDITION),
        "severity": _CONDITION,
        "clear": 'write warning = { breach = "...", clear = "..." }',
        **dict.fromkeys(("interval", "poll_interval", "evaluation_interval", "frequency"), "write every"),
        **dict.fromkeys(("hold", "duration", "pending", "wait"), "write for"),
        **dict.fromkeys(("keep_firing_for", "recovery"), "write recover_for"),
        **dict.fromkeys(("description", "title", "annotations", "message"), "write summary"),
        **dict.fromkeys(("name", "alert", "uid", "rule"), "write id"),
        **dict.fromkeys(("team", "contact", "labels"), "write owner"),
        **dict.fromkeys(("receiver", "to", "notify"), "who is told stands in [[route]]"),
        **dict.fromkeys(
            ("node", "site", "country"), "write level or path; other criteria for a node: [[rule.override]]"
        ),
    },
    CalendarTable: {
        **_CLOCK,
        **dict.fromkeys(("exception", "exceptions", "special", "except"), "write closed, or [[calendar.date]]"),
    },
    HoursTable: _CLOCK,
    MaintenanceTable: {
        **_CLOCK,
        **dict.fromkeys(("duration", "length", "for"), "write to: the time of day at which it ends"),
        **dict.fromkeys(("day_of_month", "monthday", "monthdays"), "write days_of_month"),
        **dict.fromkeys(("date", "dates", "on"), 'write start and end: "2026-12-05T22:00"'),
    },
    ColumnTable: dict.fromkeys(("title", "name"), "write column"),
    RulesFile: {
        **dict.fromkeys(("override", "overrides"), "write [[rule.override]] below the rule that it belongs to"),
        **dict.fromkeys(("groups", "alert", "alerts"), "write [[rule]]"),
        **dict.fromkeys(("portal", "datasource", "nexthink"), "write [[source]]"),
        **dict.fromkeys(("slack", "email", "contact"), "write [[receiver]]"),
        **dict.fromkeys(("downtime", "mute", "silence", "window"), "write [[maintenance]]"),
        **dict.fromkeys(("time_intervals", "time_period", "schedule", "business_hours"), "write [[calendar]]"),
        **dict.fromkeys(("global", "settings", "default"), "write [defaults]"),
    },
}
"""What other tools call things, and what people try: table -> word -> advice."""


class Meant(NamedTuple):
    """What a key was probably meant to be: the key of its table, where there is one, how surely, and the advice."""

    key: str | None
    sure: bool
    advice: str


def meant(key: str, model: type[Table], given: frozenset[str] = frozenset()) -> Meant:
    """What a key that `model` does not have was meant to be. `given`: the keys that stand beside it."""
    known = [one for one in keys_of(model) if one not in given]
    is_file = issubclass(model, RulesFile)
    words = _WORDS.get(RulesFile if is_file else model, {})
    elsewhere = [] if key in words else _tables_with(key, model)
    if elsewhere:
        return Meant(None, False, f"{key} belongs into {' or '.join(elsewhere[:2])}")
    near, likeness = (key, 1.0) if key in words else _like(key, [*known, *words])
    if near in words and likeness < _SPELT:
        near, likeness = _like(key, known)
    if near in words:
        advice = words[near]
        instead = "warning" if advice == _CONDITION else advice.removeprefix("write ").split()[0]
        return Meant(instead if instead in known else None, False, advice)
    if near:
        title = model_at((near,), model).title if is_file else repr(near)
        return Meant(near, likeness >= _SURE, f"did you mean {title}?")
    return Meant(None, False, f"known here: {', '.join(keys_of(model))}")


def keys_of(model: type[Table]) -> list[str]:
    """The keys of a table as they are written, sorted."""
    return sorted(field.alias or name for name, field in model.model_fields.items())


def model_at(path: Path, file: type[Table]) -> type[Table]:
    """The table that stands at a path of a kind of file."""
    model = file
    for step in path:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if isinstance(step, str) and step in fields:
            model = _inner(fields[step].annotation) or model
    return model


def _inner(annotation: object) -> type[Table] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation if issubclass(annotation, Table) else None
    return next((found for one in get_args(annotation) if (found := _inner(one))), None)


def _tables_with(key: str, besides: type[Table]) -> list[str]:
    """How tables that have the key are called, those of the file before those within them."""
    return [model.title for model in _tables() if key in keys_of(model) and model is not besides]


def _tables() -> Iterator[type[Table]]:
    waiting: list[type[Table]] = [RulesFile]
    seen: set[str] = set()
    while waiting:
        model = waiting.pop(0)
        if model.title in seen:
            continue
        seen.add(model.title)
        if model.title.startswith("["):
            yield model
        waiting += [found for field in model.model_fields.values() if (found := _inner(field.annotation))]


def _like(key: str, known: Iterable[str]) -> tuple[str, float]:
    """The word most like the key, and how much; none, and 0, where no one is."""
    lower = {one.lower(): one for one in known}
    found = difflib.get_close_matches(key.lower(), list(lower), n=1, cutoff=_MAYBE)
    return (lower[found[0]], difflib.SequenceMatcher(None, found[0], key.lower()).ratio()) if found else ("", 0.0)
