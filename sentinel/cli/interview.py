"""The questions of `sentinel init`, and what the Portal says of the answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from sentinel.cli import screen
from sentinel.config.starter import EVERYTHING, SOURCE, Answers, problems_of
from sentinel.errors import ConfigError

if TYPE_CHECKING:
    from sentinel.collect.source import Offer
    from sentinel.domain.reading import Failure

_PATIENCE = 20.0
"""Seconds for the Portal's answer: somebody waits."""
_SHOWN = 30
"""Services that are shown for choosing; of more, names are typed."""


@dataclass(slots=True)
class Seen:
    """What came of asking the Portal. `offer` is None where it was not asked, or did not answer."""

    offer: Offer | None = None
    exit_code: int = 0
    remarks: list[str] = field(default_factory=list)

    @property
    def services(self) -> dict[str, str]:
        """Name -> identifier."""
        return {one.name: one.uid for one in self.offer.services} if self.offer else {}

    @property
    def hierarchies(self) -> dict[str, Sequence[str]]:
        """Name -> levels from the top."""
        return {one.name: one.levels for one in self.offer.hierarchies} if self.offer else {}


class Interview:
    """Asks for what is not `given` by options; `silent`: nobody can be asked."""

    def __init__(self, given: Mapping[str, Any], *, silent: bool, offline: bool) -> None:
        self._given = given
        self._silent = silent
        self._offline = offline
        zone = given["timezone"] or _zone()
        self._answers = Answers(url="https://portal.example.com", timezone=zone)  # an address until there is one

    def answers(self) -> tuple[Answers, Seen]:
        """Every answer, and what was seen of the Portal."""
        self._put("url", "Address of the Nexthink Portal", "", _address)
        self._refuse()
        seen = Seen(remarks=["The Portal was not asked."]) if self._offline else self._look()
        self._take("unsure", seen.offer is None)
        self._what(seen)
        self._whom()
        self._refuse()
        return self._answers, seen

    def _what(self, seen: Seen) -> None:
        found = list(seen.services)
        if found and not self._silent and not self._given["services"]:
            screen.say(f"The Portal has {len(found)} services:")
            for number, name in enumerate(found[:_SHOWN], 1):
                screen.say(f"  {number:>2}  {screen.one_line(name)}")
        self._put("services", "Services, by number or name, with commas; * for all", EVERYTHING, _chosen(found))
        self._take("uids", tuple(seen.services.items()))
        hierarchies = seen.hierarchies
        first = next(iter(hierarchies), self._answers.hierarchy)
        if len(hierarchies) > 1 or not hierarchies:
            self._put("hierarchy", f"Hierarchy{_of(list(hierarchies))}", first, str.strip)
        else:
            self._take("hierarchy", self._given["hierarchy"] or first)
        levels = list(hierarchies.get(self._answers.hierarchy, ()))
        self._put("level", f"Level{_of(levels)}", levels[-1] if levels else self._answers.level, str.strip)
        self._doubt(
            "service", [one for one in self._answers.services if "*" not in one and "?" not in one], found, seen
        )
        self._doubt("hierarchy", [self._answers.hierarchy], list(hierarchies), seen)
        self._doubt("level", [self._answers.level], levels, seen)

    def _whom(self) -> None:
        told = self._given["slack"] or self._given["email"]
        self._put("slack", "Slack channel, empty for none", "", _channel, needless=bool(told))
        self._put("email", "E-mail addresses, with commas, empty for none", "", _names, needless=bool(told))

    def _put(
        self, key: str, question: str, default: str, read: Callable[[str], Any], *, needless: bool = False
    ) -> None:
        """Take the answer of an option, else ask until it can be used; `needless`: another answer is enough."""
        given = self._given[key]
        if given:
            self._take(key, read(given) if isinstance(given, str) else tuple(given))
        elif not self._silent and not needless:
            self._ask(key, question, default, read)
        elif key == "url":
            raise click.UsageError("--url is needed where nobody can be asked")
        else:
            self._take(key, read(default))

    def _ask(self, key: str, question: str, default: str, read: Callable[[str], Any]) -> None:
        may_be_empty = not default and key != "url"
        while True:
            said = click.prompt(
                question, default="" if may_be_empty else default or None, show_default=bool(default), err=True
            )
            before = self._answers
            self._take(key, read(str(said)))
            wrong = problems_of(self._answers)
            if not wrong:
                return
            self._answers = before
            screen.complain(wrong[0].message, wrong[0].hint)

    def _take(self, key: str, value: Any) -> None:
        changed: dict[str, Any] = {key: value}
        self._answers = replace(self._answers, **changed)

    def _refuse(self) -> None:
        wrong = problems_of(self._answers)
        if wrong:
            raise ConfigError(tuple(replace(one, file="init", line=0, column=0) for one in wrong))

    def _look(self) -> Seen:
        """Ask the Portal what it has, with the credentials of the environment or, for once, typed in."""
        from sentinel.config.settings import Settings  # noqa: PLC0415  # not for --help

        user, secret = Settings.load().credentials(SOURCE)
        password = secret.get_secret_value()
        if not (user and password) and not self._silent:
            screen.say("To see what it has, Sentinel asks it now. User and password are used for that and not kept.")
            user = click.prompt("User, empty to go on without", default="", show_default=False, err=True)
            password = (
                click.prompt("Password", hide_input=True, default="", show_default=False, err=True) if user else ""
            )
        if not (user and password):
            return Seen(remarks=["The Portal was not asked: there are no user and password for it."])
        return self._asked(user, password)

    def _asked(self, user: str, password: str) -> Seen:
        import asyncio  # noqa: PLC0415  # not for --help

        from sentinel.cli import sources  # noqa: PLC0415  # as above
        from sentinel.domain.reading import Failure  # noqa: PLC0415  # as above

        found = asyncio.run(_discover(self._answers.url, user, password))
        if isinstance(found, Failure):
            sources.complain(SOURCE, found)
            remark = (
                "What the Portal has could not be looked up: hierarchy, level and services are as they usually are."
            )
            return Seen(exit_code=sources.exit_code([found]), remarks=[remark])
        return Seen(offer=found)

    @staticmethod
    def _doubt(what: str, chosen: Sequence[str], known: Sequence[str], seen: Seen) -> None:
        from sentinel.config.nearness import nearest_name  # noqa: PLC0415  # not for --help

        for name in chosen:
            if known and name not in known:
                near = nearest_name(name, known)
                meant = f"; did you mean {near!r}?" if near else f"; there are {', '.join(known[:10])}"
                seen.remarks.append(f"The Portal shows no {what} {name!r}{meant}")


