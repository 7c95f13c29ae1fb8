"""The environment against the rules file: what is missing, what nothing uses, what would travel in the clear."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from sentinel.config.definitions import Loaded
from sentinel.config.durations import duration_text
from sentinel.config.naming import source_variable, variable_part
from sentinel.config.nearness import is_loopback, nearest_name
from sentinel.config.settings import PLACE, PREFIX, Settings
from sentinel.config.windows import longest_window
from sentinel.errors import ConfigError, Problem

_DAY = 86400.0
_ANYWAY = "or say insecure = true in [delivery]"


def missing(settings: Settings, loaded: Loaded) -> tuple[Problem, ...]:
    """Warnings: variables that the rules file makes necessary and that are not set, each once, by name."""
    found: dict[str, str] = {}
    for variable, there, whose in (*_of_sources(settings, loaded), *_of_receivers(settings, loaded)):
        if not there:
            found.setdefault(variable, whose)
    return tuple(
        _warning(
            "W203", f"{variable} is not set, and {whose} needs it", f"set it, or {variable}_FILE to the path of a file"
        )
        for variable, whose in found.items()
    )


def check_complete(settings: Settings, loaded: Loaded) -> None:
    """Refuse to run without a variable that the rules file makes necessary: what needs it could only fail.

    Raises:
        ConfigError: every such variable, by name.
    """
    found = missing(settings, loaded)
    if found:
        raise ConfigError(tuple(replace(one, code="E205", severity="error") for one in found))


def unused(settings: Settings, loaded: Loaded) -> tuple[Problem, ...]:
    """Warnings: variables of sources and webhooks that the rules file does not have."""
    sources = {variable_part(source.name) for source in loaded.sources}
    hooks: dict[str, set[str]] = {"slack_webhook": set(), "webhook": set()}
    for receiver in loaded.receivers:
        for address in receiver.addresses:
            if address.kind in hooks:
                hooks[address.kind].add(variable_part(address.to))
    of_sources = {*settings.source_credentials, *settings.source_urls}
    kinds: tuple[tuple[Iterable[str], set[str], str, str], ...] = (
        (of_sources, sources, "SOURCE_{}_...", "source"),
        (settings.slack_webhooks, hooks["slack_webhook"], "SLACK_WEBHOOK_{}", "slack_webhook"),
        (settings.webhook_secrets, hooks["webhook"], "WEBHOOK_{}_SECRET", "webhook"),
    )
    return tuple(
        _needless(PREFIX + form.format(name), what, name, known)
        for given, known, form, what in kinds
        for name in sorted(set(given) - known)
    )


def forgotten(settings: Settings, loaded: Loaded) -> tuple[Problem, ...]:
    """A warning where readings are forgotten before the longest window of the rules has passed."""
    window, rule = longest_window(loaded.rulebook.rules)
    kept = settings.retention_days * _DAY
    if window <= kept:
        return ()
    message = (
        f'rule "{rule}" looks back over {duration_text(window)}, and SENTINEL_RETENTION_DAYS keeps readings '
        f"for {duration_text(kept)}: after a start its past is cut short"
    )
    return (_warning("W204", message, f"set SENTINEL_RETENTION_DAYS to {math.ceil(window / _DAY)} or more"),)


def check_transport(settings: Settings, loaded: Loaded) -> None:
    """Refuse to send credentials in the clear to another machine, unless `[delivery]` says insecure = true.

    Raises:
        ConfigError: every variable that would, by name and never by value.
    """
    if loaded.delivery.insecure:
        return
    found: list[Problem] = []
    if _in_the_clear(settings.slack_api_url):
        found.append(_refused("SENTINEL_SLACK_API_URL", "plain HTTP would show the token to the network", "use https"))
    if settings.heartbeat_url.get_secret_value() and _in_the_clear(settings.heartbeat_url.get_secret_value()):
        found.append(_refused("SENTINEL_HEARTBEAT_URL", "plain HTTP would show it to the network", "use https"))
    for name, url in sorted(settings.slack_webhooks.items()):
        if _in_the_clear(url.get_secret_value()):
            variable = f"SENTINEL_SLACK_WEBHOOK_{name}"
            found.append(_refused(variable, "plain HTTP would show the webhook to the network", "use https"))
    if (
        settings.smtp_host
        and settings.smtp_security == "none"
        and settings.smtp_password.get_secret_value()
        and not is_loopback(settings.smtp_host)
    ):
        message = "none would send the password in the clear"
        found.append(_refused("SENTINEL_SMTP_SECURITY", message, "use starttls or tls"))
    if found:
        raise ConfigError(tuple(found))


def check_door(settings: Settings) -> None:
    """Refuse to serve other machines without asking them for a token.

    Raises:
        ConfigError: SENTINEL_HTTP_BIND is reachable from elsewhere and there are no SENTINEL_API_TOKENS.
    """
    bind = settings.bind()
    if bind is None or is_loopback(bind[0]) or settings.tokens():
        return
    message = "SENTINEL_HTTP_BIND is open to other machines, and SENTINEL_API_TOKENS is not set"
    hint = "set SENTINEL_API_TOKENS (openssl rand -hex 32 makes one) or its _FILE, or listen on 127.0.0.1:8080 or off"
    raise ConfigError((Problem(file=PLACE, line=0, column=0, code="E204", message=message, hint=hint),))


Need = tuple[str, bool, str]
"""A variable, whether it is set, and what needs it."""


def _of_sources(settings: Settings, loaded: Loaded) -> Iterable[Need]:
    for source in loaded.sources:
        user, password = settings.credentials(source.name)
        for what, value in (("USERNAME", user), ("PASSWORD", password.get_secret_value())):
            yield source_variable(source.name, what), bool(value), f'source "{source.name}"'


def _of_receivers(settings: Settings, loaded: Loaded) -> Iterable[Need]:
    plain: Mapping[str, tuple[str, bool]] = {
        "slack": ("SENTINEL_SLACK_BOT_TOKEN", bool(settings.slack_bot_token.get_secret_value())),
        "email": ("SENTINEL_SMTP_HOST", bool(settings.smtp_host)),
    }
    for receiver in loaded.receivers:
        whose = f'receiver "{receiver.name}"'
        for address in receiver.addresses:
            if address.kind in plain:
                yield (*plain[address.kind], whose)
            elif address.kind == "slack_webhook":
                part = variable_part(address.to)
                hook = settings.slack_webhooks.get(part)
                yield f"SENTINEL_SLACK_WEBHOOK_{part}", bool(hook and hook.get_secret_value()), whose


def _in_the_clear(url: str) -> bool:
    """Whether what is sent to the URL can be read on the way. One that cannot be read is judged where it is used."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme != "https" and not is_loopback(host)


def _warning(code: str, message: str, hint: str) -> Problem:
    return Problem(file=PLACE, line=0, column=0, code=code, message=message, hint=hint, severity="warning")


def _needless(variable: str, what: str, name: str, known: set[str]) -> Problem:
    near = nearest_name(name, known)
    hint = f"did you mean {near} instead of {name}?" if near else ""
    return _warning("W202", f"{variable} belongs to no {what} of the rules file", hint)


def _refused(variable: str, message: str, instead: str) -> Problem:
    hint = f"{instead}, {_ANYWAY}"
    return Problem(file=PLACE, line=0, column=0, code="E201", message=f"{variable}: {message}", hint=hint)
