"""Globs over flat names (services, rules, owners, sources)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A glob: `*` any characters, `?` one. Case does not matter; a text without either matches only itself."""

    text: str
    _regex: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        collapsed = re.sub(r"\*+", "*", self.text)
        regex = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in collapsed)
        object.__setattr__(self, "_regex", re.compile(regex, re.DOTALL | re.IGNORECASE))

    @property
    def is_glob(self) -> bool:
        """Whether it may match more than one name."""
        return "*" in self.text or "?" in self.text

    def matches(self, name: str) -> bool:
        """Whether the whole name fits."""
        return self._regex.fullmatch(name) is not None
