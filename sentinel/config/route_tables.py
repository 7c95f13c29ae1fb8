"""Receivers, routes and delivery: who is told, and whether anybody is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sentinel.config.definitions import DeliverySettings, ReceiverConfig
from sentinel.config.naming import variable_part
from sentinel.config.nearness import nearest_name
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.schema import DeliveryTable, ReceiverTable, RouteTable
from sentinel.config.source_tables import check_url
from sentinel.config.structure import STAND_IN
from sentinel.domain.hierarchy import NodePattern
from sentinel.domain.patterns import NamePattern
from sentinel.domain.rules import Address, Matchers, Route, Rule, Service

_MAIL = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+")


def read_delivery(table: DeliveryTable, problems: Problems) -> DeliverySettings:
    """The settings of telling."""
    if table.retry_min > table.retry_max:
        problems.error("E106", "retry_min is longer than retry_max", ("delivery", "retry_min"))
    given = table.model_dump()
    return DeliverySettings(**{**given, "lookup_after": tuple(table.lookup_after)})


def read_receivers(
    tables: list[ReceiverTable], delivery: DeliveryTable, problems: Problems
) -> tuple[ReceiverConfig, ...]:
    """The receivers with their addresses."""
    names: set[str] = set()
    hooks: dict[tuple[str, str], tuple[str, str | None]] = {}
    found: list[ReceiverConfig] = []
    for number, table in enumerate(tables):
        path: Path = ("receiver", number)
        if table.name in names and table.name != STAND_IN:
            problems.error("E112", f'two receivers have the name "{table.name}"', (*path, "name"))
        names.add(table.name)
        _check_hooks(table, path, hooks, problems)
        if table.email is not None and not problems.touches((*path, "email", "to")):
            _check_mail(table.email.to, path, problems)
        if table.webhook is not None:
            at: Path = (*path, "webhook", "url")
            check_url(table.webhook.url, at, problems, insecure=delivery.insecure, what="notices")
        addresses = tuple(_addresses(table))
        if not addresses and not problems.touches(path):
            hint = 'e.g. slack = { channel = "#workplace-alerts" } or email = { to = ["a@example.com"] }'
            problems.error("E128", f'receiver "{table.name}" has no channel', path, hint=hint, side="key")
        url = table.webhook.url if table.webhook else None
        found.append(ReceiverConfig(name=table.name, addresses=addresses, webhook_url=url))
    return tuple(found)


def _addresses(table: ReceiverTable) -> Iterable[Address]:
    if table.slack is not None:
        yield Address(table.name, "slack", table.slack.channel)
    if table.slack_webhook is not None:
        yield Address(table.name, "slack_webhook", table.slack_webhook.name)
    if table.email is not None:
        yield Address(table.name, "email", ", ".join(dict.fromkeys(table.email.to)))
    if table.webhook is not None:
        yield Address(table.name, "webhook", table.webhook.name)
    if table.console:
        yield Address(table.name, "console", "")


def _check_mail(addresses: list[str], path: Path, problems: Problems) -> None:
    for number, address in enumerate(addresses):
        at: Path = (*path, "email", "to", number)
        if "\r" in address or "\n" in address:
            problems.error("E122", "a line break in an e-mail address would write headers of its own", at)
        elif not _MAIL.fullmatch(address) or not address.isprintable():
            hint = "only the address, without a name: workplace@example.com"
            problems.error("E122", "this is no e-mail address", at, hint=hint)


def _check_hooks(
    table: ReceiverTable, path: Path, hooks: dict[tuple[str, str], tuple[str, str | None]], problems: Problems
) -> None:
    """Webhooks are found by name, and their secrets by the variable of that name."""
    for kind, hook in (("slack_webhook", table.slack_webhook), ("webhook", table.webhook)):
        if hook is None or hook.name == STAND_IN:
            continue
        url = getattr(hook, "url", None)
        first = hooks.setdefault((kind, variable_part(hook.name)), (hook.name, url))
        if first != (hook.name, url):
            problems.error("E112", f'the webhook "{hook.name}" is declared twice, differently', (*path, kind, "name"))


def read_routes(
    tables: list[RouteTable], receivers: tuple[ReceiverConfig, ...], problems: Problems, lines: Mapping[Path, int]
) -> tuple[Route, ...]:
    """The routes; without any, the only receiver gets everything."""
    by_name = {receiver.name: receiver for receiver in receivers}
    if not tables:
        if len(receivers) == 1:
            return (Route(matchers=Matchers(), to=receivers[0].addresses),)
        return ()
    return tuple(
        Route(
            matchers=_matchers(table),
            to=_told(table.to, ("route", number, "to"), by_name, problems),
            remind_every=table.remind_every,
            onwards=table.onwards,
            line=lines.get(("route", number), 0),
        )
        for number, table in enumerate(tables)
    )


def _told(names: list[str], path: Path, known: Mapping[str, ReceiverConfig], problems: Problems) -> tuple[Address, ...]:
    told: dict[Address, None] = {}
    for number, name in enumerate(names):
        receiver = known.get(name)
        if receiver is not None:
            told.update(dict.fromkeys(receiver.addresses))
        elif not problems.touches(path):
            near = nearest_name(name, known)
            hint = f'did you mean "{near}"?' if near else f"receivers are {', '.join(known)}" if known else ""
            problems.error("E114", f'no receiver is called "{name}"', (*path, number), hint=hint)
    return tuple(told)


def _matchers(table: RouteTable) -> Matchers:
    def names(values: list[str] | None) -> tuple[NamePattern, ...]:
        return tuple(NamePattern(value) for value in values or ())

    return Matchers(
        source=names(table.source),
        service=names(table.service),
        rule=names(table.rule),
        owner=names(table.owner),
        node=tuple(NodePattern(value) for value in table.node or ()),
        severity=tuple(table.severity or ()),
    )


def check_reach(
    rules: tuple[Rule, ...],
    routes: tuple[Route, ...],
    receivers: tuple[ReceiverConfig, ...],
    services: tuple[Service, ...],
    problems: Problems,
) -> None:
    """Warn where nobody can be told."""
    if not routes:
        what = "there is no receiver" if not receivers else "there are several receivers and no [[route]]"
        hint = "add a [[route]] with to = [...]" if receivers else "add a [[receiver]]"
        problems.warning("W103", f"nobody is told anything: {what}", ("receiver", 0), hint=hint, side="key")
        return
    for number, rule in enumerate(rules):
        if not any(_may_match(route.matchers, rule, services) for route in routes):
            hint = "add a [[route]] without matchers at the end for everything else"
            problems.warning(
                "W102", f'no route can receive what rule "{rule.id}" finds', ("rule", number), hint=hint, side="key"
            )
    told = {address.receiver for route in routes for address in route.to}
    for number, receiver in enumerate(receivers):
        if receiver.addresses and receiver.name not in told:
            problems.warning("W104", f'no route names receiver "{receiver.name}"', ("receiver", number), side="key")


def _may_match(matchers: Matchers, rule: Rule, services: tuple[Service, ...]) -> bool:
    """Whether an incident of the rule could fit; where that depends on names nobody knows yet, it could."""
    return (
        _fits(matchers.source, rule.source)
        and _fits(matchers.rule, rule.id)
        and _fits(matchers.owner, rule.owner)
        and _service_may_match(matchers.service, rule, services)
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


def _service_may_match(patterns: tuple[NamePattern, ...], rule: Rule, services: tuple[Service, ...]) -> bool:
    if not patterns:
        return True
    uids = {service.uid.casefold(): service.name for service in services if service.source == rule.source}
    for pattern in patterns:
        for covered in rule.services:
            name = uids.get(covered.text.casefold(), covered.text)
            if pattern.is_glob and covered.is_glob:
                return True
            if pattern.matches(name) or covered.matches(pattern.text):
                return True
            if _looks_like_uid(covered.text) and name == covered.text:
                return True
    return False


def _looks_like_uid(text: str) -> bool:
    return re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", text) is not None
