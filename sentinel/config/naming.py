"""Names in rules.toml and the variables of the environment that belong to them."""

from __future__ import annotations

import re


def variable_part(name: str) -> str:
    """A name as it stands in a variable: `portal-eu` is `PORTAL_EU`."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def source_variable(name: str, what: str) -> str:
    """The variable of a source; `what` is USERNAME or PASSWORD."""
    return f"SENTINEL_SOURCE_{variable_part(name)}_{what}"
