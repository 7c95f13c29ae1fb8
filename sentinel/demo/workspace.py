"""A simulated Slack workspace: a real HTTP server on the loopback that judges as Slack does and keeps the truth.

The demonstration posts to it and the tests of delivery ask it what was really accepted. All time comes from `now()`.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Self

from sentinel.demo.workspace_faults import Fault, FaultPlan, Injection
from sentinel.demo.workspace_methods import Methods
from sentinel.demo.workspace_server import WEBHOOK_SECRET, Reply, WorkspaceServer
from sentinel.demo.workspace_settings import Settings
from sentinel.demo.workspace_truth import Call, Channel, Event, Message, Truth, Version, is_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from sentinel.demo.workspace_truth import Json


class Workspace:
    """A workspace with one bot, its channels and its webhooks. `async with Workspace(now=...)` serves it.

    Args:
        now: Unix seconds; the only clock.
        channels: names of public channels that the bot is a member of.
        settings: the switches; they may also be changed while it runs.
        team: the name of the workspace.
        bot: the name people see on the bot's messages.

    Channels are named by id, `name` or `#name` everywhere.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float],
        channels: Iterable[str] = ("workplace-alerts",),
        settings: Settings | None = None,
        team: str = "Sentinel demo",
        bot: str = "Sentinel",
    ) -> None:
        self.settings = settings or Settings()
        self._truth = Truth(now)
        self._faults = FaultPlan()
        self._called = asyncio.Event()
        methods = Methods(self._truth, self.settings, team=team, bot=bot)
        self._server = WorkspaceServer(self._truth, methods, self._faults, self._called.set)
        for name in channels:
            self.add_channel(name)

    async def start(self) -> None:
        """Listen; after a stop on the same port as before, with everything kept."""
        await self._server.start()

    async def stop(self) -> None:
        """Stop listening: connections are refused until the next start."""
        await self._server.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def api_url(self) -> str:
        """The base URL for a Web API client, with the slash at its end."""
        return f"http://127.0.0.1:{self._server.port}/api/"

    @property
    def token(self) -> str:
        """The bot token."""
        return self.settings.token

    def webhook_url(self, channel: str) -> str:
        """The incoming webhook of a channel."""
        hook = f"B{self.channel(channel).id}"
        return f"http://127.0.0.1:{self._server.port}/services/T0SENTINEL/{hook}/{WEBHOOK_SECRET}"

    def answer(self, method: str, arguments: Json) -> Reply:
        """What it answers to a call of the Web API, without any connection: for callers in the same process.

        Injected faults do nothing here.
        """
        return self._server.answer(method, self.token, arguments)

    # What is true

    @property
    def events(self) -> list[Event]:
        """Everything that happened to messages, in order."""
        return list(self._truth.events)

    def channel(self, name: str) -> Channel:
        """The channel; set its `member`, `archived` or `private` to change it.

        Raises:
            KeyError: there is none.
        """
        return self._truth.channel(name)

    def message(self, channel: str, ts: str) -> Message:
        """The message at `ts`, also when it was deleted since.

        Raises:
            KeyError: there is none.
        """
        return self._truth.message(channel, ts)

    def messages(self, channel: str) -> list[Message]:
        """Every message of the channel that stands, roots and answers, oldest first; no lag applies."""
        return list(self._truth.standing(self.channel(channel).id))

    def roots(self, channel: str) -> list[Message]:
        """The messages of the channel itself, oldest first."""
        return [one for one in self.messages(channel) if is_root(one)]

    def thread(self, channel: str, ts: str) -> list[Message]:
        """The answers to the root at `ts`, oldest first, without the root; they stand also when it was deleted."""
        return [one for one in self.messages(channel) if one.thread_ts == ts and not is_root(one)]

    def calls(self, method: str | None = None) -> list[Call]:
        """The requests received, in order, of all methods or one; webhooks are the method `webhook`."""
        return [call for call in self._truth.calls if method is None or call.method == method]

    async def until(self, condition: Callable[[], bool], *, within: float = 10.0) -> None:
        """Wait until `condition()` holds after some request; for use in the loop that serves the workspace.

        Raises:
            TimeoutError: it did not hold within so many seconds.
        """
        async with asyncio.timeout(within):
            while not condition():
                self._called.clear()
                await self._called.wait()

    # What people do

    def add_channel(self, name: str, *, private: bool = False, member: bool = True) -> Channel:
        """Open a channel; `member` says whether the bot is invited."""
        return self._truth.add_channel(name, private=private, member=member)

    def say(self, channel: str, text: str, *, author: str = "ana", thread_ts: str | None = None) -> Message:
        """A person writes a message."""
        return self._truth.post(
            Message(
                channel=self.channel(channel).id,
                ts=self._truth.next_ts(),
                user=f"U0{author.upper()}",
                author=author,
                versions=[Version(at=self._truth.now(), text=text)],
                thread_ts=thread_ts,
            )
        )

    def delete(self, channel: str, ts: str) -> None:
        """A person deletes a message; its answers stay.

        Raises:
            KeyError: there is no such message.
        """
        self._truth.delete(self.message(channel, ts))

    # What goes wrong

    def inject(
        self, method: str, fault: Fault, *, times: int | None = 1, after: int = 0, channel: str | None = None
    ) -> Injection:
        """Let calls fail. Build faults with the functions of `workspace_faults`.

        Args:
            method: `chat.postMessage` and so on, `webhook`, or `*` for every one.
            fault: what happens instead of the right answer.
            times: how many calls fail; None until `clear_faults`.
            after: so many fitting calls go through first.
            channel: only calls that name this channel.
        """
        only = self.channel(channel).id if channel is not None else None
        return self._faults.add(Injection(method=method, fault=fault, times=times, after=after, channel=only))

    def clear_faults(self) -> None:
        """Everything works again; settings stay as they are."""
        self._faults.clear()


@contextmanager
def in_thread(workspace: Workspace) -> Iterator[Workspace]:
    """Serve a workspace from a daemon thread with a loop of its own, for code that has none."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="workspace", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(workspace.start(), loop).result(timeout=10)
        yield workspace
    finally:
        asyncio.run_coroutine_threadsafe(workspace.stop(), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()
