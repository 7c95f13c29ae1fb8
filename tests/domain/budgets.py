"""An agreement whose error budget is watched, over two sites: readings in, what was told out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sentinel.config.loader import load
from sentinel.domain.asking import needed
from sentinel.domain.hierarchy import Node, NodeList
from sentinel.domain.memory import Replay
from sentinel.domain.reading import Figures, Query, Reading
from sentinel.domain.records import Plan
from sentinel.domain.rules import Service
from tests.domain.polls import START

RULES = """
[defaults]
timezone = "Europe/Zurich"
recover_for = "0s"
reopen_within = "0s"

[[source]]
name = "portal"
url = "https://portal.example.com"
max_missing_share = 1.0

[[receiver]]
name = "desk"
slack = { channel = "#desk" }

[[sla]]
id = "mail"
summary = "Mail at the sites"
service = "Mail"
hierarchy = "Location"
level = "Site"
good = "devices_with_errors <= 10"
objective = "99.5%"
burn_alerts = true
"""
QUERY = Query("portal", "Mail", "Location", "Site")
BERN, BASEL = ("CH", "Bern"), ("CH", "Basel")
GOOD, BAD = 0.0, 99.0


@dataclass
class Watched:
    """Readings in, plans out."""

    text: str = RULES
    at: float = START
    plans: list[Plan] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.loaded = load(text=self.text)
        self.replay = Replay(self.loaded.rulebook, needed(self.loaded.rulebook, [Service("portal", "Mail", "u")]))

    def sites(self, *values: float, times: int = 1, total: float = 100.0) -> None:
        """The same answer so many times, every ten minutes."""
        nodes: list[Node] = [BERN, BASEL][: len(values)]
        columns = {"devices_with_errors": np.array(values), "devices": np.full(len(values), total)}
        for _ in range(times):
            reading = Reading(QUERY, self.at, self.at, Figures(NodeList.of(nodes), columns))
            done = self.replay.feed(reading)
            assert done is not None
            self.plans.append(done)
            self.readings.append(reading)
            self.at += 600

    @property
    def told(self) -> list[tuple[str, str, Node]]:
        """What was told: step, severity, where."""
        incidents = {one.id: one for plan in self.plans for one in plan.incidents}
        return [
            (one.kind.value, incidents[one.incident].worst_severity.word, incidents[one.incident].node)
            for plan in self.plans
            for one in plan.notices
            if one.told
        ]

    @property
    def detail(self) -> str:
        """The sentence in the newest message."""
        return [one for plan in self.plans for one in plan.incidents][-1].facts.detail
