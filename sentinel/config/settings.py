"""The environment: SENTINEL_* variables, each secret also as a file named by ..._FILE."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sentinel.config.naming import variable_part
from sentinel.domain.metrics import nearest
from sentinel.errors import ConfigError, Problem
from sentinel.fetch_addresses import is_forbidden_host

PREFIX = "SENTINEL_"
PLACE = "environment"

_LAST_PORT = 65535
_TOKEN = re.compile(r"sha256:[0-9a-f]{64}|(?!sha256:)[\x21-\x7e]{24,}")
_TOO_SHORT = "needs tokens of at least 24 letters and digits, or sha256: and their digest"
_HOW_TO_MAKE = "openssl rand -hex 32 makes a good one"


class Settings(BaseSettings):
    """What the environment says. Secrets print as `**********`.

    `source_credentials`: source name as in a variable (upper case, other characters as `_`) -> (user, password);
    `source_urls`: where a source is, if not where the rules file says (a test Portal, another region).
    `lease_seconds`: how long a standby on Postgres leaves an instance that is not heard of alone before it takes over.
    `retention_days`: how long readings are kept; `incident_retention_days`: incidents with all
    that belongs to them. `slack_webhooks` and `webhook_secrets` likewise by name. `warnings` are variables that nobody knows.
    """

    model_config = SettingsConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)

    rules: Path = Path("rules.toml")
    database_url: SecretStr = SecretStr("sqlite:///sentinel.db")
    http_bind: str = "127.0.0.1:8080"
    api_tokens: SecretStr = SecretStr("")
    slack_bot_token: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    slack_api_url: str = "https://slack.com/api/"
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_from: str = ""
    smtp_ca_file: Path | None = None
    heartbeat_url: SecretStr = SecretStr("")
    heartbeat_signals: Annotated[Literal["success", "all"], BeforeValidator(str.lower)] = "success"
    log_format: Annotated[Literal["text", "json"], BeforeValidator(str.lower)] = "text"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)] = "info"
    lease_seconds: float = Field(default=30.0, ge=1, le=3600)
    retention_days: float = Field(default=400.0, gt=0)
    incident_retention_days: float = Field(default=1100.0, gt=0)
    source_credentials: dict[str, tuple[SecretStr, SecretStr]] = Field(default_factory=dict)
    source_urls: dict[str, str] = Field(default_factory=dict)
    slack_webhooks: dict[str, SecretStr] = Field(default_factory=dict)
    webhook_secrets: dict[str, SecretStr] = Field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` gives: it has read the environment already, files included."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Raises:
            ConfigError: every variable that cannot be used, by name and never by value.
        """
        reader = _Reader(dict(os.environ if environ is None else environ))
        values = reader.values()
        try:
            found = cls(**values)  # type: ignore[arg-type]  # checked by the model, one field each
        except ValidationError as invalid:
            for error in invalid.errors():
                reader.complain(PREFIX + str(error["loc"][0]).upper(), error["msg"])
            raise ConfigError(tuple(reader.problems)) from None
        reader.problems += found._unusable()
        if any(problem.severity == "error" for problem in reader.problems):
            raise ConfigError(tuple(reader.problems))
        return found.model_copy(update={"warnings": tuple(reader.problems)})

    def credentials(self, source: str) -> tuple[str, SecretStr]:
        """User and password of a source; empty where the environment has none."""
        user, password = self.source_credentials.get(variable_part(source), (SecretStr(""), SecretStr("")))
        return user.get_secret_value(), password

    def source_url(self, source: str, declared: str) -> str:
        """Where a source is: the environment's word before the rules file's."""
        return self.source_urls.get(variable_part(source), declared)

    def secrets(self) -> tuple[str, ...]:
        """Every credential, for those who must make sure that none is ever written."""
        single = (self.slack_bot_token, self.slack_app_token, self.smtp_password, self.heartbeat_url)
        named = (*self.slack_webhooks.values(), *self.webhook_secrets.values())
        found = [*self.tokens(), *(secret.get_secret_value() for secret in (*single, *named))]
        logins = [
            (user.get_secret_value(), secret.get_secret_value()) for user, secret in self.source_credentials.values()
        ]
        for user, password in (*logins, (self.smtp_username, self.smtp_password.get_secret_value())):
            if password:  # and both together, as base64 has them: Basic, AUTH PLAIN
                found += [password, f"{user}:{password}", f"\0{user}\0{password}"]
        database = _password(self.database_url.get_secret_value())
        return tuple(dict.fromkeys(one for one in (*found, database, unquote(database)) if one))

    def tokens(self) -> tuple[str, ...]:
        """What opens the HTTP door; in the variable they stand apart by commas, blanks or line ends."""
        return tuple(one for one in re.split(r"[\s,]+", self.api_tokens.get_secret_value()) if one)

    def bind(self) -> tuple[str, int] | None:
        """Host and port of the HTTP door, None when it is off."""
        if self.http_bind == "off":
            return None
        host, _, port = self.http_bind.rpartition(":")
        return host.strip("[]"), int(port)

    def _hosts(self) -> list[tuple[str, str]]:
        """Every variable that says where something is, and the host in it."""
        urls = {
            "SENTINEL_SLACK_API_URL": self.slack_api_url,
            "SENTINEL_HEARTBEAT_URL": self.heartbeat_url.get_secret_value(),
            **{f"SENTINEL_SOURCE_{name}_URL": url for name, url in self.source_urls.items()},
            **{f"SENTINEL_SLACK_WEBHOOK_{name}": url.get_secret_value() for name, url in self.slack_webhooks.items()},
        }
        return [("SENTINEL_SMTP_HOST", self.smtp_host), *((name, _host(url)) for name, url in urls.items())]

    def _unusable(self) -> list[Problem]:
        """What cannot be an address. What would travel in the clear is judged together with the rules file."""
        problems = []
        if not re.match(r"https?://[^/\s]", self.slack_api_url):
            problems.append(_problem("SENTINEL_SLACK_API_URL", "must begin with https://", "https://slack.com/api/"))
        if self.smtp_host and not self.smtp_from:
            problems.append(_problem("SENTINEL_SMTP_FROM", "is needed with SENTINEL_SMTP_HOST", "the sender's address"))
        port = re.fullmatch(r".+:(\d{1,5})", self.http_bind)
        beats = self.heartbeat_url.get_secret_value()
        if beats and not re.match(r"https?://[^/\s]\S*$", beats):
            problems.append(
                _problem("SENTINEL_HEARTBEAT_URL", "must begin with https://", "the URL as you were given it")
            )
        if self.http_bind != "off" and (port is None or int(port[1]) > _LAST_PORT):
            problems.append(_problem("SENTINEL_HTTP_BIND", "must be host:port or off", "127.0.0.1:8080"))
        problems += [
            _problem(variable, "is a link-local or cloud metadata address, which Sentinel never asks")
            for variable, host in self._hosts()
            if is_forbidden_host(host)
        ]
        if any(not _TOKEN.fullmatch(one) for one in self.tokens()):
            problems.append(_problem("SENTINEL_API_TOKENS", _TOO_SHORT, _HOW_TO_MAKE))
        return problems


