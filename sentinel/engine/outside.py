"""What Sentinel depends on outside: certificates that come to their end, and a token that is no longer taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from sentinel.clock import Clock
from sentinel.config.definitions import Loaded
from sentinel.config.settings import Settings
from sentinel.deliver.channel import Outcome, Refused
from sentinel.deliver.settings import DeliverySettings
from sentinel.domain.rules import Rulebook, Severity
from sentinel.domain.selfcheck import Sighting, Symptom
from sentinel.domain.sentences import counted
from sentinel.engine import figures
from sentinel.fetch_expiry import NotSeen, Shown, expiry

log = structlog.get_logger("sentinel.outside")

DAY = 86400.0

SOON, VERY_SOON = 14 * DAY, 3 * DAY
"""Before a certificate's end: when people are told, and when it becomes critical."""

LOOK_EVERY = 3600.0
LOOK_AGAIN = 300.0
"""While something is wrong: so that its end is told soon."""


_THEN = "Then start Sentinel again, or send it SIGHUP where a file holds the token: what was refused is offered again."


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A TLS server that is used. `used_for` says what, as people know it; `starttls`: it speaks SMTP first."""

    host: str
    port: int
    used_for: str
    ca_file: Path | None = None
    starttls: bool = False

    @property
    def name(self) -> str:
        """What an incident about it is about."""
        return f"{self.host}:{self.port}"


def endpoints_of(settings: Settings, loaded: Loaded, delivery: DeliverySettings) -> tuple[Endpoint, ...]:
    """Every server whose certificate is relied upon, each once."""
    kinds = {address.kind for receiver in loaded.receivers for address in receiver.addresses}
    found: list[Endpoint | None] = [
        _of_url(
            settings.source_url(source.name, source.url),
            f"source {source.name}",
            Path(source.ca_file) if source.ca_file else None,
        )
        for source in loaded.sources
    ]
    if delivery.slack is not None and "slack" in kinds:
        found.append(_of_url(delivery.slack.api_url, "Slack"))
    smtp = delivery.smtp
    if smtp is not None and smtp.security != "none" and "email" in kinds:
        trusted = Path(smtp.ca_file) if smtp.ca_file else None
        found.append(Endpoint(smtp.host, smtp.port, "e-mail", trusted, starttls=smtp.security == "starttls"))
    found += [_of_url(url.reveal(), f"Slack webhook {name}") for name, url in delivery.slack_webhooks.items()]
    found += [_of_url(one.url.reveal(), f"webhook {name}") for name, one in delivery.webhooks.items()]
    found.append(_of_url(settings.heartbeat_url.get_secret_value(), "the heartbeat"))
    unique: dict[str, Endpoint] = {}
    for one in found:
        if one is not None:
            unique.setdefault(one.name, one)
    return tuple(unique.values())


def _of_url(url: str, used_for: str, ca_file: Path | None = None) -> Endpoint | None:
    """None for what is not spoken to in TLS."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    return Endpoint(parts.hostname, parts.port or 443, used_for, ca_file)


Look = Callable[[Endpoint], Awaitable[Shown | NotSeen]]
TokenTest = Callable[[], Awaitable[Outcome | None]]
"""Whether Slack takes the token: None when there is nothing to test."""


async def look_at(endpoint: Endpoint) -> Shown | NotSeen:
    """The certificate that an endpoint shows."""
    try:
        return await expiry(endpoint.host, endpoint.port, ca_file=endpoint.ca_file, starttls=endpoint.starttls)
    except ValueError as unusable:
        return NotSeen(str(unusable))


@dataclass
class Outside:
    """Looks every hour, in its own time; in between it reports what it saw last."""

    endpoints: Callable[[], tuple[Endpoint, ...]]
    rulebook: Callable[[], Rulebook]
    clock: Clock
    test_token: TokenTest
    look: Look = look_at
    _seen: dict[str, Shown] = field(default_factory=dict)
    _used_for: dict[str, str] = field(default_factory=dict)
    _token: Outcome | None = None
    _tested: bool = False

    async def run(self) -> None:
        """Look again and again, for as long as this instance leads."""
        while True:
            try:
                await self.refresh()
            except Exception:
                log.exception("looking outside broke")
            ill = any(one.symptoms for one in await self())
            await asyncio.sleep(LOOK_AGAIN if ill else LOOK_EVERY)

    async def refresh(self) -> None:
        """Look at everything once. What cannot be seen now is what it was before."""
        present = self.endpoints()
        self._used_for = {one.name: one.used_for for one in present}
        for endpoint in present:
            found = await self.look(endpoint)
            if isinstance(found, Shown):
                self._seen[endpoint.name] = found
            else:
                log.info("certificate not seen", endpoint=endpoint.name, reason=found.text)
        self._seen = {name: shown for name, shown in self._seen.items() if name in self._used_for}
        self._token = await self.test_token() if self._slack_channels() else None
        self._tested = True

    async def __call__(self) -> Iterable[Sighting]:
        """What the last look found, as of now."""
        at = self.clock.now()
        figures.CERTIFICATE_DAYS.clear()
        for name, shown in self._seen.items():
            figures.CERTIFICATE_DAYS.labels(name).set((shown.expires_at - at) / DAY)
        return (*self._certificates(at), *self._tokens())

    def _certificates(self, at: float) -> Iterable[Sighting]:
        if not self._tested:
            return ()
        symptoms = tuple(
            self._ending(name, shown, at) for name, shown in self._seen.items() if shown.expires_at - at < SOON
        )
        names = frozenset(self._used_for)
        return (
            Sighting(
                rule="sentinel/certificate", symptoms=symptoms, unknown=names - frozenset(self._seen), subjects=names
            ),
        )

    def _ending(self, name: str, shown: Shown, at: float) -> Symptom:
        left = shown.expires_at - at
        days = counted(max(0, int(left / DAY)), "day")
        verdict = f"expires in {days}" if left > 0 else "has expired"
        return Symptom(
            rule="sentinel/certificate",
            subject=name,
            summary=f"The certificate of {name} {'expires soon' if left > 0 else 'has expired'}",
            detail=f"It is used for {self._used_for[name]} and {verdict}",
            hint="Whoever runs that server has to renew it; then nothing else needs to be done.",
            severity=Severity.CRITICAL if left < VERY_SOON else Severity.WARNING,
        )

    def _tokens(self) -> Iterable[Sighting]:
        if not self._tested:
            return ()
        if self._token is not None and not isinstance(self._token, Refused):
            return (Sighting(rule="sentinel/token", unknown=frozenset({"slack"})),)
        symptoms = (self._refused(self._token),) if isinstance(self._token, Refused) else ()
        return (Sighting(rule="sentinel/token", symptoms=symptoms),)

    def _refused(self, refused: Refused) -> Symptom:
        return Symptom(
            rule="sentinel/token",
            subject="slack",
            summary="Slack refuses Sentinel's token",
            detail=refused.reason,
            hint=f"{refused.hint} {_THEN}".strip(),
            severity=Severity.CRITICAL,
            broken=self._slack_channels(),
        )

    def _slack_channels(self) -> frozenset[str]:
        return frozenset(address.channel for address in self.rulebook().addresses if address.kind == "slack")
