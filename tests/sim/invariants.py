"""What must hold after every run, whatever happened in it. Each finding begins with the promise that it breaks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from itertools import pairwise

from sentinel.demo.workspace_truth import Message
from sentinel.domain.announce import TOLD_NOBODY
from sentinel.domain.people import OVER as OVER_ALREADY
from tests.sim.outside import Taken
from tests.sim.record import ENDS, OPENS, Lane, Record, Row
from tests.sim.story import LIMIT
from tests.sim.world import World

LATE = 55.0
"""Seconds between the last look at the lease and the arrival of a post, from which on another instance may have looked
for it in vain: the last look-up comes 60 s after the attempt. Nobody can promise anything for a process that sleeps
that long at that place; see docs/explanation/guarantee.md."""

WITHHELD, OVER = "flapping", "No longer flapping"
"""Why changes of what flaps are not told, and how the word begins that it flaps no more."""

NOT_BEFORE = "not told before"
"""In the word that makes up for what was muted."""

NOT_WHILE_FLAPPING = frozenset({"degraded", "deescalated", "narrowed", "reminder"})
"""What nobody is told while it flaps. Worse and wider than was ever told is, and that the figures are gone."""

OUSTED = 20.0
"""Seconds between the last look at the lease and the arrival of an edit, from which on another instance may lead and have
edited the message already: two thirds of the lease."""


def broken(world: World, record: Record) -> list[str]:
    """Every promise that the run broke, as sentences."""
    checks = (
        _settled,
        _nothing_lost,
        _silent_while_flapping,
        _muted_where_it_was_asked,
        _nothing_repeated,
        _in_order,
        _unknown_is_not_ok,
        _whole,
        _heads_are_true,
    )
    return [*(sentence for check in checks for sentence in check(world, record)), *world.people.broken()]


def _settled(world: World, record: Record) -> Iterator[str]:
    if not world.settled:
        waiting = [row for row in record.rows if row.state in ("waiting", "sending", "unclear")]
        yield f"P7: after a long quiet time {len(waiting)} notices wait or a message is not up to date"
    yield from (f"P5: {complaint}" for complaint in world.complaints)


def _nothing_lost(world: World, record: Record) -> Iterator[str]:
    """P1: what was decided to be told was taken by its channel, or stands in the list of abandoned notices."""
    taken = _keys(world)
    for row in record.rows:
        if row.state == "not_told" and row.reason != WITHHELD and not row.is_muted and not _nobodys(row, record.rows):
            yield f"P1: {row.key} is not told: {row.reason}"
    for lane in record.lanes:
        for batch in lane.batches:
            for place in _places(lane.place):
                if (place, _key_at(lane.place, batch[0])) not in taken and not _has_bounced(batch):
                    yield f"P1: {batch[0].key} is delivered by the record, and {place} never had it"
    decided = {(row.incident, row.place) for row in record.rows}
    for incident in record.incidents:
        for place in sorted(incident.audience):
            if (incident.id, place) not in decided:
                yield f"P1: {incident.id} concerns {place}, and no notice was decided for it"


def _nobodys(row: Row, rows: Iterable[Row]) -> bool:
    """Whether it is a note about what people have for over, or about what is over and nobody ever knew of."""
    if row.kind != "acknowledged" or row.reason not in (OVER_ALREADY, TOLD_NOBODY):
        return False
    before = [one for one in rows if one.incident == row.incident and one.step < row.step and one.kind in OPENS | ENDS]
    return max(before, key=lambda one: one.step).kind in ENDS


def _silent_while_flapping(world: World, record: Record) -> Iterator[str]:
    """P1: changes are withheld while an incident flaps, and at no other time."""
    del world
    steps: dict[str, dict[int, Row]] = {}
    for row in record.rows:
        steps.setdefault(row.incident, {}).setdefault(row.step, row)
    for incident, by_step in steps.items():
        yield from _silence(incident, [by_step[step] for step in sorted(by_step)])


def _muted_where_it_was_asked(world: World, record: Record) -> Iterator[str]:
    """P1: whatever is withheld as muted was decided while such a mute lasted, and all that lasts after it is told."""
    windows = [(f"maintenance: {one.name}", one.start, one.end) for one in world.story.rulebook.maintenance]
    one_clock = world.story.instances == 1
    for row in record.rows if one_clock else ():
        ends = [end for text, begin, end in (*record.mutes, *windows) if text in row.reason and begin - 1 <= row.at]
        lasted = any(row.at < end or _first_look(record, end) >= row.at for end in ends)
        if row.is_muted and not lasted and not _owed_nothing(record, row):
            yield f"P1: {row.key} is withheld at {row.at:.0f} by {row.reason}, which did not last then"
    told = {row.incident for row in record.rows if row.state != "not_told"}
    services = {one.id for one in record.incidents if not one.is_source}
    for text, begin, end in windows if one_clock else ():
        for row in record.rows if text == "maintenance: **" else ():
            said = row.state != "not_told" and row.kind not in ENDS and row.kind != "acknowledged"
            if said and row.incident in services and begin <= row.at < end:
                yield f"P1: {row.key} is told in the middle of {text}"
    for one in record.incidents:
        if one.is_open and one.id not in told:
            yield f"P1: {one.id} is open, nothing mutes it any more, and nobody was told"


def _owed_nothing(record: Record, row: Row) -> bool:
    """Whether a step of what flapped, good when its mute ended, was nobody's news.

    That is its end, what somebody did to it while nobody knew of it, or the return that is told at once.
    """
    known = [one for one in record.rows if one.incident == row.incident and one.state != "not_told"]
    if row.kind in (*ENDS, "acknowledged"):
        return all(one.step > row.step for one in known)
    return any(one.at == row.at and one.step > row.step for one in known)


def _begins(row: Row) -> bool:
    """Whether it is the word that it flaps; of one that nobody knew, the opening says so."""
    return (row.kind == "flapping" or "Flapping, " in row.line) and OVER not in row.line


def _first_look(record: Record, end: float) -> float:
    """When figures were seen for the first time after a mute had ended."""
    return next((at for at in record.looks if at >= end), math.inf)


def _silence(incident: str, rows: list[Row]) -> Iterator[str]:
    """The same of one incident; `rows` has one for each step, in order."""
    flaps = False
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        begins, next_begins = _begins(row), following is not None and _begins(following)
        withheld = row.state == "not_told" and not row.is_muted and not _nobodys(row, rows)
        if withheld and not flaps and not next_begins:
            yield f"P1: {incident} is said not to flap, and {row.key} is withheld"
        late = NOT_BEFORE in row.line
        if row.state != "not_told" and flaps and not late and (begins or row.kind in NOT_WHILE_FLAPPING):
            yield f"P1: {incident} flaps, and {row.key} is told"
        if (row.state != "not_told" or row.is_muted) and (row.kind in ENDS or OVER in row.line):
            flaps = False
        flaps |= begins


def _nothing_repeated(world: World, record: Record) -> Iterator[str]:
    """P2: once per key; more often only where nobody could know, and on channels of class B marked."""
    known = {
        (place, _named(row.place, key))
        for row in record.rows
        for place in _places(row.place)
        for key in (row.key, row.own_key)
    }
    by_key: dict[tuple[str, str], list[Taken]] = {}
    for one in world.taken:
        if one.kind != "edit":
            by_key.setdefault((one.place, one.key), []).append(one)
    for (place, key), sent in by_key.items():
        if (place, key) not in known:
            yield f"P2: {place} was told {key}, which nobody decided"
        extras = len(sent) - 1
        if extras > (_excused_slack(sent) if place.startswith("slack:") else _excused(world, sent)):
            yield f"P2: {place} took {key} {len(sent)} times"
        if place.startswith("webhook:") and sum(not one.marked and one.held < LATE for one in sent) > 1:
            yield f"P2: {place} took {key} again without a word that it may repeat"


def _excused(world: World, sent: list[Taken]) -> int:
    """How many were taken without the sender knowing: the answer was lost, or it was hindered before it recorded it."""

    def hindered(since: float, until: float) -> bool:
        return any(since <= at <= until for at in world.mishaps)

    return sum(
        not one.sure or hindered(min(one.at - one.held, again.at - again.held) - 1, again.at)
        for one, again in pairwise(sent)
    )


def _excused_slack(sent: list[Taken]) -> int:
    """A post that woke up too late to be found; or look-ups were refused for longer than is waited, and it says so."""
    return sum(one.held >= LATE for one in sent) + sum(one.marked for one in sent[1:])


def _in_order(world: World, record: Record) -> Iterator[str]:
    """P3: steps in order; an opening before everything else; exactly one close for each opening."""
    firsts = _first_times(world)
    truly_open = {one.id: one.is_open for one in record.incidents}
    for lane in record.lanes:
        if lane.is_nobody:
            continue
        batches = lane.batches
        steps = [row.step for batch in batches for row in batch]
        if steps != sorted(steps):
            yield f"P3: {lane.place} was told the steps {steps} of {lane.incident}"
        times = [
            firsts.get((place, _key_at(lane.place, batch[0]))) for batch in batches for place in _places(lane.place)[:1]
        ]
        if (known := [at for at in times if at is not None]) != sorted(known):
            yield f"P3: {lane.place} was told of {lane.incident} in another order than it happened"
        is_open = yield from _alternates(lane)
        if is_open != truly_open[lane.incident]:
            yield f"P3: {lane.place} has {lane.incident} for {'open' if is_open else 'over'} in the end, and it is not"


def _alternates(lane: Lane) -> Generator[str, None, bool]:
    """Opened, closed, opened again, closed: told or given up, in this order, nothing twice; whether it is open then.

    That it flaps, or does so no more, neither opens nor closes.
    """
    is_open = False
    rows = [row for row in lane.rows if row.state != "not_told"]
    for row in rows:
        if row.kind == "flapping":
            if row is rows[0]:
                yield f"P3: {lane.place} hears first of {lane.incident} that it flaps"
        elif row.kind in ENDS:
            if not is_open:
                yield f"P3: {lane.place} gets a {row.kind} of {lane.incident} that it has not open"
            is_open = False
        elif row.kind in OPENS:
            if is_open and row.kind == "reopened":
                yield f"P3: {lane.place} gets {lane.incident} reopened while it is open"
            is_open = True
        elif not is_open:
            if row is rows[0]:
                is_open = True  # routed there only now
            else:
                yield f"P3: {lane.place} gets a {row.kind} of {lane.incident} after its end"
    return is_open


def _unknown_is_not_ok(world: World, record: Record) -> Iterator[str]:
    """P4: a recovery comes from figures that the Portal really gave, and that were fine."""
    for incident, at, good in record.recoveries:
        if not good:
            yield f"P4: {incident} recovered at {at:.0f} on a reading without figures"
    one_clock = world.story.instances == 1 and all(tick.jump >= 0 for tick in world.story.ticks)
    for node, at in record.well if one_clock else ():
        shown = [one.shares for one in world.answers if abs(one.at - at) < 0.0015]
        if not shown and world.pauses == 0:
            yield f"P4: {node[-1]} became well at {at:.0f}, when the Portal showed nothing"
        elif shown and not any(node in shares and shares[node] <= LIMIT for shares in shown):
            yield f"P4: {node[-1]} became well at {at:.0f} while the Portal showed {shown[-1].get(node)}"


def _whole(world: World, record: Record) -> Iterator[str]:
    """P5: the file holds whole ticks; in the end the record says of every site what is true."""
    yield from (f"P5: {one}" for one in record.damage)
    truly = {site for site, share in world.figures.items() if share > LIMIT}
    if record.bad != truly:
        yield f"P5: the record holds {sorted(record.bad)} for bad, and bad are {sorted(truly)}"
    # Where clocks differ or are set back, readings were not judged in the order of their instants.
    if record.ledger and world.story.instances == 1 and all(tick.jump >= 0 for tick in world.story.ticks):
        yield f"P5: {record.ledger}"


def _heads_are_true(world: World, record: Record) -> Iterator[str]:
    """Each Slack message shows the incident as it is now; there is one for each that was told, and no other."""
    lost = {(lane.incident, lane.place) for lane in record.lanes if lane.has_gaps}
    for name in ("#alerts", "#ops"):
        place = f"slack:{name}"
        roots: dict[str, list[Message]] = {}
        for root in world.slack.roots(name):
            roots.setdefault(_incident_of(root), []).append(root)
        incidents = {one.id: one for one in record.incidents}
        threw_out = any(
            name in tick.refused for tick in world.story.ticks
        )  # an edit that is refused waits for a change
        yield from (f"P5: {place} shows {one}, which nobody recorded" for one in roots if one not in incidents)
        for one in incidents.values():
            if place not in one.audience or (one.id, place) in lost or _edited_late(world, place, one.id):
                continue
            headline = one.digests.get(place, one.headline)
            messages = roots.get(one.id, []) if place not in one.digests else world.slack.roots(name)
            if not messages:
                yield f"P1: {place} has no message of {one.id}"
            elif not threw_out and not any(headline in message.text for message in messages):
                yield f"P5: {place} shows {messages[-1].text!r} for {one.id}, and true is {headline!r}"


def _edited_late(world: World, place: str, incident: str) -> bool:
    """Whether an instance that slept with an edit in its hands has put an older state over what its successor wrote.

    Only what came last counts: whoever edits after the sleeper mends what it did.
    """
    edits = [one for one in world.taken if one.kind == "edit" and one.place == place and one.incident == incident]
    return bool(edits) and edits[-1].held >= OUSTED


def _incident_of(message: Message) -> str:
    return str((message.metadata or {}).get("event_payload", {}).get("incident"))


def _keys(world: World) -> Counter[tuple[str, str]]:
    return Counter((one.place, one.key) for one in world.taken)


def _first_times(world: World) -> dict[tuple[str, str], float]:
    firsts: dict[tuple[str, str], float] = {}
    for one in world.taken:
        if one.kind != "edit":
            firsts.setdefault((one.place, one.key), one.at)
    return firsts


def _places(channel: str) -> list[str]:
    """A mail is taken by each of its recipients."""
    kind, _, to = channel.partition(":")
    return [f"email:{one.strip()}" for one in to.split(",")] if kind == "email" else [channel]


def _key_at(place: str, row: Row) -> str:
    return _named(place, row.key)


def _named(place: str, key: str) -> str:
    return message_id(key) if place.startswith("email:") else key


def _has_bounced(batch: Iterable[Row]) -> bool:
    return any(row.reason.startswith("refused:") for row in batch)


def message_id(key: str) -> str:
    """As the product makes it of a notice's key."""
    import hashlib  # noqa: PLC0415

    return f"<sn.{hashlib.sha256(key.encode()).hexdigest()[:40]}@example.com>"
