"""In which line of a rules file a condition stands."""

from __future__ import annotations

from sentinel.config.positions import Path, Positions
from sentinel.domain.rules import Rule, Rulebook, Severity


class Lines:
    """The lines of one file's conditions. Its text must be the one that the rulebook was read from."""

    def __init__(self, text: str, rulebook: Rulebook) -> None:
        self._positions = Positions(text.removeprefix("\ufeff"))
        self._number = {rule.id: number for number, rule in enumerate(rulebook.rules)}

    def of(self, rule: Rule, override: int, severity: Severity) -> int:
        """Where the severity of the rule is written that binds there: in the n-th override (0: none), else in the rule.

        Where it is written nowhere (TOML's dotted keys in odd places), the line of the table.
        """
        path: Path = ("rule", self._number[rule.id])
        if override:
            own: Path = (*path, "override", override - 1, severity.word)
            if own in self._positions.keys:
                return self._positions.key(own).line
        return self._positions.key((*path, severity.word)).line
