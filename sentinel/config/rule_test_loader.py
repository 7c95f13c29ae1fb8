"""The door of rule tests: every test of a file, or every mistake in it and in its rules at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path as FilePath
from typing import TypeVar

import numpy as np

from sentinel.config.definitions import Loaded
from sentinel.config.durations import duration_text
from sentinel.config.loader import assembled, load, opened
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.rule_test_expectations import read_expectations
from sentinel.config.rule_test_known import Known
from sentinel.config.rule_test_schema import RuleTestsFile, SeriesTable, TestTable
from sentinel.config.rule_test_sheets import Name, Series, sheets
from sentinel.config.rule_test_standins import with_stand_ins
from sentinel.config.rule_test_values import ValuesError, parse_answers, parse_values
from sentinel.config.schema import RulesFile
from sentinel.domain.alarm import PREFIX
from sentinel.domain.metrics import nearest
from sentinel.domain.rehearsal import Rehearsal, Sheet
from sentinel.domain.rehearsal_verdict import RuleTest
from sentinel.domain.rules import Rulebook
from sentinel.errors import ConfigError, Problem

START = datetime.fromisoformat("2026-03-02T08:00:00Z")
"""A Monday morning: when tests begin that do not say it."""

LATEST = datetime.fromisoformat("9000-01-01T00:00:00Z").timestamp()
"""Later there are no dates to be sure of: the calendar of the machine ends with the year 9999."""

T = TypeVar("T")
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*test[ \t]*\]\]", re.MULTILINE)
_OF_RULES = tuple(RulesFile.model_fields)


@dataclass(frozen=True, eq=False)
class RuleTests:
    """A file of rule tests. `warnings` do not stand in the way."""

    file: str
    tests: tuple[RuleTest, ...]
    warnings: tuple[Problem, ...]


def load_tests(path: FilePath) -> RuleTests:
    """Read a file of rule tests and its rules.

    Raises:
        ConfigError: with every problem of the file, warnings included, then those of its rules.
    """
    found, text, problems = opened(path, RuleTestsFile, hint="docs/how-to/test-rules.md shows how to write one")
    loaded, others = _rules(found, path.parent, text, problems)
    if loaded is None:
        tests: tuple[RuleTest, ...] = ()
        for number, table in enumerate(found.test):
            _Reader(table, ("test", number), problems).series()
    else:
        every = found.every or loaded.defaults.every
        names = _Names(problems, len(found.test))
        tests = tuple(
            test
            for number, table in enumerate(found.test)
            if (test := _test(table, number, path, loaded, every, names, problems)) is not None
        )
    if problems.errors or others:
        raise ConfigError((*problems.all, *others))
    return RuleTests(str(path), tests, problems.all)


def _rules(
    found: RuleTestsFile, directory: FilePath, text: str, problems: Problems
) -> tuple[Loaded | None, tuple[Problem, ...]]:
    """The rules that are tested, and the problems of their own file."""
    inline = [key for key in _OF_RULES if key in found.model_fields_set]
    if found.rules is None:
        if not found.rule and not found.sla:
            if not problems.touches(("rule",)) and not problems.touches(("rules",)):
                hint = 'rules = "rules.toml" at the top, relative to this file, or [[rule]] tables'
                problems.error("E301", "there are no rules to test", (), hint=hint, side="key")
            return None, ()
        loaded = assembled(with_stand_ins(found), directory, problems, text, written=found)
        return (None if any(problems.touches((key,)) for key in _OF_RULES) else loaded), ()
    for key in inline:
        table = f"[{key}]" if key in ("defaults", "delivery") else f"[[{key}]]"
        message = f"rules names a file, and {table} stands here too"
        hint = f"move {table} into that file, or leave rules out and keep all rules here"
        problems.error("E301", message, (key,), hint=hint, side="key")
    path = directory / found.rules
    if not path.exists():
        hint = "the path is relative to the file of tests"
        problems.error("E301", f"there is no such file: {path}", ("rules",), hint=hint)
        return None, ()
    try:
        return load(path), ()
    except ConfigError as error:
        return None, error.problems


class _Names:
    """The names of a file's tests, each once, and where they stand."""

    def __init__(self, problems: Problems, count: int) -> None:
        self._problems = problems
        self._lines: dict[str, int] = {}
        text = problems.text
        self._headers = [text.count("\n", 0, match.start()) + 1 for match in _HEADER.finditer(text)]
        if len(self._headers) != count or '"""' in text or "'''" in text:
            self._headers = [problems.positions.key(("test", number)).line for number in range(count)]

    def take(self, name: str, path: Path, number: int) -> int:
        """Note the name; the line of its test."""
        line = self._headers[number]
        if name in self._lines and not self._problems.touches((*path, "name")):
            hint = f"the other one stands in line {self._lines[name]}"
            self._problems.error("E305", f'two tests have the name "{name}"', (*path, "name"), hint=hint)
        self._lines.setdefault(name, line)
        return line


