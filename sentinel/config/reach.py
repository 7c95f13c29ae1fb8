"""What the file says and nothing can ever reach: rules without a route, routes and overrides behind wider ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sentinel.config.definitions import ReceiverConfig
from sentinel.config.durations import duration_text
from sentinel.config.nearness import nearest_name
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.schema import RuleTable
from sentinel.config.source_tables import is_uid
from sentinel.domain.calendars import Maintenance
from sentinel.domain.hierarchy import Node
from sentinel.domain.matchers import Matchers
from sentinel.domain.patterns import NamePattern
from sentinel.domain.rules import ITSELF, SELF_RULES, SOURCE_RULE, Route, Rule, Service
from sentinel.domain.sla import Sla

_ALIKE = 0.85
"""How alike two names must be (difflib's ratio) for one to be taken for a slip of the other."""
_CATCH_ALL = "add a [[route]] without matchers at the end for everything else"


def check_reach(
    rules: tuple[Rule, ...],
    routes: tuple[Route, ...],
    receivers: tuple[ReceiverConfig, ...],
    sources: Iterable[str],
    problems: Problems,
) -> None:
    """Warn where nobody can be told."""
    if not routes:
        what = "there is no receiver" if not receivers else "there are several receivers and no [[route]]"
        hint = "add a [[route]] with to = [...]" if receivers else "add a [[receiver]]"
        problems.warning("W103", f"nobody is told anything: {what}", ("receiver", 0), hint=hint, side="key")
        return
    names = tuple(sources)
    _check_told(rules, routes, problems)
    lost = [name for name in names if not any(_takes(route.matchers, SOURCE_RULE, name, ()) for route in routes)]
    for name in lost:
        message = f'nobody is told when source "{name}" itself gives no data'
        hint = f'{_CATCH_ALL}, or one with rule = "{SOURCE_RULE}"'
        problems.warning("W109", message, ("source", names.index(name)), hint=hint, side="key")
    if not lost and not any(_takes(r.matchers, rule, ITSELF, ("host",)) for r in routes for rule in SELF_RULES):
        hint = f'{_CATCH_ALL}, or one with rule = "{ITSELF}/*"'
        problems.warning(
            "W115", "nobody is told about trouble with Sentinel itself", ("route", 0), hint=hint, side="key"
        )
    told = {address.receiver for route in routes for address in (*route.to, *route.escalate_to)}
    for number, receiver in enumerate(receivers):
        if receiver.addresses and receiver.name not in told:
            problems.warning("W104", f'no route names receiver "{receiver.name}"', ("receiver", number), side="key")
    _check_order(routes, problems)
    _check_escalation(rules, routes, problems)
    known = _Known.of(rules, names)
    for number, route in enumerate(routes):
        known.check(route.matchers, ("route", number), "W110", problems)


def _check_told(rules: tuple[Rule, ...], routes: tuple[Route, ...], problems: Problems) -> None:
    """Rules of which a severity, or all that they find, goes nowhere."""
    for number, rule in enumerate(rules):
        fitting = [route.matchers for route in routes if _may_match(route.matchers, rule)]
        told = {word for one in fitting for word in one.severity or ("warning", "critical")}
        untold = sorted(_severities(rule) - told)
        if untold:
            which = f" at severity {untold[0]}" if fitting else ""
            message = f'no route can receive what rule "{rule.id}" finds{which}'
            problems.warning("W102", message, ("rule", number), hint=_CATCH_ALL, side="key")


def _check_escalation(rules: tuple[Rule, ...], routes: tuple[Route, ...], problems: Problems) -> None:
    """Escalation that comes before a second look, or reaches nobody new."""
    soonest = min((rule.every for rule in rules), default=0.0)
    for number, route in enumerate(routes):
        if not route.escalate_after:
            continue
        if route.escalate_after < soonest:
            message = f"escalate_after is over before any rule is judged again (every {duration_text(soonest)})"
            hint = "it is decided when figures come, so it takes that long all the same"
            problems.warning("W160", message, ("route", number, "escalate_after"), hint=hint)
        told = {address.receiver for address in route.to}
        for receiver in dict.fromkeys(one.receiver for one in route.escalate_to if one.receiver in told):
            hint = "name somebody else, or use remind_every to tell the same people again"
            message = f'escalation to "{receiver}", whom this route has told already, tells nobody new'
            problems.warning("W161", message, ("route", number, "escalate_to"), hint=hint)


def _check_order(routes: tuple[Route, ...], problems: Problems) -> None:
    """What comes after a route that takes everything and does not go on is never reached."""
    catch_all: Route | None = None
    for number, route in enumerate(routes):
        if catch_all is not None:
            message = f"never reached: the route in line {catch_all.line} takes everything"
            hint = "put the route without matchers last, or let it say continue = true"
            problems.warning("W107", message, ("route", number), hint=hint, side="key")
        elif route.matchers == Matchers() and not route.onwards:
            catch_all = route


def check_maintenance(
    maintenance: tuple[Maintenance, ...],
    rules: tuple[Rule, ...],
    slas: tuple[Sla, ...],
    services: Iterable[Service],
    sources: Iterable[str],
    problems: Problems,
) -> None:
    """Warn of planned work on what nothing in the file has: it would mute nothing."""
    promised = (one for sla in slas for one in sla.services)
    known = _Known.of(rules, sources, (*promised, *(NamePattern(service.name) for service in services)))
    for number, one in enumerate(maintenance):
        known.check(one.matchers, ("maintenance", number), "W136", problems)


def check_exclusions(slas: tuple[Sla, ...], maintenance: tuple[Maintenance, ...], problems: Problems) -> None:
    """Warn of names that are almost, but not quite, those of planned work: it would count in full.

    Others may be meant for work that is declared on the spot.
    """
    names = {one.name.casefold(): one.name for one in maintenance}
    for number, sla in enumerate(slas):
        for place, pattern in enumerate(sla.exclude):
            if pattern.is_glob or pattern.text.casefold() in names:
                continue
            near = get_close_matches(pattern.text.casefold(), names, n=1, cutoff=_ALIKE)
            if near:
                message = f'no [[maintenance]] is called "{pattern.text}"'
                hint = f'did you mean "{names[near[0]]}"?'
                problems.warning("W137", message, ("sla", number, "exclude", place), hint=hint)


@dataclass(frozen=True)
class _Known:
    """What matchers may ask for: names by key, and the services that anything is about."""

    names: Mapping[str, Sequence[str]]
    services: tuple[NamePattern, ...]

    @classmethod
    def of(cls, rules: tuple[Rule, ...], sources: Iterable[str], services: Iterable[NamePattern] = ()) -> _Known:
        names = {
            "rule": [*(rule.id for rule in rules), SOURCE_RULE, *SELF_RULES],
            "source": [*sources, ITSELF],
            "owner": list(dict.fromkeys(rule.owner for rule in rules if rule.owner)),
        }
        about = (one for rule in rules for one in rule.services)
        return cls(names, tuple(dict.fromkeys((*about, *services))))

    def check(self, matchers: Matchers, path: Path, code: str, problems: Problems) -> None:
        """Warn of matchers of the table at `path` that fit nothing there is."""
        for key, names in self.names.items():
            patterns: tuple[NamePattern, ...] = getattr(matchers, key)
            for index, pattern in enumerate(patterns):
                if any(pattern.matches(name) for name in names):
                    continue
                near = nearest_name(pattern.text, names)
                hint = f'did you mean "{near}"?' if near else ""
                message = f'no rule has the owner "{pattern.text}"' if key == "owner" else f'no {key} "{pattern.text}"'
                problems.warning(code, message, (*path, key, index), hint=hint)
        services = list(dict.fromkeys(one.text for one in self.services))
        for index, pattern in enumerate(matchers.service):
            if not overlap(pattern, self.services):
                near = nearest_name(pattern.text, services)
                hint = f'did you mean "{near}"?' if near else f"rules are for {', '.join(services)}"
                message = f'no rule is for the service "{pattern.text}"'
                problems.warning(code, message, (*path, "service", index), hint=hint)


def _takes(matchers: Matchers, rule: str, source: str, node: Node) -> bool:
    """Whether trouble that a built-in rule finds fits: a critical incident without service and owner."""
    return (
        _fits(matchers.source, source)
        and _fits(matchers.rule, rule)
        and not matchers.service
        and _fits(matchers.owner, "")
        and (not matchers.node or any(pattern.matches(node) for pattern in matchers.node))
        and (not matchers.severity or "critical" in matchers.severity)
    )


def _may_match(matchers: Matchers, rule: Rule) -> bool:
    """Whether an incident of the rule could fit; where that depends on names nobody knows yet, it could."""
    return (
        _fits(matchers.source, rule.source)
        and _fits(matchers.rule, rule.id)
        and _fits(matchers.owner, rule.owner)
        and (not matchers.service or any(overlap(ours, rule.services) for ours in matchers.service))
        and (not matchers.severity or bool(set(matchers.severity) & _severities(rule)))
    )


def _fits(patterns: tuple[NamePattern, ...], name: str) -> bool:
    return not patterns or any(pattern.matches(name) for pattern in patterns)


def _severities(rule: Rule) -> set[str]:
    found: set[str] = set()
    for criteria in (rule.criteria, *(override.criteria for override in rule.overrides)):
        found |= {"warning"} if criteria.warning else set()
        found |= {"critical"} if criteria.critical else set()
    return found


def overlap(pattern: NamePattern, others: tuple[NamePattern, ...]) -> bool:
    """Whether some name could fit both: two globs might always, and so might whatever an identifier stands for."""
    return any(
        (pattern.is_glob and other.is_glob)
        or pattern.text.casefold() == other.text.casefold()
        or pattern.matches(other.text)
        or other.matches(pattern.text)
        or is_uid(other.text)
        for other in others
    )


def check_overrides(table: RuleTable, path: Path, problems: Problems) -> None:
    """Warn of overrides that an earlier one leaves nothing to: the first that matches wins."""
    seen: dict[tuple[str | None, str | None], int] = {}
    for number, override in enumerate(table.override):
        place: Path = (*path, "override", number)
        if problems.touches((*place, "node")) or problems.touches((*place, "service")):
            continue
        node = None if override.node == "**" else override.node
        service = None if override.service in (None, "*") else override.service.casefold()
        wider = [seen[key] for key in itertools.product({None, node}, {None, service}) if key in seen]
        if wider:
            line = problems.positions.key((*path, "override", min(wider))).line
            message = f"never used: the override in line {line} takes everything that this one would"
            problems.warning("W108", message, place, hint="put the narrower override first", side="key")
        seen.setdefault((node, service), number)
