"""What a workspace refuses to accept, with the error codes of the Slack Web API."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sentinel.demo.workspace_blocks import block_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_TEXT = 40_000  # Slack documentation, chat.postMessage
MAX_UPDATED_TEXT = 4_000  # the smaller limit that chat.update names for msg_too_long; kept as the strict reading
MAX_BLOCKS = 50
MAX_ATTACHMENTS = 100
MAX_ATTACHMENT_BLOCKS = 20  # not documented; more were answered with invalid_attachments (slackapi/bolt-python#914)
# Not documented; measured by users (slackapi/bolt-js#2509): 13,297 characters in one block pass, and one divider more
# takes 125 of them away. So a block after the first costs 125, which also explains slackapi/bolt-js#2867.
BLOCK_BUDGET = 13_297
BLOCK_COST = 125
MAX_METADATA_BYTES = 8_000  # Slack documentation, message metadata; the exact figure was not checked
EVENT_TYPE = re.compile(r"[A-Za-z0-9_.:-]{1,255}")

# An attachment with blocks may carry nothing older than these: legacy fields beside blocks are refused
# (slack-go/slack#588, slackapi/java-slack-sdk#184).
BLOCK_ATTACHMENT_KEYS = frozenset({"blocks", "color", "fallback", "id"})


class Refused(Exception):  # the workspace refuses; nothing is in error
    """The workspace answers `ok: false` with `code`; `details` are Slack's hints where it gives some.

    `extra` are further fields of the answer (`needed` and `provided` of `missing_scope`).
    """

    def __init__(self, code: str, details: list[str] | None = None, *, extra: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.details = details or []
        self.extra = dict(extra or {})


class RateLimited(Exception):  # as Refused
    """HTTP 429 with `Retry-After: retry_after` (whole seconds)."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"ratelimited for {retry_after} s")
        self.retry_after = retry_after


def decoded(value: object, code: str) -> Any:
    """A structured argument: as it is from a JSON body, decoded from a form field.

    Raises:
        Refused: the text is not JSON.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise Refused(code) from None


def check_content(*, text: str, blocks: Any, attachments: Any, max_text: int = MAX_TEXT) -> None:
    """Check everything that can be judged without knowing the channel.

    Raises:
        Refused: with the code Slack gives.
    """
    _check_blocks(blocks)
    _check_attachments(attachments)
    if not text.strip() and not blocks and not attachments:
        raise Refused("no_text")
    if len(text) > max_text:
        raise Refused("msg_too_long")
    if _weight([*blocks, *(block for one in attachments for block in one.get("blocks") or [])]) > BLOCK_BUDGET:
        raise Refused("msg_blocks_too_long")


def check_metadata(metadata: Any) -> None:
    """Metadata is an event type and an object of flat values.

    Raises:
        Refused: `invalid_metadata_format` or `metadata_too_large`.
    """
    if metadata is None or metadata == {}:
        return
    shaped = isinstance(metadata, dict) and set(metadata) <= {"event_type", "event_payload", "entities"}
    if not shaped or not isinstance(metadata.get("event_payload"), dict):
        raise Refused("invalid_metadata_format")
    event_type = metadata.get("event_type")
    if not isinstance(event_type, str) or not EVENT_TYPE.fullmatch(event_type):
        raise Refused("invalid_metadata_format")
    if not all(_flat(value) for value in metadata["event_payload"].values()):
        raise Refused("invalid_metadata_format")
    if len(json.dumps(metadata).encode()) > MAX_METADATA_BYTES:
        raise Refused("metadata_too_large")


def _check_blocks(blocks: Any) -> None:
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    problems = block_problems(blocks, "/blocks", MAX_BLOCKS)
    if problems:
        raise Refused("invalid_blocks", problems)


def _check_attachments(attachments: Any) -> None:
    if not isinstance(attachments, list):
        raise Refused("invalid_attachments")
    if len(attachments) > MAX_ATTACHMENTS:
        raise Refused("too_many_attachments")
    problems = [problem for place, one in enumerate(attachments) for problem in _attachment_problems(one, place)]
    if problems:
        raise Refused("invalid_attachments", problems)


def _attachment_problems(attachment: object, place: int) -> Iterator[str]:
    pointer = f"/attachments/{place}"
    if not isinstance(attachment, dict):
        yield f"[ERROR] must be an object [json-pointer:{pointer}]"
        return
    blocks = attachment.get("blocks")
    if not blocks:
        return
    extra = sorted(set(attachment) - BLOCK_ATTACHMENT_KEYS)
    if extra:
        yield f"[ERROR] invalid additional property: {extra[0]} [json-pointer:{pointer}]"
    yield from block_problems(blocks, f"{pointer}/blocks", MAX_ATTACHMENT_BLOCKS)


def _weight(blocks: list[Any]) -> int:
    return sum(len(text) for text in _texts(blocks)) + BLOCK_COST * max(0, len(blocks) - 1)


def _texts(part: object) -> Iterator[str]:
    if isinstance(part, list):
        for item in part:
            yield from _texts(item)
    elif isinstance(part, dict):
        for key, value in part.items():
            if isinstance(value, str) and key in {"text", "alt_text"}:
                yield value
            else:
                yield from _texts(value)


def _flat(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str | int | float | bool) for item in value)
    return value is None or isinstance(value, str | int | float | bool)