async def _discover(url: str, user: str, password: str) -> Offer | Failure:
    from pydantic import SecretStr  # noqa: PLC0415  # not for --help

    from sentinel.clock import SystemClock  # noqa: PLC0415  # as above
    from sentinel.collect.registry import source_of  # noqa: PLC0415  # as above
    from sentinel.collect.settings import NexthinkSettings  # noqa: PLC0415  # as above

    settings = NexthinkSettings(name=SOURCE, url=url, username=user, password=SecretStr(password), timeout=_PATIENCE)
    portal = source_of(settings, SystemClock())
    try:
        return await portal.discover()
    finally:
        await portal.close()


def _address(text: str) -> str:
    """The address; https where it does not say how."""
    text = text.strip().rstrip("/")
    return text if "://" in text or not text else f"https://{text}"


def _channel(text: str) -> str:
    text = text.strip()
    return f"#{text}" if text and text[0] not in "#CG@" else text


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _chosen(found: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    """Services by their numbers in a list, or by name."""

    def read(text: str) -> tuple[str, ...]:
        named = [found[int(one) - 1] if one.isdigit() and 0 < int(one) <= len(found) else one for one in _names(text)]
        return tuple(dict.fromkeys(named)) or (EVERYTHING,)

    return read


def _of(known: Sequence[str]) -> str:
    return f" ({', '.join(map(screen.one_line, known))})" if known else ""


def _zone() -> str:
    """This machine's zone by its name, UTC where it has none."""
    link = Path("/etc/localtime")
    named = os.environ.get("TZ", "").removeprefix(":") or str(link.resolve()).partition("/zoneinfo/")[2]
    try:
        return ZoneInfo(named).key.removeprefix("Etc/")
    except (ValueError, KeyError, OSError):
        return "UTC"
