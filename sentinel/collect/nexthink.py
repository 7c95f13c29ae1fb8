"""The Nexthink Portal as a source: its Services API asked over HTTP (Nexthink documentation, Services API)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from sentinel.clock import Clock
from sentinel.collect import refusals
from sentinel.collect.echoes import authorization, without_login
from sentinel.collect.freshness import remark, stale
from sentinel.collect.gate import Gate
from sentinel.collect.nodes import Named
from sentinel.collect.pages import describe_page, offer_of
from sentinel.collect.parse import Expected, Parsed, parse
from sentinel.collect.settings import DATA, DISCOVERY, NexthinkSettings
from sentinel.collect.source import Offer
from sentinel.collect.table import Unreadable
from sentinel.domain.hierarchy import Node
from sentinel.domain.reading import Failure, Query, Reading, Reason, slot_of
from sentinel.domain.rules import Service
from sentinel.fetch import Answer, Client, Params, Trouble, TroubleReason, place

RETRY_AFTER = 0.5
"""Seconds before the one repetition within a turn, plus up to as much again by chance."""

_WORTH_REPEATING = frozenset({TroubleReason.DNS, TroubleReason.REFUSED, TroubleReason.RESET, TroubleReason.TRUNCATED})
_LARGE = 256 * 1024
_OK, _SERVER_ERROR = 200, 500


def _jitter() -> float:
    return secrets.randbelow(1000) / 1000


@dataclass(frozen=True)
class Examined:
    """One question with everything that came of it; what `probe` shows.

    `answer` None: nothing came back. Exactly one of `parsed` and `failure` is set. `at`: Unix seconds of receipt.
    """

    query: Query
    at: float
    parameters: Params
    answer: Answer | None
    parsed: Parsed | None
    failure: Failure | None


@dataclass(frozen=True)
class Looked:
    """The discovery page with what was made of it. `answer` None: nothing came back. `at`: Unix seconds of receipt."""

    at: float
    answer: Answer | None
    found: Offer | Failure


class NexthinkSource:
    """One Portal, asked with one account; `client` is one of its own unless given.

    Raises:
        ValueError: ca_file cannot be read.
    """

    def __init__(
        self,
        settings: NexthinkSettings,
        clock: Clock,
        *,
        jitter: Callable[[], float] = _jitter,
        client: Client | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._gate = Gate(clock, settings.max_concurrent, settings.lock_wait)
        self._client = client or Client(
            ca_file=settings.ca_file,
            timeout=settings.timeout,
            connect_timeout=settings.connect_timeout,
            max_raw_bytes=settings.max_raw_bytes,
            max_unpacked_bytes=settings.max_unpacked_bytes,
            follow_redirects=settings.follow_redirects,
            trust_env=settings.trust_env,
            max_connections=settings.max_concurrent,
        )
        self._services = dict(settings.services)
        self._levels: dict[str, Node] = dict(settings.levels)
        self._names: dict[Query, Named] = {}

    @property
    def name(self) -> str:
        """As `rules.toml` calls it."""
        return self._settings.name

    @property
    def settings(self) -> NexthinkSettings:
        """How it is asked."""
        return self._settings

    def services(self) -> tuple[Service, ...]:
        """The services known by now: the declared ones and those of the last discovery."""
        return tuple(Service(self.name, name, uid) for name, uid in self._services.items())

    async def ask(self, query: Query) -> Reading:
        """Ask once; whatever goes wrong is in the reading."""
        found = await self.examine(query)
        sample_at = slot_of(found.at, self._settings.step)
        if found.parsed is None:
            return Reading(query, found.at, sample_at, None, found.failure)
        self._names[query] = found.parsed.names
        return Reading(query, found.at, sample_at, found.parsed.figures, None, found.parsed.remarks)

    async def examine(self, query: Query) -> Examined:
        """Ask once and keep everything that was seen on the way."""
        uid = self._services.get(query.service) or (query.service if query.service in self._services.values() else None)
        if uid is None:
            return Examined(query, self._clock.now(), (), None, None, refusals.unknown_service(query))
        parameters = self._settings.parameters(query, uid)
        result = await self._exchange(DATA, parameters)
        at = self._clock.now()
        if isinstance(result, Trouble):
            return Examined(query, at, parameters, None, None, refusals.of_trouble(result))
        if isinstance(result, Failure):
            return Examined(query, at, parameters, None, None, result)
        failure = refusals.of_status(result, refusals.asked_for(query), self._settings, at)
        failure = failure or stale(result.headers, at, self._settings.step, place(self._settings.url))
        if failure is not None:
            return Examined(query, at, parameters, result, None, failure)
        parsed = await self._parse(query, result)
        if isinstance(parsed, Failure):
            return Examined(query, at, parameters, result, None, parsed)
        if odd := remark(result.headers, at):
            parsed = replace(parsed, remarks=(*parsed.remarks, odd))
        return Examined(query, at, parameters, result, parsed, None)

    async def discover(self) -> Offer | Failure:
        """Read the Portal's discovery page; what it names becomes known, what is declared stays as declared."""
        return (await self.look()).found

    async def look(self) -> Looked:
        """The same with everything that was seen on the way."""
        result = await self._exchange(DISCOVERY, ())
        at = self._clock.now()
        if isinstance(result, Trouble):
            return Looked(at, None, refusals.of_trouble(result))
        if isinstance(result, Failure):
            return Looked(at, None, result)
        failure = refusals.of_status(result, refusals.DISCOVERING, self._settings, at)
        return Looked(at, result, failure or self._offered(result))

    def _offered(self, answer: Answer) -> Offer | Failure:
        page = answer.body.decode("utf-8", "replace")
        offer = offer_of(page)
        if not offer.services:
            what = describe_page(page, "the list of services")[0] if page.lstrip()[:1] == "<" else "it is no HTML page"
            text = f"the Portal answered, but no service was recognised: {what}"
            return Failure(Reason.NOT_A_TABLE, text, "declare services with their UID under [[service]]")
        for service in offer.services:
            self._services.setdefault(service.name, service.uid)
        for hierarchy in offer.hierarchies:
            if hierarchy.levels:
                self._levels.setdefault(hierarchy.name, hierarchy.levels)
        return offer

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    async def _parse(self, query: Query, answer: Answer) -> Parsed | Failure:
        expected = Expected(query, self._settings.format, self._settings.columns, self._levels.get(query.hierarchy, ()))
        content_type = answer.headers.get("content-type", "")
        before = self._names.get(query)
        try:
            if len(answer.body) < _LARGE:
                return parse(answer.body, content_type, expected, before)
            return await asyncio.to_thread(parse, answer.body, content_type, expected, before)
        except Unreadable as unreadable:
            return Failure(unreadable.reason, unreadable.text, unreadable.hint)
        except RecursionError:
            return Failure(Reason.NOT_A_TABLE, "the answer is nested too deeply to be a table")

    async def _exchange(self, endpoint: str, parameters: Params) -> Answer | Trouble | Failure:
        """One request, repeated once where that is harmless and may help: the connection broke, or a server error."""
        result = await self._gate.through(lambda: self._once(endpoint, parameters))
        if _worth_repeating(result):
            await self._clock.sleep(RETRY_AFTER * (1 + self._jitter()))
            result = await self._gate.through(lambda: self._once(endpoint, parameters))
        return result

    async def _once(self, endpoint: str, parameters: Params) -> Answer | Trouble:
        headers = {"Accept": "application/json, text/csv;q=0.9, */*;q=0.1"}
        username, password = self._settings.username, self._settings.password.get_secret_value()
        if username or password:
            headers["Authorization"] = authorization(username, password)
        result = await self._client.get(self._settings.address(endpoint), params=parameters, headers=headers)
        return result if isinstance(result, Trouble) else without_login(result, username, password)


def _worth_repeating(result: Answer | Trouble | Failure) -> bool:
    if isinstance(result, Trouble):
        return result.reason in _WORTH_REPEATING
    return isinstance(result, Answer) and result.status >= _SERVER_ERROR
