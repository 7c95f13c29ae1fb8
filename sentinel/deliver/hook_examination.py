"""A webhook or a heartbeat's address looked at as far as nobody notices: a request would be a message."""

from __future__ import annotations

from sentinel.deliver.settings import Secret
from sentinel.errors import ConfigError
from sentinel.fetch_reach import Way, walk
from sentinel.findings import Findings


async def examine(url: Secret, setting: str, proof: str, found: Findings, now: float) -> None:
    """Note the way there. Of the URL, which is a credential, only the host is shown.

    Args:
        url: where to.
        setting: what holds it.
        proof: what shows the rest, such as `sentinel notices test`.
        found: where it is noted.
        now: Unix seconds.
    """
    try:
        way = Way.to(url.reveal(), setting=setting)
    except ValueError:
        found.failed("address", f"{setting} is no web address", "it begins with https://", code=ConfigError.exit_code)
        return
    if await walk(way, found, now):
        found.skipped("answer", f"a request would be taken for real; {proof}")
