"""The simulated Nexthink Portal: a real HTTP server on loopback that answers as the vendor documents.

Where the vendor's documentation is silent (JSON layout, status codes, chaining of `path`), `Switches` has the choice.
"""

import asyncio
import contextlib
import json
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from email.utils import formatdate
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from aiohttp import web

from sentinel.demo.accounts import Account, Doorkeeper
from sentinel.demo.answers import Answer, page, written
from sentinel.demo.asking import Ask, QueryError, asked
from sentinel.demo.discovery import DATA, ENGINES, SERVICES, discovery_page
from sentinel.demo.faults import Fault
from sentinel.demo.load import World
from sentinel.demo.outages import BUCKET, Outage
from sentinel.demo.scripts import Figures, Script, Scripts, values_of
from sentinel.demo.switches import Logged, Switches
from sentinel.demo.tables import Table, View, table_of
from sentinel.demo.tenants import Path, Tenant

USER = "sentinel"
PASSWORD = "demo"  # noqa: S105 - the simulated Portal's only account; it guards nothing

Params = tuple[tuple[str, str], ...]

_LOG_LENGTH = 100_000
_ENTRY = web.RequestKey("entry", Logged)


class Portal:
    """A Portal for one tenant, started by `async with` or `start()` and `stop()`.

    Args:
        tenant: what it monitors, see `tiers`.
        now: the Portal's time in Unix seconds; asked once per request.
        outages: what is wrong, and when.
        accounts: user name to account; the default is the one account `USER` with `PASSWORD` that sees everything.
        host, port: where it listens; port 0 takes a free one.
        tls: serve HTTPS with this context.
        switches: the inferred parts.
        figures: called for every cell, see `scripts.Figures`; slow on big tenants.
        lock_after, lock_seconds: the brute-force lock of local accounts.

    Attributes:
        faults: those in force, in order; `fault()` appends.
        log: the last 100,000 requests, oldest first.
        most_at_once: the highest number of requests that were under way together.
    """

    def __init__(
        self,
        tenant: Tenant,
        *,
        now: Callable[[], float],
        outages: Iterable[Outage] = (),
        accounts: Mapping[str, Account] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        switches: Switches | None = None,
        figures: Figures | None = None,
        lock_after: int = 5,
        lock_seconds: float = 900.0,
    ) -> None:
        self.switches = switches or Switches()
        self.figures = figures
        self.doorkeeper = Doorkeeper(
            {USER: Account(PASSWORD)} if accounts is None else accounts,
            lock_after=lock_after,
            lock_seconds=lock_seconds,
        )
        self.faults: list[Fault] = []
        self.log: deque[Logged] = deque(maxlen=_LOG_LENGTH)
        self.most_at_once = 0
        self._at_once = 0
        self._now = now
        self._world = World(tenant, tuple(outages))
        self._scripts = Scripts()
        self._host, self._port, self._tls = host, port, tls
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._closing = asyncio.Event()
        self._arrival = asyncio.Event()

    # ---- life

    @property
    def url(self) -> str:
        """Where it listens, for instance `http://127.0.0.1:40123`; known once started."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self._port}"

    @property
    def port(self) -> int:
        """The port it listens on; 0 before the first start if none was given."""
        return self._port

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        self._closing = asyncio.Event()
        app = web.Application(middlewares=[self._counted])
        for path in (DATA, SERVICES, ENGINES):
            app.router.add_get(path, self._answered)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await self._runner.setup()
        await self.listen()

    async def stop(self) -> None:
        """Let go of hanging requests, close all connections, free the port."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = self._site = None

    async def refuse(self) -> None:
        """Stop listening: connections are refused until `listen()`."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        if self._runner is not None and self._runner.server is not None:
            for connection in self._runner.server.connections:
                connection.force_close()

    async def listen(self) -> None:
        """Listen again on the same port, after `refuse()`."""
        assert self._runner is not None, "start the Portal first"
        if self._site is None:
            self._site = web.TCPSite(self._runner, self._host, self._port, ssl_context=self._tls)
            await self._site.start()
            self._port = int(self._runner.addresses[0][1])

    async def arrived(self, count: int) -> None:
        """Wait until that many requests have come in since the start, answered or not."""
        while len(self.log) < count:
            await self._arrival.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # ---- the world

    @property
    def tenant(self) -> Tenant:
        """What it monitors; assign a changed one at any time."""
        return self._world.tenant

    @tenant.setter
    def tenant(self, tenant: Tenant) -> None:
        self._world = World(tenant, self._world.outages)

    @property
    def outages(self) -> tuple[Outage, ...]:
        """What is wrong, and when; assign others at any time."""
        return self._world.outages

    @outages.setter
    def outages(self, outages: Iterable[Outage]) -> None:
        self._world.outages = tuple(outages)

    def rename(self, path: Path, new_name: str, *, hierarchy: str | None = None) -> None:
        """Call a node otherwise; its figures and outages go on.

        Raises:
            ValueError: no such node, or the name is taken.
        """
        name = self.tenant.hierarchy(hierarchy)
        tenant = self.tenant.renamed(path, new_name, hierarchy=hierarchy)
        depth, target = len(path), (*path[:-1], new_name)
        outages = tuple(
            replace(outage, node=target + outage.node[depth:])
            if outage.node[:depth] == path and self.tenant.hierarchy(outage.hierarchy) is name
            else outage
            for outage in self.outages
        )
        self._world = World(tenant, outages)

    def script(
        self,
        service: str,
        node: Sequence[str],
        metric: str,
        values: Sequence[object] | object,
        *,
        start: float | None = None,
        every: float = float(BUCKET),
    ) -> None:
        """Say what one metric of one node is, instead of the model.

        Args:
            service: name or UID.
            node: its names from the top; `()` is the whole hierarchy. A node's `all` row is the node itself.
            metric: canonical name; `status` follows from the scripted figures unless it is scripted itself.
            values: one per `every` seconds, the last one stays; a single value holds throughout. Numbers, text, None
                for a missing figure, `scripts.ABSENT` to leave the row out.
            start: Unix seconds of the first value; None is the Portal's present.
            every: seconds.
        """
        first = self._now() if start is None else start
        self._scripts.add(Script(service, tuple(node), metric, values_of(values), first, every))

    def clear_scripts(self) -> None:
        """Back to the model's figures."""
        self._scripts.clear()

    def fault(self, *faults: Fault) -> None:
        """Put faults in force; they act in order."""
        self.faults.extend(faults)

    def clear_faults(self) -> None:
        """All is well again."""
        self.faults.clear()

    # ---- requests

    @web.middleware
    async def _counted(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        entry = Logged(
            at=self._now(),
            method=request.method,
            path=request.path,
            query=tuple(request.query.items()),
            authorization_sent="Authorization" in request.headers,
        )
        self.log.append(entry)
        request[_ENTRY] = entry
        self._arrival.set()
        self._arrival = asyncio.Event()
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            response = await handler(request)
            entry.status = response.status
        except web.HTTPException as refusal:
            entry.status = refusal.status
            raise
        finally:
            self._at_once -= 1
        return response

    async def answer(self, path: str, query: Params, authorization: str | None) -> Answer:
        """What it answers to a GET, without any connection: for whoever carries requests in the same process.

        `query` are the parameters, decoded and in order. Faults of the connection do nothing here.
        """
        entry = Logged(
            at=self._now(), method="GET", path=path, query=query, authorization_sent=authorization is not None
        )
        self.log.append(entry)
        answer, _ = await self._decided(entry, f"{path}?{urlencode(query)}", authorization)
        entry.status = answer.status
        return answer

    async def _decided(self, entry: Logged, path_qs: str, authorization: str | None) -> tuple[Answer, list[Fault]]:
        """Faults at the door, feature switch, login, the answer and the faults of its body; and all faults that act."""
        faults = [fault for fault in tuple(self.faults) if fault.take(path_qs)]
        for fault in faults:
            if (instead := await fault.door(self._closing)) is not None:
                return _dated(instead, entry.at), []
        if not self.switches.feature_on and entry.path != ENGINES:
            return _dated(page(404, "404 Not Found", "The requested resource is not available."), entry.at), []
        _, account = self.doorkeeper.admit(authorization, entry.at)
        entry.auth_ok = account is not None
        if account is None:
            refusal = page(401, "401 Unauthorized", "This request requires HTTP authentication.")
            refusal.headers["WWW-Authenticate"] = 'Basic realm="Nexthink Portal", charset="UTF-8"'
            return _dated(refusal, entry.at), []
        answer = _dated(self._page_of(entry, account, faults), entry.at)
        for fault in faults:
            answer = fault.body(answer, self.switches.layout())
        return answer, faults

    def _page_of(self, entry: Logged, account: Account, faults: list[Fault]) -> Answer:
        if entry.path == SERVICES:
            return discovery_page(self.tenant, account)
        if entry.path == ENGINES:
            return _engines_page(self.tenant.engines)
        return self._table_answer(entry, account, faults)

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        """The answer, and the faults of the connection."""
        answer, faults = await self._decided(request[_ENTRY], request.path_qs, request.headers.get("Authorization"))
        for fault in faults:
            with contextlib.suppress(ConnectionError):
                if (sent := await fault.send(request, answer)) is not None:
                    return sent
        return _response(answer)

    def _table_answer(self, entry: Logged, account: Account, faults: list[Fault]) -> Answer:
        try:
            ask = self._ask(entry, account)
        except QueryError as refusal:
            return page(refusal.status, f"{refusal.status} error", refusal.reason)
        table = self._table(ask, account, entry.at)
        for fault in faults:
            table = fault.table(table)
        return written(table, ask.format, self.switches.layout())

    def _ask(self, entry: Logged, account: Account) -> Ask:
        ask = asked(
            {name: entry.values(name) for name, _ in entry.query},
            self.tenant,
            account,
            path_style=self.switches.path_style,
            unknown_status=self.switches.unknown_status,
        )
        if not ask.service.enabled and self.switches.disabled == "unknown":
            raise QueryError(self.switches.unknown_status, "unknown service")
        return ask

    def _table(self, ask: Ask, account: Account, at: float) -> Table:
        switches = self.switches
        view = View(
            visible=account.entities(self.tenant),
            top=account.top(ask.hierarchy, self.tenant),
            global_row=switches.global_row,
            entity_row_is_all=switches.entity_row == "all",
            empty_is_null=switches.empty_is_null,
        )
        shown = at if switches.frozen_at is None else switches.frozen_at
        return table_of(ask, self._world, shown, view=view, scripts=self._scripts, override=self.figures)


def _engines_page(count: int) -> Answer:
    engines = [
        {"name": f"engine{n}", "address": f"engine{n}.example.com", "status": "CONNECTED"} for n in range(1, count + 1)
    ]
    return Answer(200, "application/json; charset=utf-8", json.dumps(engines).encode())


def _dated(answer: Answer, at: float) -> Answer:
    """With the Portal's own time, which need not be the machine's."""
    answer.headers["Date"] = formatdate(at, usegmt=True)
    return answer


def _response(answer: Answer) -> web.Response:
    return web.Response(
        status=answer.status, body=answer.body, headers={**answer.headers, "Content-Type": answer.content_type}
    )
