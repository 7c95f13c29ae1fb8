"""How bad something is."""

from __future__ import annotations

from enum import IntEnum


class Severity(IntEnum):
    """How bad; the numbers order them."""

    WARNING = 1
    CRITICAL = 2

    @property
    def word(self) -> str:
        """The lower-case word people see."""
        return self.name.lower()
