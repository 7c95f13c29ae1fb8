"""Everything looked at, all outside things at once, each group within its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sentinel.app import delivery_settings, source_settings
from sentinel.clock import Clock
from sentinel.collect import examination as portals
from sentinel.config.definitions import Loaded, SourceConfig
from sentinel.config.naming import source_variable, variable_part
from sentinel.config.settings import Settings
from sentinel.deliver import hook_examination, slack_examination, smtp_examination
from sentinel.deliver.settings import DeliverySettings, Secret
from sentinel.doctor import clocks, door
from sentinel.doctor.configuration import Configured, read
from sentinel.domain.reading import Query
from sentinel.domain.rules import Service
from sentinel.engine.queries import needed
from sentinel.errors import ConfigError, SourceError, StoreError
from sentinel.fetch_reach import in_its_own_thread
from sentinel.findings import Finding, Findings, State
from sentinel.store import examination as databases

WITHIN = 10.0
"""Seconds for one group; they run side by side."""

PRECEDENCE = (2, 4, 5, 3, 1)
"""Of exit codes, when several things failed: configuration, store, credentials, source, the rest."""

_LEAST_SECRET = 6
"""Characters of a secret that are looked for in what is shown; a shorter one is part of ordinary words."""


@dataclass
class Group:
    """What was found about one thing: its kind (`source`) and its name (`portal`), empty where there is only one."""

    kind: str
    name: str
    findings: Findings

    @property
    def title(self) -> str:
        """As people read it."""
        return f"{self.kind} {self.name}".rstrip()

    def is_called(self, word: str) -> bool:
        """Whether somebody who says this word means it."""
        return word.casefold() in {self.kind.casefold(), self.name.casefold(), self.title.casefold()} - {""}


Look = Callable[[Findings], Awaitable[None]]


@dataclass
class Examination:
    """One look at an installation.

    Args:
        environ: the environment.
        rules: the rules file, if not the environment's.
        clock: this machine's.
    """

    environ: Mapping[str, str]
    rules: Path | None
    clock: Clock
    groups: list[Group] = field(default_factory=list)
    _ahead: dict[str, float | None] = field(default_factory=dict)

    async def run(self) -> list[Group]:
        """Every group, in the order in which one would mend them."""
        first = self._group("configuration", code=ConfigError.exit_code)
        configured = read(self.environ, self.rules, first.findings)
        looks: list[tuple[Group, Look]] = []
        settings = configured.settings
        if settings is None:
            self._group("database").findings.skipped("address", "the environment comes first")
        else:
            looks.append(
                (self._group("database", code=StoreError.exit_code), self._database(settings, configured.loaded))
            )
        time = self._group("clock")
        looks += self._outside(configured)
        if settings is not None:
            looks.append((self._group("http"), lambda found: door.examine(settings.bind(), found)))
        await asyncio.gather(*(_in_time(group, look) for group, look in looks))
        clocks.note(self.clock.now(), self._ahead, time.findings)
        return [_without_secrets(group, settings) for group in self.groups]

    def _group(self, kind: str, name: str = "", code: int = 1) -> Group:
        group = Group(kind, name, Findings(code))
        self.groups.append(group)
        return group

    def _outside(self, configured: Configured) -> list[tuple[Group, Look]]:
        """Sources and channels, as far as the configuration lets us."""
        settings, loaded = configured.settings, configured.loaded
        if settings is None or loaded is None:
            why = "the rules file comes first" if settings is not None else "the environment comes first"
            for kind in ("source", "channels"):
                self._group(kind).findings.skipped("all", why)
            return []
        looks = [
            (self._group("source", one.name, SourceError.exit_code), self._source(settings, loaded, one))
            for one in loaded.sources
        ]
        if not configured.protected:
            self._group("channels").findings.skipped(
                "all", "the environment comes first: credentials would travel in the clear"
            )
            return looks
        channels = delivery_settings(settings, loaded)
        return [*looks, *self._channels(channels, loaded), *self._heartbeat(settings)]

    def _database(self, settings: Settings, loaded: Loaded | None) -> Look:
        url = settings.database_url.get_secret_value()
        digest = None if loaded is None else loaded.digest

        async def look(found: Findings) -> None:
            seen = await in_its_own_thread(lambda: databases.examine(url, digest, self.clock.now, found))
            if seen.ahead is not None:
                self._ahead["database"] = seen.ahead

        return look

    def _source(self, settings: Settings, loaded: Loaded, source: SourceConfig) -> Look:
        rules = [rule for rule in loaded.rulebook.rules if rule.source == source.name]

        def queries(services: Iterable[Service]) -> Sequence[Query]:
            asked = needed(loaded.rulebook, services)
            return [one.query for one in asked if one.query.source == source.name]

        async def look(found: Findings) -> None:
            try:
                wanted = source_settings(settings, loaded, source)
            except ValueError as wrong:
                found.failed(
                    "address",
                    str(wrong),
                    "correct it in the rules file, or in the environment",
                    code=ConfigError.exit_code,
                )
                return
            variables = (source_variable(source.name, "USERNAME"), source_variable(source.name, "PASSWORD"))
            self._ahead[source.name] = await portals.examine(
                wanted, rules, queries, self.clock, found, variables=variables
            )

        return look

    def _channels(self, settings: DeliverySettings, loaded: Loaded) -> list[tuple[Group, Look]]:
        addresses = [address for receiver in loaded.receivers for address in receiver.addresses]

        def places(kind: str) -> list[str]:
            return list(dict.fromkeys(one.to for one in addresses if one.kind == kind))

        looks: list[tuple[Group, Look]] = []
        if slack := places("slack"):
            looks.append((self._group("slack"), self._slack(settings, slack)))
        if mails := places("email"):
            people = list(dict.fromkeys(one.strip() for mail in mails for one in mail.split(",")))
            looks.append((self._group("email"), self._email(settings, people)))
        for name in places("slack_webhook"):
            url = settings.slack_webhooks.get(name)
            variable = f"SENTINEL_SLACK_WEBHOOK_{variable_part(name)}"
            looks.append((self._group("slack webhook", name), self._hook(url, variable, variable)))
        for name in places("webhook"):
            hook = settings.webhooks.get(name)
            setting = f"url of the webhook {name}"
            looks.append((self._group("webhook", name), self._hook(hook.url if hook else None, setting, "")))
        return looks

    def _slack(self, settings: DeliverySettings, channels: list[str]) -> Look:
        async def look(found: Findings) -> None:
            if settings.slack is None:
                _unset("SENTINEL_SLACK_BOT_TOKEN", "token", found)
                found.rest(("scopes", *channels), "there is no token")
            else:
                await slack_examination.examine(settings.slack, channels, found, self.clock.now())

        return look

    def _email(self, settings: DeliverySettings, recipients: list[str]) -> Look:
        async def look(found: Findings) -> None:
            if settings.smtp is None:
                _unset("SENTINEL_SMTP_HOST", "server", found)
                found.rest(tuple(recipients), "there is no mail server")
            else:
                await smtp_examination.examine(settings.smtp, recipients, found, self.clock.now())

        return look

    def _hook(self, url: Secret | None, setting: str, variable: str) -> Look:
        async def look(found: Findings) -> None:
            if url is None or not url:
                _unset(variable or setting, "address", found)
            else:
                proof = "`sentinel notices test` sends one"
                await hook_examination.examine(url, setting, proof, found, self.clock.now())

        return look

    def _heartbeat(self, settings: Settings) -> list[tuple[Group, Look]]:
        url = settings.heartbeat_url.get_secret_value()
        if not url:
            return []

        async def look(found: Findings) -> None:
            proof = "the first pass of `sentinel run` sends one"
            await hook_examination.examine(Secret(url), "SENTINEL_HEARTBEAT_URL", proof, found, self.clock.now())

        return [(self._group("heartbeat"), look)]


def exit_code(groups: Iterable[Group]) -> int:
    """0 when all is well, else the first of `PRECEDENCE` that something stands for; a warning stands for 1."""
    codes: set[int] = set()
    for one in (finding for group in groups for finding in group.findings):
        if one.state is State.FAILED:
            codes.add(one.code)
        elif one.state is State.WARNING:
            codes.add(1)
    return next((code for code in PRECEDENCE if code in codes), 0)


async def _in_time(group: Group, look: Look) -> None:
    found = group.findings
    try:
        async with asyncio.timeout(WITHIN):
            await look(found)
    except TimeoutError:
        group.findings = Findings()
        group.findings.extend(found)  # what is still under way must not write into what is shown
        group.findings.failed(
            "time", f"not everything could be looked at within {WITHIN:g} s", "see the last line above; try again"
        )


def _unset(variable: str, check: str, found: Findings) -> None:
    mend = f"set it, or {variable}_FILE to the path of a file that holds it"
    found.failed(
        check, f"{variable} is not set, and a receiver of the rules file needs it", mend, code=ConfigError.exit_code
    )


def _without_secrets(group: Group, settings: Settings | None) -> Group:
    """The last door: whatever an outside thing may have echoed, no credential is shown."""
    secrets = [one for one in (settings.secrets() if settings is not None else ()) if len(one) >= _LEAST_SECRET]

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        return text

    cleaned: list[Finding] = [replace(one, text=clean(one.text), mend=clean(one.mend)) for one in group.findings]
    group.findings[:] = cleaned
    return group
