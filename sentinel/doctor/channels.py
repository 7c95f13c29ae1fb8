"""The places that the rules tell, each looked at as its kind wants it: nothing is sent to any of them."""

from __future__ import annotations

from collections.abc import Iterator

from sentinel.clock import Clock
from sentinel.config.definitions import Loaded
from sentinel.config.naming import variable_part
from sentinel.config.settings import Settings
from sentinel.deliver import hook_examination, slack_examination, smtp_examination
from sentinel.deliver.settings import DeliverySettings, Secret
from sentinel.doctor.groups import Group, Look
from sentinel.errors import ConfigError
from sentinel.findings import Findings
from sentinel.wiring import delivery_settings


def groups_of(settings: Settings, loaded: Loaded, clock: Clock) -> Iterator[Group]:
    """One group for Slack, one for mail, one for each webhook, one for the heartbeat; as far as they are used."""
    delivery = delivery_settings(settings, loaded)
    addresses = [address for receiver in loaded.receivers for address in receiver.addresses]

    def places(kind: str) -> list[str]:
        return list(dict.fromkeys(one.to for one in addresses if one.kind == kind))

    if slack := places("slack"):
        yield Group("slack", look=_slack(delivery, slack, clock))
    if mails := places("email"):
        people = list(dict.fromkeys(one.strip() for mail in mails for one in mail.split(",")))
        yield Group("email", look=_email(delivery, people, clock))
    for name in places("slack_webhook"):
        variable = f"SENTINEL_SLACK_WEBHOOK_{variable_part(name)}"
        yield Group("slack webhook", name, look=_slack_hook(delivery.slack_webhooks.get(name), variable, clock))
    for name in places("webhook"):
        hook = delivery.webhooks[name]  # the rules file cannot have the one without the other
        yield Group("webhook", name, look=_hook(hook.url, f"url of the webhook {name}", _PROOF, clock))
    yield _heartbeat(settings, clock)


_PROOF = "`sentinel notices test` sends one"


def _slack(delivery: DeliverySettings, channels: list[str], clock: Clock) -> Look:
    async def look(found: Findings) -> None:
        if delivery.slack is None:
            _unset("SENTINEL_SLACK_BOT_TOKEN", "token", found)
            found.rest(("scopes", *channels), "there is no token")
        else:
            await slack_examination.examine(delivery.slack, channels, found, clock.now())

    return look


def _email(delivery: DeliverySettings, recipients: list[str], clock: Clock) -> Look:
    async def look(found: Findings) -> None:
        if delivery.smtp is None:
            _unset("SENTINEL_SMTP_HOST", "server", found)
            found.rest(tuple(recipients), "there is no mail server")
        else:
            await smtp_examination.examine(delivery.smtp, recipients, found, clock.now())

    return look


def _slack_hook(url: Secret | None, variable: str, clock: Clock) -> Look:
    async def look(found: Findings) -> None:
        if not url:
            _unset(variable, "address", found)
        else:
            await hook_examination.examine(url, variable, _PROOF, found, clock.now())

    return look


def _hook(url: Secret, setting: str, proof: str, clock: Clock) -> Look:
    async def look(found: Findings) -> None:
        await hook_examination.examine(url, setting, proof, found, clock.now())

    return look


def _heartbeat(settings: Settings, clock: Clock) -> Group:
    group = Group("heartbeat")
    url = settings.heartbeat_url.get_secret_value()
    if url:
        proof = "the first pass of `sentinel run` sends one"
        group.look = _hook(Secret(url), "SENTINEL_HEARTBEAT_URL", proof, clock)
    else:
        text = "SENTINEL_HEARTBEAT_URL is not set: nobody outside notices when Sentinel falls silent"
        group.findings.skipped("address", text)
    return group


def _unset(variable: str, check: str, found: Findings) -> None:
    text = f"{variable} is not set, and a receiver of the rules file needs it"
    mend = f"set it, or {variable}_FILE to the path of a file that holds it"
    found.failed(check, text, mend, code=ConfigError.exit_code)
