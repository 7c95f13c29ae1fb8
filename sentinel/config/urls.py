"""URLs of rules.toml. They are never repeated: one might hold a credential."""

from __future__ import annotations

from urllib.parse import urlsplit

from sentinel.config.confidential import is_slack_webhook
from sentinel.config.naming import variable_part
from sentinel.config.nearness import is_loopback
from sentinel.config.positions import Path
from sentinel.config.problems import Problems
from sentinel.fetch_addresses import is_forbidden_host

_FORBIDDEN_HINT = "Sentinel never asks such addresses, whatever name leads to them"


def check_url(url: str, path: Path, problems: Problems, *, insecure: bool, what: str, name: str) -> None:
    """Note what is wrong with a URL that Sentinel talks to. `name`: of the source or webhook that it is for."""
    holder = "the source" if path[0] == "source" else "[delivery]"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        problems.error("E125", "this is no URL", path, hint="it looks like https://portal.example.com")
        return
    if parts.username or parts.password or "@" in parts.netloc:
        problems.error("E120", "the URL carries credentials", path, hint=_instead(path, variable_part(name)))
    elif is_slack_webhook(url):
        hint = f"write slack_webhook = {{ name = ... }} and set SENTINEL_SLACK_WEBHOOK_{variable_part(name)} in the environment"
        problems.error("E120", "the URL of a Slack webhook is a credential", path, hint=hint)
    elif parts.scheme not in ("http", "https") or not host:
        problems.error(
            "E125", "the URL must begin with https://", path, hint="it looks like https://portal.example.com"
        )
    elif " " in url or not url.isprintable():
        problems.error("E125", "the URL has a blank or an invisible character in it", path)
    elif path[0] == "source" and (parts.query or parts.fragment):
        problems.error("E125", "the URL must not have a query or a fragment", path)
    elif is_forbidden_host(host):
        problems.error("E131", "the address is a link-local or cloud metadata address", path, hint=_FORBIDDEN_HINT)
    elif parts.scheme == "http" and not insecure and not is_loopback(host):
        problems.error(
            "E121",
            f"{what} would travel unencrypted to another machine",
            path,
            hint=f"use https, or say insecure = true in {holder}",
        )


def _instead(path: Path, name: str) -> str:
    if path[0] == "source":
        return f"set SENTINEL_SOURCE_{name}_USERNAME and SENTINEL_SOURCE_{name}_PASSWORD in the environment"
    return f"set SENTINEL_WEBHOOK_{name}_SECRET in the environment; requests are signed with it"


def check_link(url: str, path: Path, problems: Problems) -> None:
    """Note what is wrong with a URL that people are to open."""
    hint = "it looks like https://wiki.example.com/runbooks/sap"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        problems.error("E125", "this is no URL", path, hint=hint)
        return
    if "@" in parts.netloc:
        problems.error("E120", "the URL carries credentials", path, hint="whoever opens it has an account of their own")
    elif parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
        problems.error("E125", "the URL must begin with https:// or http://", path, hint=hint)
