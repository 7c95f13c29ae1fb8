"""The door of `rules.toml`: everything that it says, or every mistake in it at once."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, TypeVar

from sentinel.config.calendar_tables import read_calendars
from sentinel.config.definitions import Defaults, DeliverySettings, Loaded, ReceiverConfig, SourceConfig
from sentinel.config.flapping import flapping_of
from sentinel.config.maintenance_tables import read_maintenance
from sentinel.config.positions import Path, Positions
from sentinel.config.problems import Problems
from sentinel.config.reach import check_exclusions, check_maintenance, check_reach
from sentinel.config.route_tables import read_delivery, read_receivers, read_routes
from sentinel.config.rule_tables import no_data_default, read_rules
from sentinel.config.schema import DefaultsTable, RulesFile
from sentinel.config.sense import Sense
from sentinel.config.sla_alarms import alarm_rules
from sentinel.config.sla_tables import read_slas
from sentinel.config.source_tables import check_catalogue_units, read_services, read_sources, units_of
from sentinel.config.structure import read_tables
from sentinel.config.subject_reader import Surroundings
from sentinel.config.syntax import syntax_problem
from sentinel.domain.rules import Rulebook, SourceTraits
from sentinel.errors import ConfigError, Problem

__all__ = ["Defaults", "DeliverySettings", "Loaded", "ReceiverConfig", "SourceConfig", "load", "read_text"]

F = TypeVar("F", bound=RulesFile)
_HEADER = re.compile(
    r"^[ \t]*\[\[[ \t]*(rule|route|maintenance|calendar|sla|rule[ \t]*\.[ \t]*override)[ \t]*\]\]", re.MULTILINE
)
_LINED = ("rule", "route", "maintenance", "calendar", "sla")
"""Tables that keep the line of their header."""


LARGEST = 4 * 2**20
"""Bytes of a rules file: many thousand rules fit; what is larger is something else."""


def load(path: FilePath | None = None, *, text: str | None = None, name: str = "rules.toml") -> Loaded:
    """Read a rules file.

    Args:
        path: the file; `rules.toml` in the working directory unless a text is given.
        text: its contents, where they are at hand already; `name` is what problems call it.
        name: see `text`.

    Raises:
        ConfigError: with every problem, warnings included, in the order of the file.
    """
    if text is None:
        path = FilePath(name) if path is None else path
        text = read_text(path)
    structure, problems = _structured(text, name if path is None else str(path), RulesFile)
    loaded = assembled(structure, None if path is None else path.parent, problems, text)
    if problems.errors:
        raise ConfigError(problems.all)
    return replace(loaded, warnings=problems.all)


def opened(path: FilePath, kind: type[F], *, hint: str) -> tuple[F, str, Problems]:
    """The tables of a file of some kind, its text, and what is wrong with their form; `hint`: where there is no file.

    Raises:
        ConfigError: nothing in it can be used.
    """
    text = read_text(path, hint=hint)
    structure, problems = _structured(text, str(path), kind)
    return structure, text, problems


def _structured(text: str, file: str, kind: type[F]) -> tuple[F, Problems]:
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    data = _parsed(plain, file)
    problems = Problems(file, plain)
    structure, problems.absent = read_tables(data, problems, kind)
    if structure is None:
        raise ConfigError(problems.all)
    return structure, problems


_COPY = "`sentinel init` writes one; or name another one: SENTINEL_RULES, or on the command line"


def read_text(path: FilePath, *, hint: str = _COPY) -> str:
    """The text of a file.

    Raises:
        ConfigError: it cannot be read, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)  # a device has no size to ask for, and no end
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "the name cannot be used"
        raise ConfigError((_problem(str(path), 0, 0, "E102", f"cannot be read: {why}", hint),)) from None
    if len(raw) > LARGEST:
        raise ConfigError((_problem(str(path), 0, 0, "E102", f"is larger than {LARGEST // 2**20} MiB"),))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        problem = _problem(str(path), line, column, "E102", "this is not UTF-8 text", "save the file as UTF-8")
        raise ConfigError((problem,)) from None


def _problem(file: str, line: int, column: int, code: str, message: str, hint: str = "") -> Problem:
    return Problem(file=file, line=line, column=column, code=code, message=message, hint=hint)


