"""Patterns of nodes that can be read but fit no node: a slash too many, separators of other tools."""

from __future__ import annotations

import re

from sentinel.config.positions import Path
from sentinel.config.problems import Problems

_SEPARATOR = re.compile(r"\s*(?:(?<!\\)[/>»]|\\(?![/\\*?\[\]]))\s*")
_LITERAL_SLASH = re.compile(r"(?<!\\)/")


def check_node_pattern(text: str, path: Path, problems: Problems) -> None:
    """Doubt a pattern at `path` that no node is written like."""
    names = _LITERAL_SLASH.split(text)
    better = "/".join(part for part in _SEPARATOR.split(text.strip()) if part)
    hint = f'did you mean "{better}"?' if better and better != text else ""
    if "" in names:
        what = "begins" if not names[0] else "ends" if not names[-1] else "goes on"
        problems.warning("W127", f"no node fits: the pattern {what} with an empty name", path, hint=hint)
    elif any(name != name.strip() for name in names):
        problems.warning("W127", "no node fits: a name begins or ends with a space", path, hint=hint)
    elif re.search(r"\\(?![/\\*?\[\]])", text):
        message = "a backslash separates nothing; names are separated by /"
        problems.warning("W127", message, path, hint=hint)
    elif re.search(r"\s[>»]\s", text):
        problems.warning("W127", "names are separated by /", path, hint=hint)
