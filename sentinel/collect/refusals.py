"""What an answer without a table means: the reason, the sentence people read, and what may mend it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from sentinel.collect.quality import shown
from sentinel.collect.settings import DISCOVERY, NexthinkSettings
from sentinel.domain.hierarchy import node_text
from sentinel.domain.reading import Failure, Query, Reason
from sentinel.fetch import Answer, Trouble, TroubleReason, place

LONGEST_WAIT = 3600.0
"""Seconds; a Retry-After that asks for more is cut to this, so that a wrong header cannot silence a source."""

FEATURE = "globalconfig.feature.service-test-api = true"
"""The switch of the Services API in portal.conf, off by default (Nexthink documentation, Services API)."""

_REASONS = {
    TroubleReason.DNS: Reason.UNREACHABLE,
    TroubleReason.FORBIDDEN: Reason.UNREACHABLE,
    TroubleReason.REFUSED: Reason.UNREACHABLE,
    TroubleReason.RESET: Reason.UNREACHABLE,
    TroubleReason.TIMEOUT: Reason.TIMEOUT,
    TroubleReason.TLS: Reason.TLS,
    TroubleReason.TOO_LARGE: Reason.TOO_LARGE,
    TroubleReason.TRUNCATED: Reason.TRUNCATED,
    TroubleReason.ENCODING: Reason.NOT_A_TABLE,
    TroubleReason.PROTOCOL: Reason.UNREACHABLE,
}
_TROUBLE_HINTS = {
    TroubleReason.DNS: "check the host name in url and this machine's name server",
    TroubleReason.FORBIDDEN: "check url and who answers for its host name: no Portal has such an address",
    TroubleReason.REFUSED: "check url and the way there: firewall, proxy, whether the Portal runs",
    TroubleReason.TLS: "give the Portal's certificate, or that of its authority, as ca_file",
    TroubleReason.TOO_LARGE: "ask for a higher level, or allow more",
    TroubleReason.TIMEOUT: "the Portal may be computing or restarting",
}
_OK, _THROTTLED, _REDIRECTS = 200, 429, 3


def of_trouble(trouble: Trouble) -> Failure:
    """No complete answer."""
    return Failure(_REASONS[trouble.reason], trouble.text, _TROUBLE_HINTS.get(trouble.reason, ""))


def of_status(answer: Answer, asked: str, settings: NexthinkSettings, now: float) -> Failure | None:
    """What the status says against the answer; None for 200. `asked` completes "asked for ...", `now` is wall time."""
    status, host = answer.status, place(settings.url)
    if status == _OK:
        return None
    if status == _THROTTLED:
        wait = retry_after(answer.headers, now)
        more = f" for {wait:.0f} s" if wait is not None else ""
        return Failure(Reason.THROTTLED, f"{host} answered 429: it wants to be left alone{more}", "", wait)
    if status // 100 == _REDIRECTS:
        return _redirected(answer, host)
    reason, text, hint = _STATUSES.get(status) or _CLASSES.get(status // 100, _NO_TABLE)
    return Failure(reason, f"{host} answered {status}{text} to {asked}", hint)


_LOCK = "the Portal locks an account after five failed logins, for 15 minutes; Sentinel leaves it alone that long"
_NAMES = (
    f"either the Services API is off (in portal.conf: {FEATURE}), or the service, hierarchy, level or node is unknown;"
    " see sentinel discover"
)
_STATUSES: Mapping[int, tuple[Reason, str, str]] = {
    400: (Reason.BAD_REQUEST, " (bad request)", "a name the Portal does not know, or another path_style"),
    401: (Reason.UNAUTHORIZED, " (user or password refused, or the account is locked)", f"check both; {_LOCK}"),
    403: (Reason.FORBIDDEN, " (forbidden)", "the account lacks the right to the Services API or to this view domain"),
    404: (Reason.NOT_FOUND, " (not found)", _NAMES),
    407: (Reason.UNREACHABLE, " (a proxy wants a login)", "see trust_env and the proxy variables"),
    410: (Reason.NOT_FOUND, " (gone)", "the Services API is not at this address any more"),
}
_CLASSES: Mapping[int, tuple[Reason, str, str]] = {
    4: (Reason.BAD_REQUEST, "", ""),
    5: (Reason.SERVER_ERROR, "", "the Portal may be restarting"),
}
_NO_TABLE = (Reason.NOT_A_TABLE, ", which carries no table,", "")


def _redirected(answer: Answer, host: str) -> Failure:
    target = answer.headers.get("location", "")
    parts = urlsplit(target) if target.isprintable() and len(target) < 2000 else urlsplit("")  # noqa: PLR2004
    try:
        where = f"{parts.scheme}://{parts.hostname}{parts.path}" if parts.hostname else parts.path
    except ValueError:
        where = ""
    text = f"{host} answered {answer.status} and points to {shown(where, 120) if where else 'no usable address'}"
    hint = "a login page or another address of the Portal: set url to where the API is, or follow_redirects"
    return Failure(Reason.REDIRECTED, text, hint)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a Retry-After header asks for, given as a number or as a date; at most `LONGEST_WAIT`."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdecimal():
        return float(min(int(value[:9]), LONGEST_WAIT))
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return min(max(0.0, then.timestamp() - now), LONGEST_WAIT)


def paused(left: float) -> Failure:
    """Not asked, because a request with the same account was refused a short while ago."""
    text = f"not asked: the Portal refused the account; it is left alone for another {max(1, round(left / 60))} min"
    return Failure(Reason.PAUSED, text, f"check user and password; {_LOCK}", left)


def throttled(left: float) -> Failure:
    """Not asked, because the Portal asked for a pause."""
    return Failure(Reason.THROTTLED, f"not asked: the Portal wants to be left alone for {left:.0f} s", "", left)


def unknown_service(query: Query) -> Failure:
    """There is nothing to ask for."""
    text = f"no UID is known for the service {shown(query.service)}"
    return Failure(Reason.UNKNOWN_SERVICE, text, "declare it under [[service]], or see sentinel discover")


def asked_for(query: Query) -> str:
    """The query in words: `service 'SAP', hierarchy 'Location', level 'Site'`."""
    where = f"level {shown(query.level)}" if query.level is not None else f"path {shown(node_text(query.path or ()))}"
    return f"service {shown(query.service)}, hierarchy {shown(query.hierarchy)}, {where}"


DISCOVERING = f"the discovery page {DISCOVERY}"
