"""The composition root: settings and rules in, a wired instance out. Everything is built once, here."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TextIO

import structlog

from sentinel.api.gate import Gate
from sentinel.api.health import health_app
from sentinel.api.serve import Door
from sentinel.api.tokens import Tokens
from sentinel.clock import Clock, SystemClock
from sentinel.collect.source import Source
from sentinel.config.loader import Loaded
from sentinel.config.needs import check_door
from sentinel.config.settings import Settings
from sentinel.deliver.registry import Channels
from sentinel.domain.records import Plan
from sentinel.engine.dispatch import Dispatcher
from sentinel.engine.health import Health
from sentinel.engine.instance import Instance
from sentinel.engine.journal import hide
from sentinel.engine.monitoring import Monitoring
from sentinel.engine.offload import offload
from sentinel.engine.outside import endpoints_of
from sentinel.engine.parts import Parts
from sentinel.engine.samples import sample_story
from sentinel.engine.tick import Ticker
from sentinel.errors import AlreadyRunning, ConfigError, Problem
from sentinel.reloading import RELOAD_RULE, RULES_FILE, Reloader, Reread, symptom_of
from sentinel.reporting import reports_of
from sentinel.store import lease, outbox
from sentinel.store.database import Database
from sentinel.store.housekeeping import Retention
from sentinel.store.schema import bring_up
from sentinel.wiring import (
    delivery_settings,
    finder,
    load_all,
    patience,
    say_warnings,
    secrets_of,
    source_settings,
    sources_for,
)

__all__ = ["App", "deliver_pending", "delivery_settings", "load_all", "source_settings"]

log = structlog.get_logger("sentinel.app")

DAY = 86400.0


class App:
    """A Sentinel with all its parts.

    Args:
        settings: the environment.
        loaded: the rules file.
        clock: the machine's unless it is a demonstration or a test.
        speed: how many seconds of `clock` pass in one of the machine's.
        stream: where the console channel prints.
        reread: reads environment and rules file anew, for when the file changes; without it the rules stay as given.

    Raises:
        ConfigError: a source's settings do not fit.
        StoreError: the database cannot be used, or is newer than this program.
        AlreadyRunning: another instance uses the SQLite file.
    """

    def __init__(
        self,
        settings: Settings,
        loaded: Loaded,
        *,
        clock: Clock | None = None,
        speed: float = 1.0,
        stream: TextIO | None = None,
        reread: Reread | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.settings, self.loaded = settings, loaded
        self._stream = stream
        self.channels = Channels(delivery_settings(settings, loaded), stream=stream)
        parts = self._parts(settings, loaded, self.channels, {})
        url = settings.database_url.get_secret_value()
        bring_up(url)
        self.db = Database.open(url)
        try:
            self.db.claim()
        except BaseException:
            self.db.close()
            raise
        ticker = Ticker(self.db, loaded.rulebook, self.clock)
        self.instance = Instance(
            db=self.db,
            clock=self.clock,
            rulebook=parts.rulebook,
            sources=parts.sources,
            ticker=ticker,
            dispatcher=Dispatcher(self.db, parts.channels, self.clock, parts.patience, samples=sample_story),
            holder=_holder(),
            rules_hash=parts.rules_hash,
            retention=Retention(
                readings=settings.retention_days * DAY, incidents=settings.incident_retention_days * DAY
            ),
            speed=speed,
            lease_seconds=settings.lease_seconds,
            close_channels=parts.close_channels,
        )
        self.reloader = None if reread is None else Reloader(Path(loaded.file), loaded.digest, reread, self._adopt)
        self.health = Health(
            self.db, self.clock, ticker, lambda: self.instance.asked, lambda: self.instance.role, self.clock.now()
        )
        # A demonstration's clock is not the one by which Sentinel's own troubles are measured.
        self.monitoring = self._monitoring(settings) if speed == 1.0 else None
        self.reports = reports_of(self.instance, lambda: self.loaded)
        self.instance.while_leading = (*self.instance.while_leading, self.reports.run)
        self.instance.after_telling = self._look_once
        if self.monitoring is not None:
            self.instance.while_leading = (*self.monitoring.while_leading, *self.instance.while_leading)
            self.health.more, self.health.measure = self.monitoring.checks, self.monitoring.measure
        if self.monitoring is not None and self.reloader is not None:
            watch = self.monitoring.watch
            self.reloader.on_refused = lambda refused: watch.raise_symptom(symptom_of(refused))
            self.reloader.on_accepted = lambda: watch.end(RELOAD_RULE, RULES_FILE)
        self.health.difference = lambda: self.instance.tenure.difference
        self.health.refused = lambda: self.reloader.refused if self.reloader else ""
        self.gate: Gate | None = None
        self.door = self._door(settings)

    async def run(self) -> None:
        """Serve and work until `stop`.

        Raises:
            ConfigError: the HTTP address cannot be listened on.
            RulesDiffer: another instance leads by other rules.
        """
        following = asyncio.create_task(self.reloader.run(), name="rules file") if self.reloader else None
        try:
            if self.door is not None:
                await self._listen(self.door)
            async with self.monitoring.around(lambda: self.health.stopping) if self.monitoring else nullcontext():
                await self.instance.run()
        finally:
            if following is not None:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
            await self.close()

    async def once(self) -> list[Plan | None]:
        """Each query once, then the outbox: for cron."""
        try:
            return await self.instance.once()
        finally:
            await self.close()

    async def undelivered(self) -> int:
        """How many notices are still to be told."""
        depth = await offload(lambda: outbox.depth(self.db, self.clock.now()))
        return depth.waiting + depth.unclear

    def reload(self) -> None:
        """Read the rules file and the secrets in files now; what cannot be used leaves everything as it is."""
        if self.reloader is not None:
            self.reloader.ask()

    def stop(self) -> None:
        """End `run` within ten seconds."""
        self.health.stopping = True
        self.instance.stop()

    async def close(self) -> None:
        """Let go of everything."""
        if self.door is not None:
            await self.door.stop()
        if self.monitoring is not None:
            await self.monitoring.stop()
        await self.instance.close()
        self.db.close()

    async def _look_once(self) -> None:
        """What a single pass looks at when all is told: itself, and reports that are due."""
        if self.monitoring is not None:
            await self.monitoring.look_once()
        await self.reports.look()

    async def _listen(self, door: Door) -> None:
        try:
            await door.start()
        except OSError as taken:
            message = f"SENTINEL_HTTP_BIND {door.host}:{door.port} cannot be listened on: {taken.strerror}"
            hint = "choose another address, or off"
            raise ConfigError(
                (Problem(file="environment", line=0, column=0, code="E202", message=message, hint=hint),)
            ) from taken
        log.info("serving", address=f"http://{door.host}:{door.port}")

    def _door(self, settings: Settings) -> Door | None:
        bind = settings.bind()
        if bind is None:
            return None
        tokens, seconds = Tokens(settings.tokens()), self.clock.monotonic
        self.gate = Gate(health_app(self.health), tokens=tokens, seconds=seconds, host=bind[0])
        return Door(self.gate, *bind)

    def _monitoring(self, settings: Settings) -> Monitoring:
        return Monitoring(
            self.instance,
            self.clock,
            settings,
            endpoints=lambda: endpoints_of(self.settings, self.loaded, delivery_settings(self.settings, self.loaded)),
            test_token=lambda: self.channels.token_answer(),  # noqa: PLW0108 - a reload makes other channels
        )

    async def _adopt(self, settings: Settings, loaded: Loaded) -> None:
        """Put these rules into force.

        Raises:
            ConfigError: a source's settings do not fit, or the HTTP door would stand open.
            StoreError: not yet; to be tried again.
        """
        if self.door is not None:
            check_door(settings)
        hide(secrets_of(settings, loaded))
        channels = Channels(delivery_settings(settings, loaded), stream=self._stream)
        parts = self._parts(settings, loaded, channels, self.instance.sources)
        try:
            await self.instance.adopt(parts)
        finally:
            for name, source in parts.sources.items():
                if self.instance.sources.get(name) is not source:
                    await source.close()
        self.settings, self.loaded, self.channels = settings, loaded, channels
        if self.gate is not None:
            self.gate.tokens = Tokens(settings.tokens())
        say_warnings(settings, loaded)

    def _parts(self, settings: Settings, loaded: Loaded, channels: Channels, present: Mapping[str, Source]) -> Parts:
        return Parts(
            rules_hash=loaded.digest,
            rulebook=loaded.rulebook,
            sources=sources_for(settings, loaded, self.clock, present),
            channels=finder(loaded, channels),
            close_channels=channels.close,
            patience=patience(loaded),
        )


async def deliver_pending(settings: Settings, loaded: Loaded, *, stream: TextIO | None = None) -> int:
    """Tell the test notices that wait in the outbox, without polling anything, while no instance runs.

    Nothing else is touched: a shell that lacks the service's credentials must not give up its notices.

    Returns how many lanes had something to tell.

    Raises:
        AlreadyRunning: an instance runs on this database; it tells by itself.
    """
    db = Database.open(settings.database_url.get_secret_value())
    channels = Channels(delivery_settings(settings, loaded), stream=stream)
    epoch: int | None = None
    try:
        db.claim()
        epoch = lease.acquire(db, _holder(), settings.lease_seconds, None)  # a test says nothing about the rules
        if epoch is None:
            raise AlreadyRunning(f"{lease.current(db).holder or 'another instance'} holds the lease")
        find = finder(loaded, channels)
        worker = Dispatcher(db, find, SystemClock(), patience(loaded), samples=sample_story)
        worker.epoch, worker.only_tests = (lambda: epoch), True
        return await worker.drain()
    finally:
        await channels.close()
        if epoch is not None:
            lease.release(db, epoch)
        db.close()


def _holder() -> str:
    """This process, as the lease names it: containers may share a host name and a process number."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
