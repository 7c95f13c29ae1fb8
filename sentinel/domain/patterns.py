"""Globs over names: services, rules, owners, sources, and the single names of a node."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import translate


def name_regex(glob: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    r"""A glob as a regular expression over one whole name: `*` any characters, `?` one, `\` takes a meaning away.

    The standard library's translation matches in linear time, however many stars there are.
    """
    literal, position = "", 0
    while position < len(glob):
        char = glob[position]
        if char == "\\" and position + 1 < len(glob):
            position += 1
            char = glob[position]
            literal += f"[{char}]" if char in "*?[" else char
        else:
            literal += "[[]" if char == "[" else char
        position += 1
    return re.compile(translate(literal), flags)


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A glob: `*` any characters, `?` one. Case does not matter; a text without either matches only itself."""

    text: str
    _regex: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_regex", name_regex(self.text, re.IGNORECASE))

    @property
    def is_glob(self) -> bool:
        """Whether it may match more than one name."""
        return "*" in self.text or "?" in self.text

    def matches(self, name: str) -> bool:
        """Whether the whole name fits."""
        return self._regex.fullmatch(name) is not None