class _Reader:
    """Takes the environment apart and collects what is wrong with it."""

    _SOURCE = re.compile(r"SOURCE_(?P<name>.+)_(?P<what>USERNAME|PASSWORD|URL)")
    _SLACK = re.compile(r"SLACK_WEBHOOK_(?P<name>.+)")
    _WEBHOOK = re.compile(r"WEBHOOK_(?P<name>.+)_SECRET")

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {k: v for k, v in environ.items() if k.startswith(PREFIX)}
        self.problems: list[Problem] = []

    def values(self) -> dict[str, object]:
        plain = self._with_files()
        known = {name: name.lower() for name in (field.upper() for field in Settings.model_fields)}
        fields: dict[str, object] = {}
        sources: dict[str, dict[str, str]] = {}
        slack: dict[str, str] = {}
        webhooks: dict[str, str] = {}
        for name, value in plain.items():
            if source := self._SOURCE.fullmatch(name):
                sources.setdefault(source["name"], {})[source["what"]] = value
            elif webhook := self._SLACK.fullmatch(name):
                slack[webhook["name"]] = value
            elif signed := self._WEBHOOK.fullmatch(name):
                webhooks[signed["name"]] = value
            elif name in known and name not in _STRUCTURED:
                fields[known[name]] = value
            elif not name.startswith(("TEST_", "FAILPOINT")):
                self._unknown(name, known)
        fields["source_credentials"] = {k: (v.get("USERNAME", ""), v.get("PASSWORD", "")) for k, v in sources.items()}
        fields["source_urls"] = {k: v["URL"] for k, v in sources.items() if "URL" in v}
        fields["slack_webhooks"] = slack
        fields["webhook_secrets"] = webhooks
        return fields

    def _with_files(self) -> dict[str, str]:
        """Every variable without its prefix; what a ..._FILE names is read in its place."""
        plain: dict[str, str] = {}
        for name, value in self._environ.items():
            short = name.removeprefix(PREFIX)
            if not short.endswith("_FILE") or short == "SMTP_CA_FILE":
                plain[short] = value
                continue
            target = short.removesuffix("_FILE")
            if PREFIX + target in self._environ:
                self.complain(name, f"and {PREFIX}{target} are both set", "keep one of them")
                continue
            try:
                plain[target] = Path(value).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as broken:
                self.complain(name, f"names a file that cannot be read ({type(broken).__name__})")
        return plain

    def complain(self, variable: str, message: str, hint: str = "") -> None:
        self.problems.append(_problem(variable, message, hint))

    def _unknown(self, name: str, known: Mapping[str, str]) -> None:
        near = nearest(name, [one.lower() for one in known])
        hint = f"did you mean {PREFIX}{near.upper()}?" if near else ""
        self.problems.append(
            Problem(
                file=PLACE,
                line=0,
                column=0,
                code="W201",
                message=f"{PREFIX}{name} means nothing to Sentinel",
                hint=hint,
                severity="warning",
            )
        )


_STRUCTURED = frozenset({"SOURCE_CREDENTIALS", "SOURCE_URLS", "SLACK_WEBHOOKS", "WEBHOOK_SECRETS", "WARNINGS"})


def _password(url: str) -> str:
    """That of a database URL, as it is written there, also where it stands after the `?`."""
    try:
        parts = urlsplit(url)
        return parts.password or dict(parse_qsl(parts.query)).get("password", "")
    except ValueError:
        return ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _problem(variable: str, message: str, hint: str = "") -> Problem:
    return Problem(file=PLACE, line=0, column=0, code="E201", message=f"{variable} {message}", hint=hint)