def _parsed(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError((_problem(file, 0, 0, "E101", "brackets are nested too deeply"),)) from None
    except (ValueError, OverflowError) as error:
        raise ConfigError((syntax_problem(str(error), text, file),)) from None


def _lines(text: str, structure: RulesFile, problems: Problems) -> Mapping[Path, int]:
    """The lines of tables and of overrides: from their headers alone where these tell all."""
    found: dict[Path, int] = {}
    counts = dict.fromkeys(_LINED, 0)
    overrides = 0
    line, last = 1, 0
    for match in _HEADER.finditer(text):
        line += text.count("\n", last, match.start())
        last = match.start()
        if "." in match.group(1):
            found["rule", counts["rule"] - 1, "override", overrides] = line
            overrides += 1
            continue
        kind = match.group(1)
        found[kind, counts[kind]] = line
        counts[kind] += 1
        overrides = 0 if kind == "rule" else overrides
    written = sum(len(getattr(structure, kind)) for kind in _LINED) + sum(len(rule.override) for rule in structure.rule)
    if len(found) == written and '"""' not in text and "'''" not in text:
        return found
    return _scanned_lines(structure, problems.positions)


def _scanned_lines(structure: RulesFile, positions: Positions) -> Mapping[Path, int]:
    paths: list[Path] = [(kind, number) for kind in _LINED for number in range(len(getattr(structure, kind)))]
    for number, rule in enumerate(structure.rule):
        paths += [("rule", number, "override", position) for position in range(len(rule.override))]
    return {path: positions.key(path).line for path in paths}


def assembled(
    structure: RulesFile,
    directory: FilePath | None,
    problems: Problems,
    text: str,
    *,
    written: RulesFile | None = None,
) -> Loaded:
    """What the tables mean together, as far as they can be understood; what is wrong is added to `problems`.

    `written`: the tables of the file, where `structure` has others beside them.
    """
    lines = _lines(problems.text, written or structure, problems)
    sources = read_sources(structure.source, directory, problems)
    units = units_of(structure.source, problems)
    check_catalogue_units(structure.source, problems)
    services = read_services(structure.service, list(sources), problems)
    around = Surroundings(structure.defaults, sources, services, units, lines)
    delivery = read_delivery(structure.delivery, problems)
    receivers = read_receivers(structure.receiver, structure.delivery, problems)
    defaults = _defaults(structure.defaults)
    return Loaded(
        file=problems.file,
        text=text,
        defaults=defaults,
        rulebook=_rulebook(structure, around, receivers, defaults, problems),
        sources=tuple(sources.values()),
        services=services,
        receivers=receivers,
        delivery=delivery,
        warnings=problems.all,
        digest=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
    )


def _defaults(table: DefaultsTable) -> Defaults:
    read = {
        "no_data_after": table.no_data_after or no_data_default(table.every),
        "flapping": flapping_of(None, table.flapping),
    }
    return Defaults(**{**table.model_dump(), **read})


def _rulebook(
    structure: RulesFile,
    around: Surroundings,
    receivers: tuple[ReceiverConfig, ...],
    defaults: Defaults,
    problems: Problems,
) -> Rulebook:
    """Everything that decides."""
    sources, services, zone = around.sources, around.services, structure.defaults.timezone
    rules = read_rules(structure.rule, around, problems)
    Sense(structure.rule, structure.defaults, dict(sources), services, problems).check(rules)
    routes = read_routes(structure.route, receivers, services, problems, around.lines)
    calendars = read_calendars(structure.calendar, zone, problems, around.lines)
    maintenance = read_maintenance(structure.maintenance, zone, services, problems, around.lines)
    slas = read_slas(structure.sla, around, {one.name: one for one in calendars}, receivers, problems)
    rules = (*rules, *alarm_rules(slas, structure.defaults, defaults.flapping))
    if (rules or slas) and not problems.touches(("maintenance",)):
        check_maintenance(maintenance, rules, slas, services, dict(sources), problems)
        check_exclusions(slas, maintenance, problems)
    if rules and not problems.touches(("route",)) and not problems.touches(("receiver",)):
        check_reach(rules, routes, receivers, dict(sources), problems)
    if not rules and not slas and not problems.touches(("rule",)) and not problems.touches(("sla",)):
        problems.warning("W106", "there is no [[rule]], so nothing is watched", (), side="key")
    return Rulebook(
        rules=rules,
        routes=routes,
        sources=tuple(_traits(source, defaults) for source in sources.values()),
        addresses=tuple(address for receiver in receivers for address in receiver.addresses),
        calendars=calendars,
        maintenance=maintenance,
        slas=slas,
    )


def _traits(source: SourceConfig, defaults: Defaults) -> SourceTraits:
    return SourceTraits(
        name=source.name,
        step=source.step,
        max_missing_share=source.max_missing_share,
        no_data_after=defaults.no_data_after,
    )
