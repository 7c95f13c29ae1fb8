"""The error tree. Expected outcomes are values (a failed Reading, an Outcome); these are broken promises.

SentinelError                       exit 1
├── NotFound                        exit 1   no such incident, notice, rule
├── ConfigError                     exit 2   every problem of the configuration at once
├── RulesDiffer                     exit 2   the instance that leads has another rules file
├── SourceError                     exit 3   a source could not be asked
├── StoreError                      exit 4   the database cannot be used
│   ├── StoreBusy                            locked, or gone for the moment: the same work may be tried again
│   ├── SchemaOutOfDate                      older or newer than this program
│   └── LeaseLost                            another instance writes now
├── AlreadyRunning                  exit 4   a second instance on one SQLite file
└── CredentialsRefused              exit 5   a source or a channel refused user, password or token
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class SentinelError(Exception):
    """Sentinel could not go on."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.hint = hint
        super().__init__(self.message)


class NotFound(SentinelError):
    """There is no such thing in the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a configuration file.

    `line` and `column` count from 1; 0 means that the place is unknown (an environment variable, a missing file).
    `span` is the number of characters to underline. `severity` is "error" or "warning"; only errors refuse the file.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: str = "error"
    span: int = 1


class ConfigError(SentinelError):
    """The configuration cannot be used."""

    exit_code = 2

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        errors = [p for p in problems if p.severity == "error"]
        first = errors[0] if errors else None
        where = f"{first.file}:{first.line}:{first.column}: {first.message}" if first else ""
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(where + more)


class RulesDiffer(SentinelError):
    """Another instance of Sentinel leads by other rules."""

    exit_code = 2

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message,
            hint="give both the same rules file (`sha256sum rules.toml` on both), then start this one again;"
            " to change the rules of what runs, edit its file: it is reloaded",
        )


class SourceError(SentinelError):
    """The source could not be asked."""

    exit_code = 3


class StoreError(SentinelError):
    """The database cannot be used."""

    exit_code = 4


class StoreBusy(StoreError):
    """The database is locked or gone for the moment; the same work may be tried again."""


class SchemaOutOfDate(StoreError):
    """The database does not have the schema that this program needs."""


class LeaseLost(StoreError):
    """Another instance of Sentinel writes to this database now."""


class AlreadyRunning(SentinelError):
    """Another Sentinel uses this database file."""

    exit_code = 4


class CredentialsRefused(SentinelError):
    """User, password or token was refused."""

    exit_code = 5
