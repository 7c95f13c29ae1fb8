"""Sources and declared services: where figures come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath

from sentinel.config.definitions import SourceConfig
from sentinel.config.naming import source_variable, variable_part
from sentinel.config.nearness import nearest_name
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.schema import ColumnTable, ServiceTable, SourceTable
from sentinel.config.structure import STAND_IN
from sentinel.config.urls import check_url
from sentinel.domain.expression_tokens import WORDS
from sentinel.domain.functions import FUNCTIONS
from sentinel.domain.metrics import CATALOGUE, Unit
from sentinel.domain.patterns import NamePattern
from sentinel.domain.rules import Service

_UNITS: Mapping[str, tuple[Unit, float]] = {
    "": (Unit.COUNT, 1.0),
    "%": (Unit.RATIO, 0.01),
    "us": (Unit.TIME, 0.001),
    "ms": (Unit.TIME, 1.0),
    "s": (Unit.TIME, 1000.0),
    "min": (Unit.TIME, 60_000.0),
    "h": (Unit.TIME, 3_600_000.0),
    "B": (Unit.BYTES, 1.0),
    "kB": (Unit.BYTES, 1e3),
    "MB": (Unit.BYTES, 1e6),
    "GB": (Unit.BYTES, 1e9),
    "TB": (Unit.BYTES, 1e12),
}
_UNIT_IN_TITLE = re.compile(r"[(\[]\s*([^()\[\]]*?)\s*[)\]]\s*$")
_UID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_NOT_A_METRIC = "service"
"""The key of `columns` that names the column with the services' names."""


def read_sources(tables: list[SourceTable], directory: FilePath | None, problems: Problems) -> dict[str, SourceConfig]:
    """The sources by name."""
    _distinct(tables, problems)
    found: dict[str, SourceConfig] = {}
    for number, table in enumerate(tables):
        path: Path = ("source", number)
        at: Path = (*path, "url")
        check_url(table.url, at, problems, insecure=table.insecure, what="the password", name=table.name)
        ca_file = None if table.ca_file is None else (directory or FilePath()) / table.ca_file
        config = SourceConfig(
            name=table.name,
            type=table.type,
            url=table.url,
            step=table.step,
            ca_file=ca_file,
            format=table.format,
            path_style=table.path_style,
            columns={metric: column.column for metric, column in table.columns.items()},
            units={metric: column.unit for metric, column in table.columns.items() if column.unit is not None},
            levels={hierarchy: tuple(levels) for hierarchy, levels in table.levels.items()},
            max_missing_share=table.max_missing_share,
            timeout=table.timeout,
            max_concurrent=table.max_concurrent,
            follow_redirects=table.follow_redirects,
            trust_env=table.trust_env,
            insecure=table.insecure,
        )
        found.setdefault(table.name, config)
    return found


def _distinct(tables: list[SourceTable], problems: Problems) -> None:
    seen: dict[str, str] = {}
    for number, table in enumerate(tables):
        part = variable_part(table.name)
        path: Path = ("source", number, "name")
        if part in seen and not problems.touches(path) and table.name != STAND_IN:
            same = table.name == seen[part]
            what = (
                f'two sources have the name "{table.name}"'
                if same
                else (f'"{table.name}" and "{seen[part]}" share their variables in the environment')
            )
            variable = source_variable(table.name, "PASSWORD")
            problems.error("E112", what, path, hint="" if same else f"both would read {variable}")
        seen.setdefault(part, table.name)


def units_of(tables: list[SourceTable], problems: Problems) -> dict[str, dict[str, Unit]]:
    """The units of all metrics by source; under the empty name what every source has."""
    catalogue = {key: metric.unit for key, metric in CATALOGUE.items()}
    known = {"": dict(catalogue)}
    for number, table in enumerate(tables):
        units = dict(catalogue)
        for metric, column in table.columns.items():
            if metric != _NOT_A_METRIC:
                path: Path = ("source", number, "columns", metric)
                units.setdefault(metric, _unit(metric, column, path, problems))
        known.setdefault(table.name, units)
    everything: dict[str, Unit] = {}
    for units in known.values():
        everything.update(units)
    return {**known, "": everything}


