"""Settings to sources: the one place that knows which kinds of source there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sentinel.clock import Clock
from sentinel.collect.nexthink import NexthinkSource
from sentinel.collect.settings import NexthinkSettings
from sentinel.collect.source import Source


def source_of(settings: NexthinkSettings, clock: Clock) -> NexthinkSource:
    """The source that these settings describe.

    Raises:
        ValueError: its certificates cannot be read.
    """
    return NexthinkSource(settings, clock)


def sources_of(
    all_settings: Iterable[NexthinkSettings], clock: Clock, present: Mapping[str, Source] | None = None
) -> dict[str, Source]:
    """All sources by name; one in `present` that is asked in the very same way is kept, with what it has learnt.

    Raises:
        ValueError: as `source_of`, or two have one name.
    """
    sources: dict[str, Source] = {}
    for settings in all_settings:
        if settings.name in sources:
            raise ValueError(f"two sources are called {settings.name!r}")
        kept = (present or {}).get(settings.name)
        same = isinstance(kept, NexthinkSource) and kept.settings == settings
        sources[settings.name] = kept if kept is not None and same else source_of(settings, clock)
    return sources
