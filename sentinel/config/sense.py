"""Rules that can be read and yet cannot do what they seem to say: doubted, each at its place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from sentinel.config.definitions import SourceConfig
from sentinel.config.durations import duration_text
from sentinel.config.nearness import nearest_name
from sentinel.config.node_patterns import check_node_pattern
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.reach import overlap
from sentinel.config.schema import DefaultsTable, OverrideTable, RuleTable, ThresholdTable
from sentinel.config.source_tables import is_uid
from sentinel.domain.expression_bounds import holds_wherever
from sentinel.domain.expression_tree import Logic
from sentinel.domain.patterns import NamePattern
from sentinel.domain.rules import Criteria, Rule, Service, Severity

_SEVERITIES = ("warning", "critical")
_END = 3
"""Letters at the beginning or at the end that a slip leaves as they are: only such names are compared."""
_ALIKE = 0.85
"""How alike an undeclared service must be to a declared one (difflib's ratio) to be taken for a slip."""


@dataclass(frozen=True)
class Sense:
    """Judges rules one by one. `seen`: what earlier ones judge, with their numbers; `slips`: see `_slip`."""

    tables: list[RuleTable]
    defaults: DefaultsTable
    sources: Mapping[str, SourceConfig]
    services: tuple[Service, ...]
    problems: Problems
    seen: dict[tuple[object, ...], list[tuple[int, Rule]]] = field(default_factory=dict)

    slips: dict[tuple[str, str], str] = field(default_factory=dict)

    def check(self, rules: Iterable[Rule]) -> None:
        """Doubt what cannot be meant; rules with errors are left alone."""
        for number, rule in enumerate(rules):
            path: Path = ("rule", number)
            if self.problems.touches(path):
                continue
            table = self.tables[number]
            self._check_timers(table, rule, path)
            self._check_hidden(rule.criteria, path)
            self._check_names(table, rule, path)
            for place, override in enumerate(table.override):
                at: Path = (*path, "override", place)
                self._check_override(override, rule, at)
                if any(getattr(override, severity) is not None for severity in _SEVERITIES):
                    self._check_hidden(rule.overrides[place].criteria, at)
            self._check_twin(number, rule, path)

    def _check_timers(self, table: RuleTable, rule: Rule, path: Path) -> None:
        """Times shorter than figures take to move are as long as that: the next figure decides at the earliest."""
        source = self.sources.get(rule.source)
        step = source.step if source else 0.0
        pace = max(step, rule.every)
        why = (
            f"the figures move every {duration_text(step)}"
            if step >= rule.every
            else f"asked every {duration_text(pace)}"
        )
        for at, key, seconds in self._times(table, path):
            if 0 < seconds < pace:
                message = f'{key} = "{duration_text(seconds)}" is as long as "{duration_text(pace)}": {why}'
                then = "tell at once" if key == "for" else "end at once"
                hint = f'write {key} = "{duration_text(pace)}", or "0s" to {then}'
                self.problems.warning("W124", message, at, hint=hint)
        if table.reopen_within and (least := _soonest(pace, rule)) > table.reopen_within:
            message = (
                f"nothing ever reopens: bad again counts {duration_text(least)} after the recovery at the earliest"
            )
            hint = f'write reopen_within = "{duration_text(least)}" or more, or "0s" to open a new incident each time'
            self.problems.warning("W125", message, (*path, "reopen_within"), hint=hint)

    def _times(self, table: RuleTable, path: Path) -> Iterator[tuple[Path, str, float]]:
        """Every `for` and `recover_for` that is written and holds for the rule: place, key, seconds."""
        holders: list[tuple[DefaultsTable | RuleTable | OverrideTable | ThresholdTable, Path]] = [(table, path)]
        holders += [(one, (*path, "override", number)) for number, one in enumerate(table.override)]
        for one, at in tuple(holders):
            inner = [(getattr(one, key), (*at, key)) for key in _SEVERITIES]
            holders += [(threshold, place) for threshold, place in inner if isinstance(threshold, ThresholdTable)]
        for name, key in (("hold", "for"), ("recover_for", "recover_for")):
            for holder, at in holders:
                if (seconds := getattr(holder, name)) is not None:
                    yield (*at, key), key, seconds
            if getattr(table, name) is None and name in self.defaults.model_fields_set:
                yield ("defaults", key), key, getattr(self.defaults, name)

    def _check_hidden(self, criteria: Criteria, path: Path) -> None:
        """A warning that is critical as well, from the same moment on, is never shown: the highest severity is."""
        warning, critical = criteria.threshold(Severity.WARNING), criteria.threshold(Severity.CRITICAL)
        if warning is None or critical is None or critical.hold > warning.hold:
            return
        if holds_wherever(critical.breach, warning.breach):
            message = "warning never shows: wherever it is true, critical is true as well"
            hint = "critical is the worse one; are the two limits exchanged?"
            self.problems.warning("W122", message, (*path, "critical"), hint=hint)

    def _check_names(self, table: RuleTable, rule: Rule, path: Path) -> None:
        """Services that are almost a declared one. Others may stand in the source's own list."""
        for number, text in enumerate(table.service):
            near = self._slip(rule.source, text)
            if near:
                message = f'no [[service]] is called "{text}"'
                self.problems.warning("W131", message, (*path, "service", number), hint=f'did you mean "{near}"?')

    def _slip(self, source: str, text: str) -> str:
        """The declared service that a name is almost, empty where there is none."""
        known = self.slips.get((source, text))
        if known is None:
            known = self.slips[source, text] = self._looked_up(source, text)
        return known

    def _looked_up(self, source: str, text: str) -> str:
        pattern = NamePattern(text)
        declared = {one.name.casefold(): one.name for one in self.services if one.source == source}
        if is_uid(text) or pattern.is_glob or not declared or text.casefold() in declared:
            return ""
        if any(pattern.matches(name) for name in declared.values()):
            return ""
        ends = (text.casefold()[:_END], text.casefold()[-_END:])  # a slip hits one end of a name at most
        alike = [name for name in declared if name.startswith(ends[0]) or name.endswith(ends[1])]
        near = [one for one in get_close_matches(text.casefold(), alike, cutoff=_ALIKE) if _is_slip(text, one)]
        return declared[near[0]] if near else ""

    def _check_override(self, table: OverrideTable, rule: Rule, path: Path) -> None:
        override = rule.overrides[int(path[-1])]
        if table.node is not None:
            check_node_pattern(table.node, (*path, "node"), self.problems)
        if override.service is not None and not overlap(override.service, rule.services):
            names = [one.text for one in rule.services]
            near = nearest_name(override.service.text, names)
            hint = f'did you mean "{near}"?' if near else f"the rule is for {', '.join(names)}"
            self.problems.warning("W126", "never used: the rule is not for this service", (*path, "service"), hint=hint)
        if override.node is not None and rule.path and not override.node.reaches(rule.path):
            hint = f"the rule is for what lies below {'/'.join(rule.path)}"
            self.problems.warning("W126", "never used: no node of the rule fits this", (*path, "node"), hint=hint)

    def _check_twin(self, number: int, rule: Rule, path: Path) -> None:
        """Two rules with one condition for the same nodes tell everything twice."""
        if rule.overrides:
            return
        for severity in Severity:
            threshold = rule.criteria.threshold(severity)
            if threshold is None:
                continue
            gate: Logic | None = rule.criteria.only_if.tree if rule.criteria.only_if else None
            key = (rule.source, rule.hierarchy, rule.path, rule.scope, severity, gate, threshold.breach.tree)
            others = self.seen.setdefault(key, [])
            twin = next((place for place, other in others if _same_place(rule, other)), None)
            others.append((number, rule))
            if twin is not None:
                line = self.problems.positions.key(("rule", twin, "id")).line
                message = f'this rule asks the same as rule "{self.tables[twin].id}", so everything is told twice'
                hint = f"the other one stands in line {line}; one rule can have several services and levels"
                self.problems.warning("W128", message, path, hint=hint, side="key")
                return


def _same_place(rule: Rule, other: Rule) -> bool:
    """Whether some service and some level are judged by both."""
    services = {one.text.casefold() for one in rule.services} & {one.text.casefold() for one in other.services}
    return bool(services) and (rule.path is not None or bool(set(rule.levels) & set(other.levels)))


def _soonest(pace: float, rule: Rule) -> float:
    """How long after a recovery the same can count as bad again: the next figure, and `for` in whole steps of figures."""
    asked = [rule.criteria, *(override.criteria for override in rule.overrides)]
    found = [one.threshold(severity) for one in asked for severity in Severity]
    hold = min((one.hold for one in found if one is not None), default=0.0)
    return pace * (1 + math.ceil(hold / pace))


def _is_slip(text: str, name: str) -> bool:
    """Whether two names that are alike are one misspelt; names that differ in a number alone are two."""
    return "".join(c for c in text.casefold() if not c.isdigit()) != "".join(c for c in name if not c.isdigit())
