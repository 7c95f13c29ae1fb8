"""What must hold after every run, whatever happened in it."""

from __future__ import annotations

from collections import Counter

from sentinel.domain.notices import NoticeKind
from sentinel.domain.records import Book
from sentinel.store.database import Database
from sentinel.store.memory import load
from tests.sim.world import World

ENDS = frozenset({NoticeKind.RECOVERED, NoticeKind.CLOSED})


def broken(world: World) -> list[str]:
    """Every invariant that the run broke, as a sentence."""
    incidents = {one.id: one for book in _books(world) for one in book.incidents.values()}
    found = [f"the channel was told of {i}, which nobody recorded" for i in world.roots if i not in incidents]
    accepted = Counter(one.key for one in world.posted)
    found += [f"{key} was accepted {times} times" for key, times in accepted.items() if times > 1]
    roots = Counter(one.incident for one in world.posted if one.root)
    for incident in incidents.values():
        told = [one for one in world.posted if one.incident == incident.id]
        if roots[incident.id] != 1:
            found.append(f"{incident.id} has {roots[incident.id]} root messages")
        if told and not told[0].root:
            found.append(f"{incident.id} begins with a {told[0].kind.value}")
        if world.roots.get(incident.id) is not incident.is_open:
            found.append(f"the message of {incident.id} does not show whether it is open")
        ends = [one for one in told if one.kind in ENDS]
        if len(ends) > incident.reopened + 1:
            found.append(f"{incident.id} was told ended {len(ends)} times")
        if not incident.is_open and not ends:
            found.append(f"nobody was told that {incident.id} ended")
    return found


def outcome(world: World) -> list[tuple[str, bool, bool]]:
    """What people know of services in the end: incidents by id, whether told, whether shown as open.

    The same with and without mishaps. Trouble with the source is left out: a process that starts again polls again,
    and two failed polls are trouble where one was none.
    """
    incidents = sorted(one.id for book in _books(world) for one in book.incidents.values() if one.service is not None)
    return [(one, one in world.roots, world.roots.get(one, False)) for one in incidents]


def _books(world: World) -> list[Book]:
    database = Database.open(world.url, thorough=False)
    try:
        return list(load(database).books.values())
    finally:
        database.close()