def _unit(metric: str, column: ColumnTable, path: Path, problems: Problems) -> Unit:
    """The unit of a column's figures. Its title decides how numbers are read, so it must say any unit but a base one."""
    match = _UNIT_IN_TITLE.search(column.column)
    titled = match.group(1) if match and match.group(1) in _UNITS else ""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", metric) is None:
        hint = "letters, digits and underscores, so that conditions can name it"
        problems.error("E106", "a metric cannot have this name", path, hint=hint, side="key")
    elif metric.lower() in WORDS | set(FUNCTIONS):
        message = f"{metric} is a word of the condition language, so no metric can have it as its name"
        problems.error("E106", message, path, hint=f"e.g. {metric}_share", side="key")
    if column.unit is None:
        return _UNITS[titled][0] if titled else Unit.ANY
    at: Path = (*path, "unit")
    unit, size = _UNITS[column.unit]
    if titled and _UNITS[titled] != (unit, size):
        problems.error("E111", f'the title of the column says "{titled}", unit says "{column.unit}"', at)
    elif not titled and size != 1.0:
        hint = "leave unit out and compare with plain numbers, or name a column whose title has the unit in brackets"
        message = f'the title of the column does not say "{column.unit}", so its figures are not converted'
        problems.error("E111", message, at, hint=hint)
    return unit


def check_catalogue_units(tables: list[SourceTable], problems: Problems) -> None:
    """A declared unit of a metric that Sentinel knows must be of the kind that it has."""
    for number, table in enumerate(tables):
        for metric, column in table.columns.items():
            if column.unit is None or metric not in CATALOGUE:
                continue
            wanted = CATALOGUE[metric].unit
            if _UNITS[column.unit][0] is not wanted:
                at: Path = ("source", number, "columns", metric, "unit")
                problems.error("E111", f'{metric} is a {wanted.value}, "{column.unit}" does not fit', at)


def resolve_source(name: str | None, path: Path, known: list[str], problems: Problems) -> str:
    """The source that a rule or a service means; the only one where it says nothing."""
    if name is not None:
        if name not in known and not _names_are_broken(problems):
            near = nearest_name(name, known)
            hint = f'did you mean "{near}"?' if near else f"sources are {', '.join(known)}" if known else ""
            problems.error("E113", f'no source is called "{name}"', (*path, "source"), hint=hint)
        return name
    if len(known) == 1:
        return known[0]
    if problems.touches((*path, "source")) or _names_are_broken(problems):
        return known[0] if known else ""
    if known:
        hint = f"write source = one of {', '.join(known)}"
        problems.error("E115", "several sources are declared: which one is meant?", path, hint=hint, side="key")
        return known[0]
    problems.error(
        "E127", "no source is declared", path, hint='add [[source]] with name = "portal" and url', side="key"
    )
    return ""


def _names_are_broken(problems: Problems) -> bool:
    """Whether a source has no usable name: another one might then be meant by it."""
    return any(path[:1] == ("source",) and path[2:] in ((), ("name",)) for path in problems.absent)


def read_services(tables: list[ServiceTable], sources: list[str], problems: Problems) -> tuple[Service, ...]:
    """The declared services."""
    found: list[Service] = []
    names: set[tuple[str, str]] = set()
    uids: set[tuple[str, str]] = set()
    for number, table in enumerate(tables):
        path: Path = ("service", number)
        source = resolve_source(table.source, path, sources, problems)
        if NamePattern(table.name).is_glob:
            hint = "patterns belong into a rule's service; declare each service by its name"
            problems.error("E126", f'"{table.name}" is a pattern', (*path, "name"), hint=hint)
        for key, seen, value in (("name", names, table.name), ("uid", uids, table.uid)):
            folded = (source, value.casefold())
            if folded in seen and value != STAND_IN:
                problems.error("E112", f'two services of {source} have the {key} "{value}"', (*path, key))
            seen.add(folded)
        found.append(Service(source, table.name, table.uid))
    return tuple(found)


def is_uid(text: str) -> bool:
    """Whether a text has the form of a service's identifier."""
    return _UID.fullmatch(text) is not None


def service_pattern(text: str, services: Iterable[Service]) -> str:
    """What a rule or a route calls services: where it is the identifier of a declared one, the pattern of its name."""
    folded = text.casefold()
    return next((one.name.replace("\\", "\\\\") for one in services if one.uid.casefold() == folded), text)
