"""What rules and SLAs have in common: which figures of which source they are about, and their conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypedDict, TypeVar

from sentinel.config.conditions import Vocabulary, check_gate, read_condition
from sentinel.config.definitions import SourceConfig
from sentinel.config.durations import duration_text
from sentinel.config.nearness import nearest_name
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.schema import DefaultsTable
from sentinel.config.source_tables import is_uid, resolve_source, service_pattern
from sentinel.config.structure import STAND_IN
from sentinel.config.table import SubjectTable
from sentinel.config.timezones import check_timezone
from sentinel.config.urls import check_link
from sentinel.config.windows import check_windows
from sentinel.domain.expressions import Condition
from sentinel.domain.hierarchy import Node
from sentinel.domain.metrics import Unit
from sentinel.domain.patterns import NamePattern
from sentinel.domain.reading import Scope
from sentinel.domain.rules import Service

T = TypeVar("T", bound=SubjectTable)


@dataclass(frozen=True)
class Surroundings:
    """What a rule is read against. `units` of the metrics by source; `services` declared; `lines` of tables by path."""

    defaults: DefaultsTable
    sources: Mapping[str, SourceConfig]
    services: tuple[Service, ...]
    units: Mapping[str, Mapping[str, Unit]]
    lines: Mapping[Path, int]


class Said(TypedDict):
    """The fields of a rule or an SLA that are read alike, as `domain.subject.Subject` and both of them have them."""

    id: str
    summary: str
    services: tuple[NamePattern, ...]
    source: str
    hierarchy: str
    levels: tuple[str, ...]
    path: Node | None
    scope: Scope
    every: float
    owner: str
    runbook: str
    line: int


def unique_ids(tables: Sequence[SubjectTable], kind: str, noun: str, problems: Problems) -> None:
    """Note ids that two tables of a kind have. `noun` is how several of them are called."""
    seen: dict[str, int] = {}
    for number, table in enumerate(tables):
        path: Path = (kind, number, "id")
        if problems.touches(path) or table.id == STAND_IN:
            continue
        if table.id in seen:
            first = problems.positions.key((kind, seen[table.id], "id")).line
            message = f'two {noun} have the id "{table.id}"'
            problems.error("E112", message, path, hint=f"the other one stands in line {first}")
        seen.setdefault(table.id, number)


class SubjectReader(Generic[T]):
    """Reads the table at `path`. `every` in seconds; `words` are what its conditions may name."""

    def __init__(self, table: T, path: Path, around: Surroundings, problems: Problems) -> None:
        self.table = table
        self.path = path
        self.around = around
        self.problems = problems
        self.source = resolve_source(table.source, path, list(around.sources), problems)
        self.words = Vocabulary(around.units.get(self.source, around.units[""]), _titles(around.sources, self.source))
        self.every = table.every or around.defaults.every
        self._services = [one for one in around.services if one.source == self.source]

    def check(self) -> None:
        """Note what is wrong with the place, the interval, the services, the time zone and the runbook."""
        self._check_place()
        self._check_every()
        self._check_services()
        if self.table.timezone is not None:
            check_timezone(self.table.timezone, (*self.path, "timezone"), self.problems)
        if self.table.runbook:
            check_link(self.table.runbook, (*self.path, "runbook"), self.problems)

    def said(self) -> Said:
        """What it is called and which figures it is about."""
        table = self.table
        return Said(
            id=table.id,
            summary=table.summary or table.id,
            services=tuple(NamePattern(text) for text in dict.fromkeys(map(self.service, table.service))),
            source=self.source,
            hierarchy=table.hierarchy,
            levels=tuple(dict.fromkeys(table.level or ())),
            path=None if table.path is None else tuple(table.path),
            scope=table.scope or self.around.defaults.scope,
            every=self.every,
            owner=table.owner or "",
            runbook=table.runbook,
            line=self.around.lines.get(self.path, 0),
        )

    def service(self, text: str) -> str:
        """A service's name, where the text is its identifier; else the text."""
        return service_pattern(text, self._services)

    def condition(self, text: str, path: Path, bare: Path, *, breach: Condition | None = None) -> Condition | None:
        """A condition, written at `path`, or at `bare` where it stands there as text."""
        at = path if path in self.problems.positions.values else bare
        found = read_condition(text, self.words, at, self.problems, breach=breach)
        if found is not None and not self.problems.touches((*self.path, "every")):
            source = self.around.sources.get(self.source)
            check_windows(found, at, max(source.step if source else 0.0, self.every), self.problems)
        return found

    def gate(self, text: str | None, at: Path) -> Condition | None:
        """The condition of an `only_if`."""
        found = None if text is None else self.condition(text, at, at)
        if found is not None:
            check_gate(found, at, self.problems)
        return found

    def _check_place(self) -> None:
        table, path = self.table, self.path
        if table.level is not None and table.path is not None:
            self.problems.error(
                "E116", "level and path are both given", (*path, "path"), hint="keep one of them", side="key"
            )
        elif table.level is None and table.path is None:
            hint = 'e.g. level = "Site", or path = ["Europe", "Switzerland"]'
            if not any(self.problems.touches((*path, key)) for key in ("level", "path")):
                self.problems.error("E116", "level or path is missing", path, hint=hint, side="key")
        source = self.around.sources.get(self.source)
        known = source.levels.get(table.hierarchy, ()) if source else ()
        if source and source.levels and not known and not self.problems.touches((*path, "hierarchy")):
            near = nearest_name(table.hierarchy, source.levels)
            hint = f'did you mean "{near}"?' if near else f"declared are {', '.join(source.levels)}"
            message = f'source "{source.name}" declares no levels of "{table.hierarchy}"'
            self.problems.warning("W112", message, (*path, "hierarchy"), hint=hint)
        for number, level in enumerate(table.level or ()):
            if known and level not in known:
                near = nearest_name(level, known)
                hint = f'did you mean "{near}"?' if near else f"levels are {', '.join(known)}"
                at = (*path, "level", number)
                self.problems.error("E129", f'{table.hierarchy} has no level "{level}"', at, hint=hint)

    def _check_services(self) -> None:
        """Identifiers that only the source's own list could explain: while that cannot be read, nothing is known of them."""
        declared = {one.uid.casefold() for one in self._services}
        for number, text in enumerate(self.table.service):
            if is_uid(text) and text.casefold() not in declared:
                hint = f'add [[service]] with name and uid = "{text}"'
                message = "no [[service]] declares this identifier, so its name is known only from the source's list"
                self.problems.warning("W111", message, (*self.path, "service", number), hint=hint)

    def _check_every(self) -> None:
        source = self.around.sources.get(self.source)
        if source is None or self.every >= source.step:
            return
        at: Path = (*self.path, "every") if self.table.every is not None else ("defaults", "every")
        self.problems.warning(
            "W101",
            f"asks every {duration_text(self.every)}, but the figures of {source.name} "
            f"move every {duration_text(source.step)}",
            at,
            hint=f'write every = "{duration_text(source.step)}"',
        )


def _titles(sources: Mapping[str, SourceConfig], name: str) -> Mapping[str, str]:
    """The titles of the source's columns, in small letters, with the metrics that they are."""
    source = sources.get(name)
    return {} if source is None else {" ".join(t.lower().split()): metric for metric, t in source.columns.items()}
