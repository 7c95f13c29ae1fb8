"""A Portal looked at from the name of its host to one query's figures: what is not well, and what mends it.

With credentials it is asked twice at most, and not again once they were refused: the Portal locks accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from sentinel.clock import Clock
from sentinel.collect.expectations import note_data, note_levels, note_services
from sentinel.collect.nexthink import Looked, NexthinkSource
from sentinel.collect.pages import describe_page, is_login_page
from sentinel.collect.settings import NexthinkSettings
from sentinel.domain.reading import Failure, Query, Reason
from sentinel.domain.rules import Rule, Service
from sentinel.errors import ConfigError, CredentialsRefused
from sentinel.fetch_reach import STEPS, Way, walk
from sentinel.findings import Findings

ANSWER_SECONDS = 5.0
"""For one whole answer; a Portal that computes may take longer, and is then told to be slow."""

CHECKS = ("http", "login", "services", "levels", "data")

Queries = Callable[[Iterable[Service]], Sequence[Query]]
"""Known services -> the queries that the rules need, of this source."""

REFUSED = frozenset({Reason.UNAUTHORIZED, Reason.FORBIDDEN, Reason.PAUSED})
_UNLISTED = frozenset({Reason.NOT_A_TABLE, Reason.NOT_FOUND, Reason.BAD_REQUEST})
"""The Portal itself answered, only its list of services is not to be had: one can do without."""

_TRUST = "give the PEM file of the authority that issued it: ca_file in this source's table of the rules file"
_PROXY = "a source goes through it only with trust_env = true in its table"
_NOT_AGAIN = "not asked again: the Portal locks accounts"
_LOCK = "The Portal locks an account for 15 minutes after five failed logins in a row: wait before you try more"
_SLOW = "it may be computing (at night) or restarting: try again in a while"


async def examine(
    settings: NexthinkSettings,
    rules: Sequence[Rule],
    queries: Queries,
    clock: Clock,
    found: Findings,
    *,
    setting: str,
    variables: tuple[str, str],
) -> float | None:
    """Note how the Portal is; how many seconds its clock is ahead of ours, where it tells the time.

    Args:
        settings: as for the source itself.
        rules: those about this source.
        queries: what they ask, once the services are known.
        clock: ours.
        found: where it is noted.
        setting: what holds its URL.
        variables: the names of those that hold user and password.
    """
    if not await _way(settings, setting, found, clock.now()):
        found.rest(CHECKS, "nothing is asked before the way there is good")
        return None
    if not _has_login(settings, variables, found):
        return None
    hasty = replace(settings, timeout=min(settings.timeout, ANSWER_SECONDS), connect_timeout=3.0)
    source = NexthinkSource(hasty, clock)
    try:
        asked_at = clock.now()
        looked = await source.look()
        if _is_portal(looked, found):
            await _compare(source, looked, rules, queries, found, variables)
    finally:
        await source.close()
    return _ahead(looked, asked_at)


async def _way(settings: NexthinkSettings, setting: str, found: Findings, now: float) -> bool:
    parts = urlsplit(settings.url)
    if settings.trust_env and parts.scheme in getproxies() and not proxy_bypass(parts.hostname or ""):
        found.rest(STEPS, "a proxy of the environment stands in between (trust_env = true)")
        return True
    way = Way.to(settings.url, setting=setting, ca_file=settings.ca_file, trust_mend=_TRUST, proxy=_PROXY)
    return await walk(way, found, now)


def _has_login(settings: NexthinkSettings, variables: tuple[str, str], found: Findings) -> bool:
    if settings.username and settings.password.get_secret_value():
        return True
    what, variable = ("password", variables[1]) if settings.username else ("user", variables[0])
    mend = f"set {variable}, or {variable}_FILE to the path of a file that holds it"
    found.skipped("http", "not asked without a login")
    found.failed("login", f"the environment has no {what} for it", mend, code=ConfigError.exit_code)
    found.rest(CHECKS[2:], "there is no login")
    return False


def _is_portal(looked: Looked, found: Findings) -> bool:
    """Whether it is the Portal that answers, and not a login page, a proxy or another address."""
    failure = looked.found if isinstance(looked.found, Failure) else None
    if failure is not None and failure.reason is Reason.NOT_A_TABLE and looked.answer is not None:
        page = looked.answer.body.decode("utf-8", "replace")
        if is_login_page(page):
            found.failed("http", *describe_page(page, "the list of services"))
            found.rest(CHECKS[1:], "a login page stands in the way")
            return False
    if failure is None or failure.reason in REFUSED | _UNLISTED:
        found.ok("http", f"the Portal answers with status {looked.answer.status if looked.answer else 0}")
        return True
    mend = _SLOW if failure.reason in (Reason.TIMEOUT, Reason.SERVER_ERROR) else failure.hint or _SLOW
    found.failed("http", failure.text, mend)
    found.rest(CHECKS[1:], "the Portal gives no usable answer")
    return False


async def _compare(
    source: NexthinkSource,
    looked: Looked,
    rules: Sequence[Rule],
    queries: Queries,
    found: Findings,
    variables: tuple[str, str],
) -> None:
    """Whether the account is let in, and what the Portal has against what the rules ask."""
    listed = looked.found
    if isinstance(listed, Failure) and listed.reason in REFUSED:
        _note_refusal(listed, variables, found)
        found.rest(CHECKS[2:], _NOT_AGAIN)
        return
    wanted = queries(source.services())
    answer = await source.examine(wanted[0]) if wanted else None
    refusal = answer.failure if answer is not None and answer.failure is not None else None
    if refusal is not None and refusal.reason in REFUSED:
        _note_refusal(refusal, variables, found)
    elif not isinstance(listed, Failure) or (answer is not None and answer.parsed is not None):
        found.ok("login", "user and password are accepted")
    else:
        found.skipped("login", "no answer of the Portal shows whether it is accepted")
    note_services(source.services(), listed, rules, found)
    note_levels(listed, rules, found)
    if answer is None:
        found.skipped("data", "the rules ask for nothing that is known")
    elif refusal is not None and refusal.reason in REFUSED:
        found.skipped("data", _NOT_AGAIN)
    else:
        note_data(answer, rules, found)


def _note_refusal(failure: Failure, variables: tuple[str, str], found: Findings) -> None:
    """401 and 403 told apart: the one is about who asks, the other about what the account may do."""
    user, password = variables
    mend = failure.hint if failure.reason is Reason.FORBIDDEN else f"check {user} and {password}. {_LOCK}"
    found.failed("login", failure.text, mend, code=CredentialsRefused.exit_code)


def _ahead(looked: Looked, asked_at: float) -> float | None:
    """By the Date header, which tells whole seconds; compared with the middle of asking."""
    said = looked.answer.headers.get("date", "") if looked.answer is not None else ""
    try:
        return parsedate_to_datetime(said).timestamp() + 0.5 - (asked_at + looked.at) / 2 if said else None
    except ValueError:
        return None
