"""Rules: from tables to criteria, with what they inherit, and with every condition parsed and judged for sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sentinel.config.conditions import check_sense
from sentinel.config.durations import duration_text
from sentinel.config.flapping import check_flapping, flapping_of
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.reach import check_overrides
from sentinel.config.schema import DefaultsTable, NoRollup, Off, OverrideTable, RuleTable, ThresholdTable
from sentinel.config.subject_reader import SubjectReader, Surroundings, unique_ids
from sentinel.config.timezones import check_timezone
from sentinel.domain.expressions import Condition
from sentinel.domain.hierarchy import NodePattern
from sentinel.domain.patterns import NamePattern
from sentinel.domain.rules import Criteria, NoData, Override, Rollup, Rule, Threshold

NO_DATA_AFTER = 1800.0
"""Three of Nexthink's ten-minute steps."""

_POLLS = 3
"""Missed polls that make no data, where the file does not say after how long: one may be late, one may fail."""


def no_data_default(every: float) -> float:
    """`no_data_after` where the file does not say it, in seconds, of what is asked every `every` seconds."""
    return max(NO_DATA_AFTER, _POLLS * every)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The keys that make criteria, each with the path at which it was written (None: nowhere)."""

    values: Mapping[str, object]
    paths: Mapping[str, Path]

    def over(self, other: _Asked) -> _Asked:
        """These keys, and of the other one those that are not said here."""
        return _Asked({**other.values, **self.values}, {**other.paths, **self.paths})

    def seconds(self, key: str, otherwise: float) -> float:
        value = self.values.get(key)
        return float(value) if isinstance(value, int | float) else otherwise


_ASKED = ("warning", "critical", "only_if", "hold", "recover_for", "no_data", "no_data_after")


def _asked(table: DefaultsTable | RuleTable | OverrideTable, path: Path) -> _Asked:
    given = {key: getattr(table, key) for key in _ASKED if key in table.model_fields_set}
    given = {key: value for key, value in given.items() if value is not None}
    return _Asked(given, {key: (*path, "for" if key == "hold" else key) for key in given})


def read_rules(tables: list[RuleTable], around: Surroundings, problems: Problems) -> tuple[Rule, ...]:
    """All rules; what is wrong with them is noted."""
    unique_ids(tables, "rule", "rules", problems)
    if around.defaults.timezone is not None:
        check_timezone(around.defaults.timezone, ("defaults", "timezone"), problems)
    check_flapping(around.defaults.flapping, around.defaults.every, ("defaults", "flapping"), problems)
    return tuple(_RuleReader(table, ("rule", n), around, problems).rule() for n, table in enumerate(tables))


class _RuleReader(SubjectReader[RuleTable]):
    def rule(self) -> Rule:
        """The rule, as far as it can be understood."""
        table, defaults = self.table, self.around.defaults
        self.check()
        check_flapping(table.flapping, self.every, (*self.path, "flapping"), self.problems)
        check_overrides(table, self.path, self.problems)
        own = _asked(table, self.path).over(_asked(defaults, ("defaults",)))
        rollup = table.rollup
        return Rule(
            **self.said(),
            criteria=self._criteria(own, self.path),
            overrides=tuple(self._override(number, override, own) for number, override in enumerate(table.override)),
            rollup=None if isinstance(rollup, NoRollup) else Rollup(**rollup.model_dump()),
            reopen_within=defaults.reopen_within if table.reopen_within is None else table.reopen_within,
            flapping=flapping_of(table.flapping, defaults.flapping),
            retire_after=table.retire_after or defaults.retire_after,
            timezone=table.timezone or defaults.timezone,
        )

    def _override(self, number: int, table: OverrideTable, rule: _Asked) -> Override:
        path: Path = (*self.path, "override", number)
        own = self._completed(_asked(table, path), rule)
        return Override(
            node=None if table.node is None else NodePattern(table.node),
            service=None if table.service is None else NamePattern(self.service(table.service)),
            criteria=self._criteria(own.over(rule), path, may_be_off=bool({"warning", "critical"} & set(own.values))),
        )

    @staticmethod
    def _completed(own: _Asked, rule: _Asked) -> _Asked:
        """An override's threshold table without a breach of its own keeps the conditions of the rule's."""
        values = dict(own.values)
        for key in ("warning", "critical"):
            mine, theirs = values.get(key), rule.values.get(key)
            if isinstance(mine, Off) or not isinstance(mine, ThresholdTable) or not isinstance(theirs, ThresholdTable):
                continue
            if mine.breach is None:
                said = {name: getattr(mine, name) for name in mine.model_fields_set}
                values[key] = theirs.model_copy(update=said)
        return _Asked(values, own.paths)

    def _criteria(self, asked: _Asked, path: Path, *, may_be_off: bool = False) -> Criteria:
        warning, critical = self._threshold("warning", asked), self._threshold("critical", asked)
        said = any(isinstance(asked.values.get(key), ThresholdTable) for key in ("warning", "critical"))
        broken = any(self.problems.touches((*self.path, key)) for key in ("warning", "critical"))
        if not said and not may_be_off and not broken:
            self.problems.error(
                "E117",
                "neither warning nor critical is given, so the rule can find nothing",
                path,
                hint='e.g. warning = "devices_with_errors / devices > 5%"',
                side="key",
            )
        return Criteria(
            warning=warning,
            critical=critical,
            only_if=self._gate(asked),
            no_data=NoData(asked.values.get("no_data", "unknown")),
            no_data_after=self._no_data_after(asked),
            line=self.around.lines.get(path, 0),
        )

    def _no_data_after(self, asked: _Asked) -> float:
        after = asked.seconds("no_data_after", no_data_default(self.every))
        if after >= 2 * self.every:
            return after
        every_at = (*self.path, "every") if self.table.every is not None else ("defaults", "every")
        at = asked.paths.get("no_data_after", every_at)
        if at[0] == "defaults":
            at = every_at
        if self.problems.touches(at):
            return after
        self.problems.error(
            "E118",
            f"no_data_after ({duration_text(after)}) is less than twice every ({duration_text(self.every)})",
            at,
            hint=f'write no_data_after = "{duration_text(3 * self.every)}"',
        )
        return after

    def _threshold(self, key: str, asked: _Asked) -> Threshold | None:
        value = asked.values.get(key)
        if not isinstance(value, ThresholdTable) or isinstance(value, Off):
            return None
        at = asked.paths[key]
        if value.breach is None:
            if not self.problems.touches((*at, "breach")):
                self.problems.error("E104", f"{key} has no breach", at, hint='e.g. breach = "devices > 5"')
            return None
        breach = self.condition(value.breach, (*at, "breach"), at)
        clear = None if value.clear is None else self.condition(value.clear, (*at, "clear"), at, breach=breach)
        if breach is None:
            return None
        if clear is not None or value.clear is None:
            check_sense(breach, clear, (*at, "breach"), (*at, "clear"), self.problems)
        return Threshold(
            breach=breach,
            clear=clear,
            hold=asked.seconds("hold", self.around.defaults.hold) if value.hold is None else value.hold,
            recover_for=asked.seconds("recover_for", self.around.defaults.recover_for)
            if value.recover_for is None
            else value.recover_for,
        )

    def _gate(self, asked: _Asked) -> Condition | None:
        text = asked.values.get("only_if")
        return self.gate(text if isinstance(text, str) else None, asked.paths.get("only_if", self.path))
