"""From the environment and the rules file to the settings of sources and channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from sentinel.clock import Clock
from sentinel.collect.registry import sources_of
from sentinel.collect.settings import NexthinkSettings
from sentinel.collect.source import Source
from sentinel.config.loader import Loaded, SourceConfig, load
from sentinel.config.naming import variable_part
from sentinel.config.needs import check_transport, forgotten, missing, unused
from sentinel.config.settings import Settings
from sentinel.deliver.channel import Channel
from sentinel.deliver.registry import Channels
from sentinel.deliver.settings import DeliverySettings, Secret, SlackSettings, SmtpSettings, WebhookSettings
from sentinel.domain.rules import Address
from sentinel.engine.backoff import Patience
from sentinel.errors import ConfigError, Problem

log = structlog.get_logger("sentinel.configuration")


def load_all(environ: Mapping[str, str] | None = None, rules: Path | None = None) -> tuple[Settings, Loaded]:
    """The environment and the rules file that it names.

    Raises:
        ConfigError: with every problem of the one that cannot be used, or what the two together would send in the clear.
    """
    settings = Settings.load(environ)
    loaded = load(rules or settings.rules)
    check_transport(settings, loaded)
    return settings, loaded


def secrets_of(settings: Settings, loaded: Loaded) -> tuple[str, ...]:
    """Everything that no line may hold: the environment's secrets, and the URLs of webhooks."""
    hooks = (receiver.webhook_url for receiver in loaded.receivers)
    return (*settings.secrets(), *(url for url in hooks if url))


def say_warnings(settings: Settings, loaded: Loaded) -> None:
    """Log what is odd about the configuration."""
    of_both = (*missing(settings, loaded), *unused(settings, loaded), *forgotten(settings, loaded))
    for warning in (*settings.warnings, *loaded.warnings, *of_both):
        log.warning(warning.message, code=warning.code, file=warning.file, line=warning.line, hint=warning.hint)


def finder(loaded: Loaded, channels: Channels) -> Callable[[Address], Channel | None]:
    """The channel of an address: that of its place, whatever the receiver is called by now; None for unknown places."""
    known = {(address.kind, address.to) for receiver in loaded.receivers for address in receiver.addresses}
    return lambda address: channels.get(address) if (address.kind, address.to) in known else None


def patience(loaded: Loaded) -> Patience:
    """How long telling waits, by the rules file's `[delivery]`."""
    times = loaded.delivery
    return Patience(
        lookup_after=times.lookup_after,
        retry_min=times.retry_min,
        retry_max=times.retry_max,
        greylist_wait=times.greylist_wait,
        edit_every=times.edit_every,
        storm_after=times.storm_after,
    )


def delivery_settings(settings: Settings, loaded: Loaded) -> DeliverySettings:
    """What channels need, from the environment and the rules file."""
    token = settings.slack_bot_token.get_secret_value()
    slack = SlackSettings(token=Secret(token), api_url=settings.slack_api_url) if token else None
    return DeliverySettings(
        slack=slack,
        smtp=_smtp(settings),
        slack_webhooks=_by_address(settings, loaded),
        webhooks=_webhooks(settings, loaded),
    )


def _smtp(settings: Settings) -> SmtpSettings | None:
    if not settings.smtp_host:
        return None
    password = settings.smtp_password.get_secret_value()
    return SmtpSettings(
        host=settings.smtp_host,
        sender=settings.smtp_from,
        port=settings.smtp_port,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=Secret(password) if password else None,
        ca_file=str(settings.smtp_ca_file) if settings.smtp_ca_file else None,
    )


def _by_address(settings: Settings, loaded: Loaded) -> dict[str, Secret]:
    """Slack webhook URLs by the name that addresses have."""
    names = {a.to for r in loaded.receivers for a in r.addresses if a.kind == "slack_webhook"}
    urls = settings.slack_webhooks
    return {name: Secret(urls[key].get_secret_value()) for name in names if (key := variable_part(name)) in urls}


def _webhooks(settings: Settings, loaded: Loaded) -> dict[str, WebhookSettings]:
    found: dict[str, WebhookSettings] = {}
    for receiver in loaded.receivers:
        for address in receiver.addresses:
            if address.kind == "webhook" and receiver.webhook_url:
                signing = settings.webhook_secrets.get(variable_part(address.to))
                secret = Secret(signing.get_secret_value()) if signing else None
                found[address.to] = WebhookSettings(url=Secret(receiver.webhook_url), signing_secret=secret)
    return found


def sources_for(
    settings: Settings, loaded: Loaded, clock: Clock, present: Mapping[str, Source]
) -> Mapping[str, Source]:
    """The sources of the rules file; those in `present` that are asked in the very same way are kept.

    Raises:
        ConfigError: a source's settings do not fit.
    """
    try:
        return sources_of((source_settings(settings, loaded, one) for one in loaded.sources), clock, present)
    except ValueError as wrong:
        problem = Problem(file="rules.toml", line=0, column=0, code="E203", message=str(wrong))
        raise ConfigError((problem,)) from wrong


def source_settings(settings: Settings, loaded: Loaded, source: SourceConfig) -> NexthinkSettings:
    """One source's settings: its table in the rules file and its credentials in the environment."""
    username, password = settings.credentials(source.name)
    return NexthinkSettings(
        name=source.name,
        url=settings.source_url(source.name, source.url),
        username=username,
        password=password,
        ca_file=Path(source.ca_file) if source.ca_file else None,
        format=source.format,
        path_style=source.path_style,
        columns=source.columns,
        step=source.step,
        timeout=source.timeout,
        max_concurrent=source.max_concurrent,
        follow_redirects=source.follow_redirects,
        trust_env=source.trust_env,
        insecure=source.insecure,
        services={service.name: service.uid for service in loaded.services if service.source == source.name},
        levels=source.levels,
    )
