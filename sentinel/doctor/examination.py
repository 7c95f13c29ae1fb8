"""Everything looked at, all outside things at once, each group within its time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sentinel.clock import Clock
from sentinel.collect import examination as portals
from sentinel.config.definitions import Loaded, SourceConfig
from sentinel.config.naming import source_variable, variable_part
from sentinel.config.settings import Settings
from sentinel.doctor import channels, clocks, door, room
from sentinel.doctor.configuration import Configured, read
from sentinel.doctor.groups import Group, Look
from sentinel.domain.asking import needed
from sentinel.domain.reading import Query
from sentinel.domain.rules import Service
from sentinel.errors import ConfigError, NotFound, SourceError, StoreError
from sentinel.fetch_reach import in_its_own_thread
from sentinel.findings import Findings
from sentinel.store import examination as databases
from sentinel.wiring import source_settings

WITHIN = 10.0
"""Seconds for one group; they run side by side."""

_LEAST_SECRET = 6
"""Characters of a secret that are looked for in what is shown; a shorter one is part of ordinary words."""

_ENVIRONMENT_FIRST = "the environment comes first"


class Examination:
    """One look at an installation.

    Args:
        environ: the environment.
        rules: the rules file, if not the environment's.
        clock: this machine's.
        only: words for the groups that are wanted, see `Group.is_called`; all of them without any.
    """

    def __init__(
        self, environ: Mapping[str, str], rules: Path | None, clock: Clock, *, only: Sequence[str] = ()
    ) -> None:
        self._environ = environ
        self._rules = rules
        self._clock = clock
        self._only = only
        self._ahead: dict[str, float | None] = {}

    async def run(self) -> list[Group]:
        """The wanted groups, in the order in which one would mend them.

        Raises:
            NotFound: nothing is called by one of the words.
        """
        first = Group("configuration", findings=Findings(ConfigError.exit_code))
        configured = read(self._environ, self._rules, first.findings)
        time = Group("clock")
        outside = list(self._outside(configured))
        groups = [first, self._database(configured), time, *outside, *_door(configured)]
        wanted = self._wanted(groups)
        compared = [one for one in groups if time in wanted and one.kind in ("database", "source")]
        await asyncio.gather(*(_in_time(one) for one in groups if one in wanted or one in compared))
        clocks.note(self._clock.now(), self._ahead, time.findings)
        return [_without_secrets(group, configured.settings) for group in wanted]

    def _wanted(self, groups: Sequence[Group]) -> list[Group]:
        for word in self._only:
            if not any(group.is_called(word) for group in groups):
                words = dict.fromkeys(group.name or group.kind for group in groups)
                raise NotFound(f"there is nothing called {word!r} here", hint=f"there are: {', '.join(words)}")
        return [one for one in groups if not self._only or any(one.is_called(word) for word in self._only)]

    def _database(self, configured: Configured) -> Group:
        settings, loaded = configured.settings, configured.loaded
        group = Group("database", findings=Findings(StoreError.exit_code))
        if settings is None:
            group.findings.skipped("address", _ENVIRONMENT_FIRST)
            return group
        url = settings.database_url.get_secret_value()
        digest = None if loaded is None else loaded.digest

        async def look(found: Findings) -> None:
            seen = await in_its_own_thread(
                lambda: databases.examine(url, digest, self._clock.now, found, room=room.note)
            )
            if seen.ahead is not None:
                self._ahead["database"] = seen.ahead

        group.look = look
        return group

    def _outside(self, configured: Configured) -> Iterator[Group]:
        """Sources and channels, as far as the configuration lets us."""
        settings, loaded = configured.settings, configured.loaded
        if settings is None or loaded is None:
            why = _ENVIRONMENT_FIRST if settings is None else "the rules file comes first"
            yield from (_left_out("source", why), _left_out("channels", why))
            return
        for one in loaded.sources:
            found = Findings(SourceError.exit_code)
            yield Group("source", one.name, found, self._source(settings, loaded, one))
        if configured.protected:
            yield from channels.groups_of(settings, loaded, self._clock)
        else:
            yield _left_out("channels", f"{_ENVIRONMENT_FIRST}: credentials would travel in the clear")

    def _source(self, settings: Settings, loaded: Loaded, source: SourceConfig) -> Look:
        rules = [rule for rule in loaded.rulebook.rules if rule.source == source.name]
        variables = (source_variable(source.name, "USERNAME"), source_variable(source.name, "PASSWORD"))
        given = variable_part(source.name) in settings.source_urls
        setting = source_variable(source.name, "URL") if given else f"url of the source {source.name}"

        def queries(services: Iterable[Service]) -> Sequence[Query]:
            asked = needed(loaded.rulebook, services)
            return [one.query for one in asked if one.query.source == source.name]

        async def look(found: Findings) -> None:
            try:
                wanted = source_settings(settings, loaded, source)
            except ValueError as wrong:
                mend = "correct it in the rules file, or in the environment"
                found.failed("address", str(wrong), mend, code=ConfigError.exit_code)
                return
            self._ahead[source.name] = None
            self._ahead[source.name] = await portals.examine(
                wanted, rules, queries, self._clock, found, setting=setting, variables=variables
            )

        return look


def _left_out(kind: str, why: str) -> Group:
    group = Group(kind)
    group.findings.skipped("all", why)
    return group


def _door(configured: Configured) -> list[Group]:
    settings = configured.settings
    if settings is None:
        return []
    return [Group("http", look=lambda found: door.examine(settings.bind(), settings.tokens(), found))]


async def _in_time(group: Group) -> None:
    if group.look is None:
        return
    found = group.findings
    try:
        async with asyncio.timeout(WITHIN):
            await group.look(found)
    except TimeoutError:
        group.findings = Findings(found.code)
        group.findings.extend(found)  # what is still under way must not write into what is shown
        text = f"not everything could be looked at within {WITHIN:g} s"
        group.findings.failed("time", text, "what comes after the last line above is slow or silent; try again")
    except Exception as error:  # noqa: BLE001  # a defect in one look must not hide what the others found
        text = f"looking came to an unexpected end: {type(error).__name__}"
        found.failed("defect", text, "this is a mistake in Sentinel: report it with the lines above")


def _without_secrets(group: Group, settings: Settings | None) -> Group:
    """The last door: whatever an outside thing may have echoed, no credential is shown."""
    secrets = [one for one in (settings.secrets() if settings is not None else ()) if len(one) >= _LEAST_SECRET]

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        return text

    group.findings[:] = [replace(one, text=clean(one.text), mend=clean(one.mend)) for one in group.findings]
    return group
