"""Faults a workspace can be told to have: what it answers instead, and whether it had accepted the request before."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, unique

ANY_METHOD = "*"


@unique
class Answer(Enum):
    """How a faulty request is answered."""

    RATE_LIMITED = "rate limited"  # HTTP 429, ratelimited, Retry-After
    REFUSED = "refused"  # HTTP 200, ok: false
    STATUS = "status"  # another HTTP status with a page
    HTML = "html"  # HTTP 200, text/html: a proxy's page
    PLAIN_TEXT = "plain text"  # any HTTP status, text/plain: a gateway's word
    NOT_JSON = "not json"  # HTTP 200, application/json that is none
    DROPPED = "dropped"  # the connection goes away
    SILENT = "silent"  # no answer until the client gives up or the workspace stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to fail. `accepted` says whether the request took effect all the same: the unclear case."""

    answer: Answer
    accepted: bool = False
    error: str = ""
    status: int = 200
    retry_after: int = 0


def rate_limited(retry_after: int = 30) -> Fault:
    """HTTP 429 with `Retry-After` (seconds); nothing accepted."""
    return Fault(answer=Answer.RATE_LIMITED, retry_after=retry_after)


def refused(error: str, *, accepted: bool = False) -> Fault:
    """`ok: false` with any code; `fatal_error` and `internal_error` may come although the message was accepted."""
    return Fault(answer=Answer.REFUSED, error=error, accepted=accepted)


def http_status(status: int, *, accepted: bool = False) -> Fault:
    """An HTTP status such as 500 or 503 with a short HTML page."""
    return Fault(answer=Answer.STATUS, status=status, accepted=accepted)


def html_page(*, accepted: bool = False) -> Fault:
    """HTTP 200 with an HTML page, as a proxy or a captive portal answers."""
    return Fault(answer=Answer.HTML, accepted=accepted)


def plain_text(status: int = 200, *, accepted: bool = False) -> Fault:
    """A gateway's word as text/plain; slack-sdk 3.47 raises AttributeError over one with status 200."""
    return Fault(answer=Answer.PLAIN_TEXT, status=status, accepted=accepted)


def not_json(*, accepted: bool = False) -> Fault:
    """HTTP 200, labelled JSON, cut off in the middle."""
    return Fault(answer=Answer.NOT_JSON, accepted=accepted)


def dropped_before() -> Fault:
    """The connection is lost before the request took effect."""
    return Fault(answer=Answer.DROPPED)


def dropped_after() -> Fault:
    """The request takes effect and the connection is lost before the answer."""
    return Fault(answer=Answer.DROPPED, accepted=True)


def silent(*, accepted: bool = True) -> Fault:
    """No answer ever, as a time-out sees it; by default the request took effect."""
    return Fault(answer=Answer.SILENT, accepted=accepted)


@dataclass(slots=True, kw_only=True)
class Injection:
    """A fault set to happen: `used` counts how often it did."""

    method: str
    fault: Fault
    channel: str | None
    times: int | None
    after: int
    used: int = 0
    _seen: int = field(default=0, init=False)

    def take(self, method: str, channel: str | None) -> bool:
        """True when this request is to fail; counts it."""
        if self.method not in {method, ANY_METHOD} or (self.channel is not None and self.channel != channel):
            return False
        if self.times is not None and self.used >= self.times:
            return False
        self._seen += 1
        if self._seen <= self.after:
            return False
        self.used += 1
        return True


class FaultPlan:
    """The injections in force; the first that fits a request is used."""

    def __init__(self) -> None:
        self._injections: list[Injection] = []

    def add(self, injection: Injection) -> Injection:
        """Put an injection in force."""
        self._injections.append(injection)
        return injection

    def clear(self) -> None:
        """Everything works again."""
        self._injections.clear()

    def take(self, method: str, channel: str | None) -> Fault | None:
        """The fault of this request, if it is to have one."""
        return next((one.fault for one in self._injections if one.take(method, channel)), None)
