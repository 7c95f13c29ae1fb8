"""One POST to a webhook and what its answer means for the notice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from sentinel.deliver.channel import Delivered, Later, Outcome, Refused, Unclear
from sentinel.deliver.settings import Secret
from sentinel.fetch import Answer, Client, Trouble, TroubleReason

LONGEST_WAIT = 3600.0
"""Seconds that a Retry-After may ask for at most."""

MAX_CONNECTIONS = 8
"""More than are ever used at once: waiting for a free one would count as time that the receiver took."""

_MAX_ANSWER = 64 * 1024
_NOT_TAKEN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


_UNFIT = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""The receiver is there and lets us in, but does not take what we say."""


class Poster:
    """Posts to one secret URL. Every request has a connection of its own, so that none dies of an old one's end.

    `client` is made when it is first needed unless given.
    """

    def __init__(self, url: Secret, *, deadline: float, client: Client | None = None) -> None:
        self._url = url
        self._deadline = deadline
        self._client = client

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Answer | Trouble:
        """One request, never repeated."""
        if not _is_web_address(self._url.reveal()):
            return Trouble(TroubleReason.PROTOCOL, "the webhook's URL is no web address", sent=False)
        if self._client is None:
            self._client = Client(
                timeout=self._deadline,
                max_raw_bytes=_MAX_ANSWER,
                max_unpacked_bytes=_MAX_ANSWER,
                max_connections=MAX_CONNECTIONS,
            )
        return await self._client.post(self._url.reveal(), body, headers={**headers, "Connection": "close"})

    async def close(self) -> None:
        """Let go of connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None


def outcome(result: Answer | Trouble, at: float) -> Outcome:
    """What became of a notice that was posted. `at` (Unix seconds) is what a Retry-After date counts from."""
    if isinstance(result, Trouble):
        return _no_answer(result)
    status = result.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Delivered(None)
    reason = f"the webhook answered HTTP {status}"
    wait = retry_after(result.headers.get("retry-after", ""), at)
    if status in _NOT_TAKEN or (status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None):
        return Later(reason, wait)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unclear(reason)
    return Refused(reason, _hint(status), "notice" if status in _UNFIT else "channel")


def retry_after(text: str, at: float) -> float | None:
    """The seconds a Retry-After asks for, given as a number or as a date; None where it says neither."""
    if text.isascii() and text.strip().isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return min(max(aware.timestamp() - at, 0.0), LONGEST_WAIT)


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _no_answer(trouble: Trouble) -> Outcome:
    if trouble.sent:
        return Unclear(trouble.text)
    if trouble.reason is TroubleReason.PROTOCOL:
        return Refused(trouble.text, "Check the webhook's URL.")
    return Later(trouble.text)


def _hint(status: int) -> str:
    if status < HTTPStatus.BAD_REQUEST:
        return "The URL redirects; configure the address it leads to."
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return "The receiver does not take Sentinel's credentials; check the URL and the signing secret."
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return "The webhook does not exist any more; make a new one and configure its URL."
    return "The receiver does not take this request."
