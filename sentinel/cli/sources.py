"""Sources as the commands that look at them open them: of the rules file, or one that is named on the spot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel.cli import screen
from sentinel.errors import ConfigError, CredentialsRefused, NotFound, Problem, SourceError

if TYPE_CHECKING:
    from sentinel.collect.nexthink import NexthinkSource
    from sentinel.collect.settings import NexthinkSettings
    from sentinel.domain.reading import Failure
    from sentinel.domain.rules import Rulebook

UNNAMED = "portal"
"""The source's name when only a URL is given; its credentials are those of SENTINEL_SOURCE_PORTAL_..."""


def chosen(rules: Path | None, names: tuple[str, ...], url: str | None) -> tuple[list[NexthinkSource], Rulebook | None]:
    """The sources to look at, with the rules when they come from a rules file.

    Raises:
        ConfigError: settings or rules cannot be used.
        NotFound: the rules have no source of that name.
    """
    from sentinel.clock import SystemClock  # noqa: PLC0415  # not for --help
    from sentinel.collect.registry import source_of  # noqa: PLC0415  # as above

    clock = SystemClock()
    if url is not None:
        with _worded("--url"):
            return [source_of(_on_the_spot(url, names[0] if names else UNNAMED), clock)], None
    from sentinel import wiring  # noqa: PLC0415  # as above

    settings, loaded = wiring.load_all(rules=rules)
    known = [source.name for source in loaded.sources]
    for name in names:
        if name not in known:
            raise NotFound(f"there is no source {name!r} in the rules", hint=f"there are: {', '.join(known)}")
    wanted = [one for one in loaded.sources if not names or one.name in names]
    with _worded(str(rules or settings.rules)):
        return [source_of(wiring.source_settings(settings, loaded, one), clock) for one in wanted], loaded.rulebook


def exit_code(failures: Iterable[Failure]) -> int:
    """5 when credentials were refused, 3 when anything else failed, else 0."""
    from sentinel.domain.reading import Reason  # noqa: PLC0415  # not for --help

    reasons = {failure.reason for failure in failures}
    if reasons & {Reason.UNAUTHORIZED, Reason.FORBIDDEN, Reason.PAUSED}:
        return CredentialsRefused.exit_code
    return SourceError.exit_code if reasons else 0


def failure_json(failure: Failure | None) -> dict[str, str | None] | None:
    """A failure as JSON; None for none."""
    if failure is None:
        return None
    return {"reason": failure.reason.value, "text": failure.text, "hint": failure.hint or None}


def complain(source: str, failure: Failure) -> None:
    """Say what went wrong with a source."""
    screen.complain(f"{source}: {failure.text}", failure.hint)


def _on_the_spot(url: str, name: str) -> NexthinkSettings:
    from sentinel.collect.settings import NexthinkSettings  # noqa: PLC0415  # not for --help
    from sentinel.config.settings import Settings  # noqa: PLC0415  # as above

    username, password = Settings.load().credentials(name)
    return NexthinkSettings(name=name, url=url, username=username, password=password)


@contextmanager
def _worded(place: str) -> Iterator[None]:
    """Settings that a source cannot live with are problems of the configuration."""
    try:
        yield
    except ValueError as wrong:
        raise ConfigError((Problem(file=place, line=0, column=0, code="E203", message=str(wrong)),)) from None
