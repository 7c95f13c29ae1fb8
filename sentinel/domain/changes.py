"""What one tick adds to the incidents of one book, and the circumstances that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sentinel.domain import sentences
from sentinel.domain.advance import Unseen
from sentinel.domain.announce import NO_ROUTE, OPENS_FOR_NEW, announce, escalate, event, remind, withhold
from sentinel.domain.hierarchy import Node
from sentinel.domain.hushing import made_up, told_end
from sentinel.domain.incidents import Event, Incident
from sentinel.domain.mutes import Muting
from sentinel.domain.notices import Notice, NoticeKind
from sentinel.domain.rules import Route, Rule

Remark = Callable[[Node], str]
"""A sentence about a place."""


@dataclass
class Changes:
    """What one tick adds to the incidents of one book; filled step by step."""

    incidents: dict[str, Incident]
    events: list[Event] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    assigned: dict[int, str] = field(default_factory=dict)
    """Position in Affected -> incident."""
    audible: dict[str, bool] = field(default_factory=dict)
    """Muted incidents that nothing mutes any more -> whether others became part of them, whose audience must hear."""

    def tell(
        self,
        incident: Incident,
        kind: NoticeKind,
        line: str,
        at: float,
        routes: Iterable[Route],
        *,
        nobody: str = NO_ROUTE,
        told_as: NoticeKind | None = None,
        quiet: bool | None = None,
    ) -> Incident:
        """Take the incident one step on: timeline, notices, the new state.

        `told_as`: what the notices call it, where that is not what it is. `nobody` and `quiet` as `announce` has them.
        While it is muted nobody is told but, quietly, the end to those who have it for open.
        """
        if incident.is_muted:
            if incident.is_open or not incident.hush.owes_end:
                return self._mute(incident, told_as or kind, line, at, routes, nobody=nobody, recorded=kind)
            incident, quiet = told_end(incident), True
        if kind is NoticeKind.REOPENED and not incident.audience:
            told_as = NoticeKind.DEGRADED  # it began and ended without being told
        incident = incident.evolve(step=incident.step + 1, changed_at=at)
        self.events.append(event(incident, kind, line, at))
        incident, notices = announce(incident, told_as or kind, line, at, routes, nobody=nobody, quiet=quiet)
        self.notices.extend(notices)
        self.incidents[incident.id] = incident
        return incident

    def withhold(self, incident: Incident, kind: NoticeKind, line: str, at: float, reason: str) -> Incident:
        """The same step, of which nobody is told."""
        incident = incident.evolve(step=incident.step + 1, changed_at=at)
        self.events.append(event(incident, kind, line, at))
        nobody = incident.hush.by if incident.is_muted else reason
        self.notices.extend(withhold(incident, kind, line, at, reason, nobody=nobody))
        self.incidents[incident.id] = incident
        return incident

    def make_up(
        self, incident: Incident, at: float, routes: Iterable[Route], *, nobody: str = NO_ROUTE, joined: bool = False
    ) -> Incident:
        """Nothing mutes it any more: tell in one step what people do not know of it, where it lasts.

        `joined` as `made_up` has it.
        """
        if not incident.is_open:
            return incident
        after, kind, line = made_up(incident, at, joined=joined)
        if kind is None:
            self.incidents[after.id] = after
            return after
        return self.tell(after, kind, line, at, routes, nobody=nobody)

    def _mute(
        self,
        incident: Incident,
        kind: NoticeKind,
        line: str,
        at: float,
        routes: Iterable[Route],
        *,
        nobody: str,
        recorded: NoticeKind,
    ) -> Incident:
        """The step of a muted incident: on record, with those who would have been told and why they are not."""
        incident = incident.evolve(step=incident.step + 1, changed_at=at)
        reason = incident.hush.by
        opens = not incident.audience and kind in OPENS_FOR_NEW
        self.events.append(event(incident, recorded, line, at))
        self.notices.extend(withhold(incident, kind, line, at, reason, routes, nobody=nobody if opens else reason))
        self.incidents[incident.id] = incident
        return incident

    def remind(self, incident: Incident, at: float, routes: Iterable[Route]) -> None:
        """Say that it still lasts, where that is due; what this tick tells of it anyway counts as said.

        Where nobody has acknowledged for long enough, others are told first.
        """
        if self.escalate(incident, at, routes):
            return
        stepped = incident.evolve(step=incident.step + 1)
        line = sentences.still_bad(incident, at)
        notices = remind(stepped, line, at, routes)
        if not notices:
            return
        if incident.is_muted:
            notices = tuple(replace(one, told=False, reason=incident.hush.by) for one in notices)
        elif any(notice.incident == incident.id for notice in self.notices):
            self.incidents[incident.id] = incident.evolve(reminded_at=at)
            return
        self.incidents[incident.id] = stepped.evolve(reminded_at=at)
        self.notices.extend(notices)
        self.events.append(event(stepped, NoticeKind.REMINDER, line, at))

    def escalate(self, incident: Incident, at: float, routes: Iterable[Route]) -> bool:
        """Tell others where that is due; whether it was. Nobody is woken by what is muted, or may be over in a moment."""
        held_back = incident.is_muted or incident.facts.recovering
        told = escalate(incident, at, routes) if not held_back else None
        if told is None:
            return False
        after, line, notices = told
        self.incidents[after.id] = after
        self.events.append(event(after, NoticeKind.REMINDER, line, at))
        self.notices.extend(notices)
        return True


@dataclass(frozen=True)
class Scene:
    """The circumstances of a tick that all incidents of a book share.

    `judged` counts the judged leaves below a node of the level just read, muted ones (True) and others apart; `retired` are the incidents that lost a
    member only because the source stopped reporting it, `lost` the members that each incident loses now. `failed`:
    the reading has no figures, which the source's own incident tells. `version`: the rule's fingerprint.
    `unseen`: when nobody saw for long how things went. `query`: the key of the query that was read. `muting`: what
    mutes some of the nodes. `remark`: a sentence to add of a place.
    """

    rule: Rule
    service: str
    at: float
    routes: tuple[Route, ...]
    judged: Mapping[tuple[bool, Node], int]
    retired: frozenset[str]
    lost: Mapping[str, frozenset[Node]]
    failed: bool
    version: str
    unseen: Unseen | None = None
    query: str = ""
    muting: Muting | None = None
    remark: Remark | None = None
