"""Receivers, routes and delivery: who is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from sentinel.config.definitions import DeliverySettings, ReceiverConfig
from sentinel.config.durations import duration_text
from sentinel.config.naming import variable_part
from sentinel.config.nearness import nearest_name
from sentinel.config.node_patterns import check_node_pattern
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.config.schema import DeliveryTable, ReceiverTable, RouteTable
from sentinel.config.source_tables import service_pattern
from sentinel.config.structure import STAND_IN
from sentinel.config.table import MatchingTable
from sentinel.config.urls import check_url
from sentinel.domain.hierarchy import NodePattern
from sentinel.domain.matchers import Matchers
from sentinel.domain.patterns import NamePattern
from sentinel.domain.rules import Address, Route, Service

_MAIL = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+")
_CHANNEL = re.compile(r"#[^\s,#@<>]{1,80}|[CG][A-Z0-9]{6,20}")
"""A name, at most 80 characters (Slack API documentation, conversations.create), or a conversation's identifier."""

REMIND_AT_LEAST = 300.0
"""Five minutes, the floor that Gatus sets for its reminders too: anything quicker is noise."""


def read_delivery(table: DeliveryTable, problems: Problems) -> DeliverySettings:
    """The settings of telling."""
    if table.retry_min > table.retry_max:
        problems.error("E106", "retry_min is longer than retry_max", ("delivery", "retry_min"))
    if any(later <= sooner for sooner, later in pairwise(table.lookup_after)):
        message = "lookup_after must ascend: each look comes later after the post than the one before"
        problems.error("E106", message, ("delivery", "lookup_after"), hint='e.g. ["5s", "20s", "60s"]')
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
        if table.slack is not None and not problems.touches((*path, "slack", "channel")):
            _check_channel(table.slack.channel, (*path, "slack", "channel"), problems)
        if table.email is not None and not problems.touches((*path, "email", "to")):
            _check_mail(table.email.to, path, problems)
        if table.webhook is not None:
            at: Path = (*path, "webhook", "url")
            hook = table.webhook
            check_url(hook.url, at, problems, insecure=delivery.insecure, what="notices", name=hook.name)
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


def _check_channel(channel: str, path: Path, problems: Problems) -> None:
    if not _CHANNEL.fullmatch(channel) and channel != STAND_IN:
        named = f"#{channel.lstrip('#').strip()}"
        hint = (
            f'write "{named}"'
            if _CHANNEL.fullmatch(named)
            else "write #name, or the identifier that begins with C or G"
        )
        problems.error("E130", "this is neither the #name of a Slack channel nor its identifier", path, hint=hint)


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
    tables: list[RouteTable],
    receivers: tuple[ReceiverConfig, ...],
    services: tuple[Service, ...],
    problems: Problems,
    lines: Mapping[Path, int],
) -> tuple[Route, ...]:
    """The routes; without any, the only receiver gets everything."""
    for number, table in enumerate(tables):
        _check_reminder(table, ("route", number, "remind_every"), problems)
        _check_escalation(table, ("route", number), problems)
        for place, pattern in enumerate(table.node or ()):
            check_node_pattern(pattern, ("route", number, "node", place), problems)
    by_name = {receiver.name: receiver for receiver in receivers}
    if not tables:
        if len(receivers) == 1:
            return (Route(matchers=Matchers(), to=receivers[0].addresses),)
        return ()
    return tuple(
        Route(
            matchers=matchers_of(table, services, table.severity or ()),
            to=_told(table.to, ("route", number, "to"), by_name, problems),
            remind_every=table.remind_every,
            escalate_after=table.escalate_after or 0.0,
            escalate_to=_told(table.escalate_to or [], ("route", number, "escalate_to"), by_name, problems),
            onwards=table.onwards,
            line=lines.get(("route", number), 0),
        )
        for number, table in enumerate(tables)
    )


def _told(names: list[str], path: Path, known: Mapping[str, ReceiverConfig], problems: Problems) -> tuple[Address, ...]:
    told: dict[Address, None] = {}
    silent = problems.touches(path) or _names_are_broken(problems)
    for number, name in enumerate(names):
        receiver = known.get(name)
        if receiver is not None:
            told.update(dict.fromkeys(receiver.addresses))
        elif not silent:
            near = nearest_name(name, known)
            hint = f'did you mean "{near}"?' if near else f"receivers are {', '.join(known)}" if known else ""
            problems.error("E114", f'no receiver is called "{name}"', (*path, number), hint=hint)
    return tuple(told)


def _names_are_broken(problems: Problems) -> bool:
    """Whether a receiver has no usable name, or all of them stand under a misspelt header."""
    return any(path[:1] == ("receiver",) and path[2:] in ((), ("name",)) for path in problems.absent)


def _check_reminder(table: RouteTable, path: Path, problems: Problems) -> None:
    if 0 < table.remind_every < REMIND_AT_LEAST:
        message = f"reminders must be at least {duration_text(REMIND_AT_LEAST)} apart"
        problems.error("E106", message, path, hint='write "4h" for every four hours, "0s" for never')


def matchers_of(table: MatchingTable, services: tuple[Service, ...], severity: Iterable[str] = ()) -> Matchers:
    """What a table asks for; the identifier of a declared service stands for its name."""

    def names(values: list[str] | None) -> tuple[NamePattern, ...]:
        return tuple(NamePattern(value) for value in values or ())

    return Matchers(
        source=names(table.source),
        service=names(None if table.service is None else [service_pattern(one, services) for one in table.service]),
        rule=names(table.rule),
        owner=names(table.owner),
        node=tuple(NodePattern(value) for value in table.node or ()),
        severity=tuple(severity),
    )


def _check_escalation(table: RouteTable, path: Path, problems: Problems) -> None:
    """After how long and to whom: one without the other does nothing."""
    if (table.escalate_after is None) == (table.escalate_to is None) or problems.touches(path):
        return
    given, lacking, example = (
        ("escalate_after", "escalate_to", '["on-call"]')
        if table.escalate_to is None
        else ("escalate_to", "escalate_after", '"30m"')
    )
    hint = f"add {lacking} = {example}, or leave {given} out"
    problems.error("E160", f"{given} without {lacking} does nothing", (*path, given), hint=hint, side="key")
