"""A message that is about no incident: a report, complete in itself, sent once and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sentinel.deliver.parts import Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """What goes along with a mail. `media` as in `text/html`; `name` holds letters, digits, dots and dashes only."""

    name: str
    media: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What every channel shows (`wording`), what a webhook gets (`data`, for JSON), and what goes along with a mail."""

    wording: Wording
    data: Any
    files: tuple[File, ...] = ()
