"""Structured logs: one line per happening on standard error, as text for people or JSON for machines."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from sentinel.config.confidential import Veil
from sentinel.deliver.escape import visible

_NOISY = ("httpx", "httpcore", "apscheduler", "slack_sdk", "aiohttp", "uvicorn", "asyncio", "alembic")
"""Libraries that log too much, or addresses that hold credentials; from them only warnings are of interest."""


def configure(*, form: str, level: str, secrets: Iterable[str] = ()) -> None:
    """Set up logging for the whole process. `form` is text or json; none of `secrets` is ever written."""
    _process.hide_only(secrets)
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _process,
        *((_harmless,) if form == "text" else ()),
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


def hide(secrets: Iterable[str]) -> None:
    """These are never written either, from now on: secrets may change while the program runs."""
    _process.hide_too(secrets)


class Redactor:
    """Takes known secrets out of everything that is logged, tracebacks included, however they are written."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.hide_only(secrets)

    def hide_only(self, secrets: Iterable[str]) -> None:
        """Forget those of before."""
        self._secrets = frozenset(secrets)
        self._veil = Veil(self._secrets)

    def hide_too(self, secrets: Iterable[str]) -> None:
        """Those of before stay hidden."""
        self.hide_only((*self._secrets, *secrets))

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._veil(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        shown = repr(value)
        hidden = self._veil(shown)
        return value if hidden == shown else hidden


_process = Redactor()
"""The process has one log, so one of these."""


def _harmless(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Nothing from outside begins a line of its own or moves the terminal's cursor; JSON escapes by itself."""
    return {key: _shown(key, value) for key, value in event.items()}


def _shown(key: str, value: Any) -> Any:
    if key in ("exception", "stack") and isinstance(value, str):
        return "\n".join("    " + visible(line) for line in value.split("\n"))
    return visible(value) if isinstance(value, str) else value
