"""What is looked at together, and the code that it stands for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from sentinel.findings import Findings, State

PRECEDENCE = (2, 4, 5, 3, 1)
"""Of exit codes, when several things failed: configuration, store, credentials, source, the rest."""

Look = Callable[[Findings], Awaitable[None]]
"""Looks at one thing and notes what it finds."""


@dataclass
class Group:
    """One thing: its kind (`source`) and its name (`portal`), empty where there is only one. `look` None: all is noted."""

    kind: str
    name: str = ""
    findings: Findings = field(default_factory=Findings)
    look: Look | None = None

    @property
    def title(self) -> str:
        """As people read it."""
        return f"{self.kind} {self.name}".rstrip()

    def is_called(self, word: str) -> bool:
        """Whether somebody who says this word means it."""
        return word.casefold() in {self.kind.casefold(), self.name.casefold(), self.title.casefold()} - {""}


def exit_code(groups: Iterable[Group]) -> int:
    """0 when all is well, else the first of `PRECEDENCE` that something stands for; a warning stands for 1."""
    codes: set[int] = set()
    for one in (finding for group in groups for finding in group.findings):
        if one.state is State.FAILED:
            codes.add(one.code)
        elif one.state is State.WARNING:
            codes.add(1)
    return next((code for code in PRECEDENCE if code in codes), 0)