def _test(
    table: TestTable, number: int, file: FilePath, loaded: Loaded, every: float, names: _Names, problems: Problems
) -> RuleTest | None:
    path: Path = ("test", number)
    line = names.take(table.name, path, number)
    reader = _Reader(table, path, problems)
    series = reader.series()
    answers = reader.answers([source.name for source in loaded.sources])
    start = reader.start()
    if not series or len(series) < len(table.series):
        return None
    sources = {source.name: source for source in loaded.sources}
    polls = max([one.values.size for one in series] + [len(letters) for letters in answers.values()])
    if start + polls * every > LATEST:
        hint = "make every smaller, or the series shorter"
        at: Path = (*path, "start") if table.start is not None else path
        message = "the test goes on beyond the year 9000"
        problems.error("E312", message, at, hint=hint, side="value" if table.start is not None else "key")
        return None
    readable = not problems.touches((*path, "series"))
    if readable:
        reader.check_lengths(series, polls, every)
    book = _with_every(loaded.rulebook, every)
    played: tuple[Sheet, ...] = sheets(book, sources, series, _named(table), polls, problems)
    rehearsal = Rehearsal(book, played, polls, every, start, answers)
    expected = read_expectations(table, path, Known(rehearsal, series, readable), problems)
    return RuleTest(
        name=table.name,
        file=str(file),
        line=line,
        rehearsal=rehearsal,
        states=expected.states,
        notices=expected.notices,
        not_told=expected.not_told,
        sla=expected.sla,
    )


def _named(table: TestTable) -> set[Name]:
    """The rules and SLAs that expectations name: they are played whatever the series have for them.

    An SLA and the rule that watches its error budget are named with each other.
    """
    asked = (*table.expect, *(table.expect_notices or ()), *(table.expect_not_told or ()))
    rules = {one.rule for one in asked if one.rule}
    agreed = {one.sla for one in table.expect_sla}
    agreed |= {rule.removeprefix(PREFIX) for rule in rules if rule.startswith(PREFIX)}
    rules |= {f"{PREFIX}{sla}" for sla in agreed}
    return {*(("rule", rule) for rule in rules), *(("sla", sla) for sla in agreed)}


def _with_every(book: Rulebook, every: float) -> Rulebook:
    """The rules and SLAs polled as the tests poll, each value a new sample."""
    rules = tuple(replace(rule, every=every) for rule in book.rules)
    slas = tuple(replace(sla, every=every) for sla in book.slas)
    sources = tuple(replace(source, step=0.0) for source in book.sources)
    return replace(book, rules=rules, slas=slas, sources=sources)


