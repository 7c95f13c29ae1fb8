"""What channels need to know, with credentials that do not show themselves."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SmtpSecurity = Literal["starttls", "tls", "none"]


class Secret:
    """A credential. It prints, logs and formats as `***`; only `reveal` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The credential itself; call it only where it goes on the wire."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Secret:
        return self

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not written to files")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """A workspace's bot. `deadline`: seconds for one whole call of the Web API; `connect` of them to connect."""

    token: Secret
    api_url: str = "https://slack.com/api/"
    deadline: float = 15.0
    connect: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """A mail server. `sender` is an address, `sender_name` what readers see; `deadline` in seconds for one whole mail.

    `security`: `starttls` is required when it is set, never given up; `tls` from the first byte; `none` is plain text.
    `ca_file`: certificates to trust instead of the system's.
    """

    host: str
    sender: str
    port: int = 587
    security: SmtpSecurity = "starttls"
    username: str = ""
    password: Secret | None = None
    sender_name: str = "Sentinel"
    ca_file: str | None = None
    deadline: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """A generic webhook: its URL is a credential too; `signing_secret` None leaves requests unsigned."""

    url: Secret
    signing_secret: Secret | None = None
    deadline: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """Everything the registry builds from. Webhooks are found by the name that an address has in `to`."""

    slack: SlackSettings | None = None
    smtp: SmtpSettings | None = None
    slack_webhooks: Mapping[str, Secret] = field(default_factory=dict)
    webhooks: Mapping[str, WebhookSettings] = field(default_factory=dict)
