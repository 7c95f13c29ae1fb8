"""Two rules files compared by what they mean: comments, order and spelling are no change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from sentinel.config.durations import duration_text
from sentinel.domain.calendars import Calendar, Maintenance
from sentinel.domain.hierarchy import node_text
from sentinel.domain.rules import Criteria, Flapping, Override, Rollup, Rule, Rulebook, Threshold


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of a rule whose meaning changed, as text: `critical.breach`. Empty: it is not there."""

    key: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What becomes of a rule: `added`, `removed`, or `changed` in these settings.

    `twin` is the id of a rule of the other file that says the same under another name: it was renamed.
    """

    rule: str
    change: str
    settings: tuple[Setting, ...] = ()
    twin: str | None = None


def rule_changes(old: Rulebook, new: Rulebook) -> tuple[RuleChange, ...]:
    """What differs between the rules of two files, in the order of the new one, what was removed last."""
    before, after = {rule.id: rule for rule in old.rules}, {rule.id: rule for rule in new.rules}
    gone = {key: _meaning(rule) for key, rule in before.items() if key not in after}
    come = {key: _meaning(rule) for key, rule in after.items() if key not in before}
    found: list[RuleChange] = []
    for key, rule in after.items():
        if key in come:
            twin = next((other for other, meaning in gone.items() if meaning == come[key]), None)
            found.append(RuleChange(key, "added", twin=twin))
        elif settings := _settings(_meaning(before[key]), _meaning(rule)):
            found.append(RuleChange(key, "changed", settings))
    for key, meaning in gone.items():
        twin = next((other for other, theirs in come.items() if theirs == meaning), None)
        found.append(RuleChange(key, "removed", twin=twin))
    return tuple(found)


def routing_changed(old: Rulebook, new: Rulebook) -> bool:
    """Whether anything about who is told differs."""
    return [_route(one) for one in old.routes] != [_route(one) for one in new.routes] or old.addresses != new.addresses


@dataclass(frozen=True, slots=True)
class NamedChange:
    """What becomes of a calendar or a maintenance: `added`, `removed` or `changed`."""

    name: str
    change: str


def named_changes(
    old: Sequence[Calendar] | Sequence[Maintenance], new: Sequence[Calendar] | Sequence[Maintenance]
) -> tuple[NamedChange, ...]:
    """Which of them differ, in the order of the new file, what was removed last."""
    before, after = {one.name: one for one in old}, {one.name: one for one in new}
    found = [
        NamedChange(name, "changed" if name in before else "added") for name in after if after[name] != before.get(name)
    ]
    return (*found, *(NamedChange(name, "removed") for name in before if name not in after))


def _route(route: object) -> str:
    return ", ".join(f"{one.name}={getattr(route, one.name)}" for one in fields(route) if one.name != "line")  # type: ignore[arg-type]  # a dataclass


def _settings(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Setting, ...]:
    keys = dict.fromkeys((*old, *new))
    return tuple(
        Setting(key, old.get(key, ""), new.get(key, "")) for key in keys if old.get(key, "") != new.get(key, "")
    )


def _meaning(rule: Rule) -> dict[str, str]:
    """Everything that a rule says, as text by key; its id left out."""
    told = {
        "summary": rule.summary,
        "service": ", ".join(pattern.text for pattern in rule.services),
        "source": rule.source,
        "hierarchy": rule.hierarchy,
        "level": ", ".join(rule.levels),
        "path": "" if rule.path is None else node_text(rule.path) or "(top)",
        "scope": rule.scope,
        "every": duration_text(rule.every),
        "rollup": "false" if rule.rollup is None else _rollup(rule.rollup),
        "flapping": "false" if rule.flapping is None else _flapping(rule.flapping),
        "reopen_within": duration_text(rule.reopen_within),
        "retire_after": duration_text(rule.retire_after),
        "timezone": rule.timezone,
        "runbook": rule.runbook,
        "owner": rule.owner,
        **dict(_criteria(rule.criteria)),
        **_others(rule),
    }
    for number, override in enumerate(rule.overrides, start=1):
        told.update((f"override {number}: {key}", text) for key, text in _override(override))
    return {key: text for key, text in told.items() if text}


_SAID = frozenset(
    [
        "id",
        "summary",
        "services",
        "source",
        "hierarchy",
        "levels",
        "path",
        "scope",
        "every",
        "criteria",
        "overrides",
        "rollup",
        "reopen_within",
        "retire_after",
        "timezone",
        "runbook",
        "owner",
        "flapping",
        "line",
    ]
)


def _others(rule: Rule) -> dict[str, str]:
    """What rules have learnt since this was written: told as it is."""
    return {one.name: str(getattr(rule, one.name)) for one in fields(rule) if one.name not in _SAID}


def _rollup(rollup: Rollup) -> str:
    return f"min_children {rollup.min_children}, min_share {rollup.min_share:g}, min_coverage {rollup.min_coverage:g}"


def _flapping(flapping: Flapping) -> str:
    within, quiet = duration_text(flapping.within), duration_text(flapping.quiet)
    return f"{flapping.changes} changes within {within}, quiet {quiet}"


def _override(override: Override) -> Iterator[tuple[str, str]]:
    yield "node", "" if override.node is None else override.node.text
    yield "service", "" if override.service is None else override.service.text
    yield from _criteria(override.criteria)


def _criteria(criteria: Criteria) -> Iterable[tuple[str, str]]:
    yield "only_if", "" if criteria.only_if is None else criteria.only_if.text
    for severity, threshold in (("warning", criteria.warning), ("critical", criteria.critical)):
        if threshold is not None:
            yield from ((f"{severity}.{key}", text) for key, text in _threshold(threshold))
    yield "no_data", criteria.no_data.value
    yield "no_data_after", duration_text(criteria.no_data_after)


def _threshold(threshold: Threshold) -> Iterator[tuple[str, str]]:
    yield "breach", threshold.breach.text
    yield "clear", "" if threshold.clear is None else threshold.clear.text
    yield "for", duration_text(threshold.hold)
    yield "recover_for", duration_text(threshold.recover_for)