class _Reader:
    """What a test plays."""

    def __init__(self, table: TestTable, path: Path, problems: Problems) -> None:
        self._table = table
        self._path = path
        self._problems = problems

    def series(self) -> list[Series]:
        """All that can be read."""
        if not self._table.series and not self._problems.touches((*self._path, "series")):
            hint = "add [[test.series]] with service, node, metric and values"
            self._problems.error(
                "E304", "the test has no series, so nothing is polled", self._path, hint=hint, side="key"
            )
        found: list[Series] = []
        seen: dict[tuple[str, tuple[str, ...], str], Path] = {}
        for number, one in enumerate(self._table.series):
            path: Path = (*self._path, "series", number)
            if any(self._problems.touches((*path, key)) for key in ("service", "node", "metric", "values")):
                continue
            self._tell_twice(one, path, seen)
            values = self._read(parse_values, one.values, path, "E302")
            values = np.full(1, np.nan) if values is None else values
            found.append(Series(one.service, tuple(one.node), one.metric, values, path))
        return found

    def _tell_twice(self, one: SeriesTable, path: Path, seen: dict[tuple[str, tuple[str, ...], str], Path]) -> None:
        key = (one.service, tuple(one.node), one.metric)
        if key in seen:
            message = f"the figures of {one.metric} at this node are given twice"
            hint = f"the others stand in line {self._problems.positions.key(seen[key]).line}"
            self._problems.error("E305", message, path, hint=hint, side="key")
        seen.setdefault(key, path)

    def answers(self, sources: list[str]) -> Mapping[str, str]:
        """How the sources answered, letters by source."""
        found: dict[str, str] = {}
        for number, one in enumerate(self._table.source):
            path: Path = (*self._path, "source", number)
            if self._problems.touches((*path, "values")):
                continue
            letters = self._read(parse_answers, one.values, path, "E303")
            name = self._source(one.source, path, sources)
            if name in found:
                self._problems.error("E305", f'the answers of "{name}" are given twice', path, side="key")
            elif letters is not None and name is not None:
                found[name] = letters
        return found

    def _source(self, name: str | None, path: Path, sources: list[str]) -> str | None:
        if name is None and len(sources) == 1:
            return sources[0]
        if name in sources:
            return name
        known = ", ".join(sources)
        if name is None:
            hint = f"write source = one of {known}"
            self._problems.error("E308", "which source is meant?", path, hint=hint, side="key")
        else:
            near = nearest(name, sources)
            hint = f'did you mean "{near}"?' if near else f"sources are {known}"
            self._problems.error("E308", f'no source is called "{name}"', (*path, "source"), hint=hint)
        return None

    def _read(self, parse: Callable[[str], T], text: str, path: Path, code: str) -> T | None:
        at: Path = (*path, "values")
        try:
            return parse(text)
        except ValuesError as wrong:
            self._problems.inside(code, wrong.message, at, wrong.start, wrong.end, hint=wrong.hint)
        return None

    def check_lengths(self, series: Iterable[Series], polls: int, every: float) -> None:
        """A series that ends early is missing from then on, which is seldom meant."""
        for one in series:
            if one.values.size < polls:
                after = duration_text((one.values.size - 1) * every)
                message = (
                    f"the values end at {after}, after {one.values.size} of {polls} polls, and are missing from then on"
                )
                hint = f"write _x{polls - one.values.size} at the end if that is meant"
                self._problems.warning("W301", message, (*one.path, "values"), hint=hint)

    def start(self) -> float:
        """When the test begins, Unix seconds."""
        given = self._table.start
        if given is None:
            return START.timestamp()
        if isinstance(given, str):
            try:
                given = datetime.fromisoformat(given)
            except ValueError:
                given = None
        if isinstance(given, datetime) and given.tzinfo is not None and given.year >= 1971:  # noqa: PLR2004  # before it clocks run backwards
            return given.timestamp()
        hint = 'e.g. start = "2026-03-02T08:00:00Z"'
        message = "start must be an instant with its time zone"
        self._problems.error("E312", message, (*self._path, "start"), hint=hint)
        return START.timestamp()
