"""What looking at something found: how it is, and where it is not well, what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How a thing is. The value is the word people and programs see."""

    OK = "ok"
    WARNING = "warning"  # it works, and somebody should look at it by daylight
    FAILED = "failed"  # something that is needed does not work
    SKIPPED = "skipped"  # not looked at; the text says why


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    `text` says how it is, `mend` what to do where it is not well. Neither ever holds a secret. `code` is the exit code
    that a failure stands for.
    """

    check: str
    state: State
    text: str
    mend: str = ""
    code: int = 1


class Findings(list[Finding]):
    """Findings in the order in which they were made, which is that in which they are mended.

    Args:
        code: the exit code of a failure that names none.
    """

    def __init__(self, code: int = 1) -> None:
        super().__init__()
        self.code = code

    def ok(self, check: str, text: str) -> None:
        """It is well."""
        self.append(Finding(check=check, state=State.OK, text=text))

    def warning(self, check: str, text: str, mend: str) -> None:
        """It works, but not as it should."""
        self.append(Finding(check=check, state=State.WARNING, text=text, mend=mend))

    def failed(self, check: str, text: str, mend: str, *, code: int | None = None) -> None:
        """It does not work."""
        chosen = self.code if code is None else code
        self.append(Finding(check=check, state=State.FAILED, text=text, mend=mend, code=chosen))

    def skipped(self, check: str, why: str) -> None:
        """It was not looked at."""
        self.append(Finding(check=check, state=State.SKIPPED, text=why))

    def rest(self, checks: tuple[str, ...], why: str) -> None:
        """None of these was looked at, for one reason."""
        for check in checks:
            self.skipped(check, why)
