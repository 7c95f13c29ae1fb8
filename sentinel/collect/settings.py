"""What must be known of a Nexthink Portal before it can be asked."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from sentinel.domain.hierarchy import Node
from sentinel.domain.reading import Query
from sentinel.fetch import MAX_RAW_BYTES, MAX_UNPACKED_BYTES

Format = Literal["json", "csv"]
PathStyle = Literal["repeated", "slash"]

DATA = "/api/beta/service/data/overview"
DISCOVERY = "/api/beta/services"


@dataclass(frozen=True, slots=True, kw_only=True)
class NexthinkSettings:
    r"""One Portal (Nexthink documentation, Services API). Times in seconds.

    Attributes:
        name: of the source in `rules.toml`.
        url: `https://portal.example.com`, with a path where a reverse proxy adds one.
        username, password: of a local account made for this; HTTP Basic.
        ca_file: PEM certificates to trust instead of the system's.
        path_style: how path elements are chained, which the vendor does not document: one `path` each, or joined by
            `/` in one (a `/` within a name written `\/`).
        columns: canonical metric (or `service`) -> the Portal's column title, where they differ.
        step: how often the figures move; the Engine aggregates by ten minutes.
        max_concurrent: requests at once; answers are wide, so few are enough.
        lock_wait: how long the account is left alone after a 401; the Portal's own lock lasts 15 minutes.
        services: declared ones, name -> UID.
        levels: hierarchy -> its levels from the top, where known.
        insecure: credentials may travel unencrypted to other machines.

    Raises:
        ValueError: the URL cannot be used, or credentials would travel in the clear.
    """

    name: str
    url: str
    username: str = field(default="", repr=False)
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    ca_file: Path | None = None
    format: Format = "json"
    path_style: PathStyle = "repeated"
    columns: Mapping[str, str] = field(default_factory=dict)
    step: float = 600.0
    timeout: float = 60.0
    connect_timeout: float = 10.0
    max_concurrent: int = 3
    max_raw_bytes: int = MAX_RAW_BYTES
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES
    follow_redirects: bool = False
    trust_env: bool = False
    insecure: bool = False
    lock_wait: float = 900.0
    services: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"source {self.name}: url must look like https://portal.example.com")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError(f"source {self.name}: url must not carry credentials, a query or a fragment")
        if parts.scheme == "http" and not self.insecure and not is_loopback(parts.hostname):
            raise ValueError(
                f"source {self.name}: credentials would travel unencrypted; use https, or say insecure = true"
            )

    def parameters(self, query: Query, uid: str) -> tuple[tuple[str, str], ...]:
        """The request's parameters, in order. The format is always named: the Portal's default is an HTML page."""
        asked = [("metric", uid), ("scope", query.scope), ("hierarchy", query.hierarchy)]
        if query.level is not None:
            asked.append(("hierarchy-level", query.level))
        elif query.path and self.path_style == "repeated":
            asked += [("path", name) for name in query.path]
        elif query.path:
            asked.append(("path", "/".join(_slashed(name) for name in query.path)))
        return (*asked, ("format", self.format))

    def address(self, endpoint: str) -> str:
        """The URL of an endpoint."""
        return self.url.rstrip("/") + endpoint


def _slashed(name: str) -> str:
    return name.replace("\\", "\\\\").replace("/", "\\/")


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
