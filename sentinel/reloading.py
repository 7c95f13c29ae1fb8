"""Follow the rules file of a running program: read it when it changes or when told to, and keep the old rules when in doubt."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from sentinel.clock import SystemClock
from sentinel.config.loader import LARGEST, Loaded
from sentinel.config.report import as_text, summary
from sentinel.config.settings import Settings
from sentinel.domain.selfcheck import Symptom
from sentinel.engine import figures
from sentinel.engine.offload import offload
from sentinel.engine.waiting import within
from sentinel.errors import ConfigError, StoreError

log = structlog.get_logger("sentinel.reload")

LOOK_EVERY = 1.0
"""Seconds between two looks at the file. A change is taken up when the next look finds the file as this one did: a file
half-written, or gone while an editor renames, is not read."""

RELOAD_RULE, RULES_FILE = "sentinel/reload", "rules file"
"""The built-in rule that a refused file falls under, and what it is about."""

SHOWN = 2
"""Problems of a refused file that a message shows with their lines; the log has all of them."""

Reread = Callable[[], tuple[Settings, Loaded]]
Adopt = Callable[[Settings, Loaded], Awaitable[None]]


@dataclass
class Reloader:
    """Follows one rules file. The path is looked at anew each time, so that renamed files and switched links are seen.

    `read` reads environment files and rules anew and raises ConfigError, `adopt` puts them into force and may raise the
    same or StoreError. `on_refused` is told of every refusal, `on_accepted` when the last one is over. `refused` says
    in one line why the file as it is cannot be used; empty when it is in force.
    """

    path: Path
    in_force: str
    read: Reread
    adopt: Adopt
    on_refused: Callable[[ConfigError], None] = lambda _: None
    on_accepted: Callable[[], None] = lambda: None
    refused: str = ""
    _tried: str | None = field(init=False)
    _seen: str | None = None
    _asked: bool = False
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._tried = self.in_force
        figures.RELOAD_OK.set(1)
        figures.RELOAD_LAST.set(SystemClock().now())

    def ask(self) -> None:
        """Read the file now, whether it has changed or not: secrets in files are read anew with it."""
        self._asked = True
        self._wake.set()

    async def run(self) -> None:
        """Look at the file until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("reload broke")
            await within(LOOK_EVERY, self._wake)
            self._wake.clear()

    async def look(self) -> None:
        """Look once; read the file if it has changed and stands still, or if asked to."""
        found = await offload(lambda: _content_of(self.path))
        settled = found == self._seen
        self._seen = found
        if self._asked or (settled and found != self._tried):
            self._asked = False
            await self._reload(found)

    async def _reload(self, found: str) -> None:
        self._tried = found
        try:
            settings, loaded = await offload(self.read)
            await self.adopt(settings, loaded)
        except ConfigError as refused:
            self._refuse(refused)
        except StoreError as broken:
            log.warning("reload put off", reason=broken.message, hint=broken.hint)
            self._tried = None  # the next look that finds the file as this one did tries again
        else:
            self._accept(loaded)

    def _refuse(self, refused: ConfigError) -> None:
        """Say it: once for each change of the file, and whenever somebody asked for the reload."""
        figures.RELOAD_OK.set(0)
        figures.RELOADS.labels("refused").inc()
        self.refused = refused.message
        # The one key whose value may have lines of its own, and an excerpt with a caret has.
        excerpt = as_text(refused.problems, _texts(refused))
        log.error("rules file refused, the old rules stay", problems=summary(refused.problems), exception=excerpt)
        self.on_refused(refused)

    def _accept(self, loaded: Loaded) -> None:
        same = loaded.digest == self.in_force
        self.in_force = self._tried = loaded.digest
        figures.RELOAD_OK.set(1)
        figures.RELOADS.labels("accepted").inc()
        figures.RELOAD_LAST.set(SystemClock().now())
        log.info("rules reloaded", rules=len(loaded.rulebook.rules), sources=len(loaded.sources), same_text=same)
        if self.refused:
            self.refused = ""
            self.on_accepted()


def symptom_of(refused: ConfigError) -> Symptom:
    """A refused rules file as people are told of it: with the lines and carets that `sentinel check` shows."""
    errors = [problem for problem in refused.problems if problem.severity == "error"]
    first = errors[0]
    return Symptom(
        rule=RELOAD_RULE,
        subject=RULES_FILE,
        summary="The rules file was refused, older rules are in force",
        detail=refused.message,
        excerpt=as_text(errors[:SHOWN], _texts(refused)),
        hint=first.hint or "`sentinel check` shows every problem with its place",
    )


def _content_of(path: Path) -> str:
    """The SHA-256 of what the file holds, as `Loaded.digest` has it; empty while it cannot be read.

    Of a file that is too large to be used only the beginning is looked at.
    """
    try:
        with path.open("rb") as file:
            return hashlib.sha256(file.read(LARGEST + 1)).hexdigest()
    except OSError:
        return ""


def _texts(refused: ConfigError) -> dict[str, str]:
    """The text of every file that has a problem with a place in it."""
    texts: dict[str, str] = {}
    for name in {problem.file for problem in refused.problems if problem.line}:
        with contextlib.suppress(OSError):
            texts[name] = Path(name).read_text(encoding="utf-8", errors="replace")
    return texts
