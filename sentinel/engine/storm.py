"""What is told together: which lanes become one message. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sentinel.deliver.digest_wording import Step
from sentinel.domain.notices import NoticeKind
from sentinel.engine.pacing import Weather
from sentinel.store.due import Due
from sentinel.store.notices import Lane

STRAINED_AFTER = 5
"""After a channel has put a notice off, more waiting new messages than this become one."""

MOST = 1000
"""Lanes in one message; what is beyond goes along with the next."""

_LOUD = frozenset({NoticeKind.ESCALATED, NoticeKind.REOPENED, NoticeKind.FLAPPING})


@dataclass(frozen=True, slots=True)
class Together:
    """Lanes that are told as one. `bundle` is the key under which they were offered before, None for the first time.

    `digest`: the digest in whose thread they are told; None makes a new one.
    """

    lanes: tuple[Lane, ...]
    bundle: str | None
    digest: str | None


Task = Lane | Together


def plan(due: Sequence[Due], weather: Weather, storm_after: int) -> list[Task]:
    """What to tell one channel, in the order of the oldest notice of each; `due` is in that order.

    What was offered together goes together again. Steps of the incidents of one digest are one line of its thread.
    Incidents that the channel has not heard of become a digest when they are too many for one minute, and join the
    digest of that minute when there is one.
    """
    new = sum(_is_new(one) for one in due)
    stormy = weather.digest is not None or weather.roots + new > storm_after
    stormy |= weather.strained and new > STRAINED_AFTER
    groups: dict[tuple[str, str], list[Due]] = {}
    for one in due:
        groups.setdefault(_group(one, stormy=stormy), []).append(one)
    if any(kind == "again" and digest_of(key) is None for kind, key in groups):
        groups.pop(("new", ""), None)  # they join the digest that is offered again, once it is there
    return [_task(kind, key, together[:MOST], weather) for (kind, key), together in groups.items()]


def digest_of(bundle: str) -> str | None:
    """The digest under which the bundle was offered; None where it is a digest itself."""
    digest, slash, _ = bundle.partition("/")
    return digest if slash else None


def key_of(notices: Iterable[str], digest: str | None) -> str:
    """The key of a bundle, which follows from the notices that it was first made of."""
    material = "\n".join(sorted(notices)).encode("utf-8", "surrogatepass")
    short = hashlib.blake2b(material, digest_size=12).hexdigest()
    return f"{digest}/{short}" if digest is not None else f"digest-{short}"


def is_quiet(steps: Sequence[Step], weather: Weather, *, over: bool, storm_after: int) -> bool:
    """Whether a line of a digest's thread is for those who follow it, and not for the whole channel.

    All hear of what has become worse, of incidents that join while the minute has room for another message, and of
    the end of the last one.
    """
    if over or any(step.kind in _LOUD and not step.quiet for step in steps if step.told):
        return False
    return weather.roots >= storm_after or all(step.told for step in steps)


def _is_new(one: Due) -> bool:
    """Whether it would be a new message that may as well be part of another one.

    A mail that was offered before may have reached some of its recipients: it goes again as it was.
    """
    free = not (one.told or one.test or one.report or one.is_open or one.bundle)
    return free and not (one.lane.address.kind == "email" and one.attempts > 0)


def _group(one: Due, *, stormy: bool) -> tuple[str, str]:
    alone = ("alone", str(one.id))
    if one.bundle is not None:
        return ("again", one.bundle)
    if one.is_open:
        return alone
    if one.digest is not None:
        return ("below", one.digest)
    return ("new", "") if stormy and _is_new(one) else alone


def _task(kind: str, key: str, due: Sequence[Due], weather: Weather) -> Task:
    lanes = tuple(one.lane for one in due)
    match kind:
        case "again":
            return Together(lanes, key, digest_of(key))
        case "below":
            return Together(lanes, None, key)
        case "new":
            return Together(lanes, None, weather.digest)
        case _:
            return lanes[0]
