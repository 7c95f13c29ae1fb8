"""What is said of a node in every situation: the figures, the condition with them put in, the timer, the routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from sentinel.config.lines import Lines
from sentinel.config.loader import load
from sentinel.domain.asking import needed
from sentinel.domain.hierarchy import NodeList, parse_node
from sentinel.domain.mutes import Silence
from sentinel.domain.reading import Failure, Figures, Reading, Reason
from sentinel.domain.rules import Service
from sentinel.why.answer import answer
from sentinel.why.case import Case
from sentinel.why.examine import WARM_UP, cases, warm_up
from tests.domain.polls import a_silence

START, POLL = 1_772_438_400.0, 600.0
ZRH, BER = "Europe/Zurich", "Europe/Berlin"
RULES = """
[defaults]
for = "20m"
recover_for = "20m"
no_data_after = "30m"
timezone = "UTC"

[[source]]
name = "portal"
url = "https://portal.example.com"

[[rule]]
id = "errors"
service = "Mail"
hierarchy = "Location"
level = "Site"
only_if = "devices >= 5"
warning = "devices_with_errors / devices > 5%"
critical = { breach = "devices_with_errors / devices > 10%", clear = "devices_with_errors / devices < 8%", for = "0s" }

[[rule.override]]
node = "Europe/Berlin"
critical = "devices_with_errors / devices > 50%"

[[receiver]]
name = "team"
slack = { channel = "#team" }

[[receiver]]
name = "on-call"
webhook = { name = "pager", url = "https://pager.example.com" }

[[route]]
severity = "critical"
to = "on-call"
continue = true

[[route]]
to = "team"
"""
Poll = Mapping[str, tuple[float, float]] | None
"""Node -> devices and devices with errors; None for a poll that failed."""


@dataclass
class Scene:
    """Polls of Mail, oldest first, ten minutes apart; what is said of a node right after the last."""

    polls: Sequence[Poll]
    rules: str = RULES
    node: str = ZRH
    later: float = 0.0
    silences: tuple[Silence, ...] = ()
    _cases: list[Case] = field(init=False)

    def __post_init__(self) -> None:
        loaded = load(text=self.rules, name="rules.toml")
        [asked] = needed(loaded.rulebook, [Service("portal", "Mail", "")])
        at = START + POLL * (len(self.polls) - 1) + self.later
        readings = [self._reading(asked.query, n, poll) for n, poll in enumerate(self.polls)]
        lines = Lines(loaded.text, loaded.rulebook)
        node = parse_node(self.node)
        found = cases("rules.toml", loaded.rulebook, [asked], readings, node, at, lines.of, silences=self.silences)
        self._cases = list(found)

    @staticmethod
    def _reading(query, number: int, poll: Poll) -> Reading:  # type: ignore[no-untyped-def]  # noqa: ANN001
        at = START + POLL * number
        if poll is None:
            return Reading(query, at, at, None, Failure(Reason.SERVER_ERROR, "the Portal answered 500"))
        nodes = [parse_node(node) for node in poll]
        rows = NodeList.of(nodes, [any(one[:-1] == node for one in nodes) for node in nodes])
        devices, errors = (np.array([pair[n] for pair in poll.values()], np.float64) for n in (0, 1))
        return Reading(query, at, at, Figures(rows, {"devices": devices, "devices_with_errors": errors}))

    @property
    def case(self) -> Case:
        [found] = self._cases
        return found

    @property
    def said(self) -> list[str]:
        return answer(self.case, lambda at: f"{(at - START) / 60:.0f} min")


FINE, MILD, BAD, WORSE = (100.0, 1.0), (100.0, 7.0), (100.0, 9.0), (100.0, 30.0)
MILD_TEXT = "warning: devices_with_errors (7) / devices (100) = 7 % > 5% (rules.toml:18)"
WORSE_TEXT = "critical: devices_with_errors (30) / devices (100) = 30 % > 10% (rules.toml:19)"

SCENES = {
    "all is well": (
        [FINE],
        [
            "no critical: devices_with_errors (1) / devices (100) = 1 % > 10% does not hold (rules.toml:19)",
            "no warning: devices_with_errors (1) / devices (100) = 1 % > 5% does not hold (rules.toml:18)",
        ],
    ),
    "bad, and not for long enough": (
        [FINE, MILD, MILD],
        [
            MILD_TEXT,
            "breach since 10 min",
            "for 20 min not reached (10 min elapsed, 10 min left)",
            "nobody is told before that",
        ],
    ),
    "bad for long enough": (
        [MILD, MILD, MILD],
        [MILD_TEXT, "warning is active: for 20 min was reached", "it is part of the incident at Europe / Zurich"],
    ),
    "critical at once": (
        [WORSE],
        [WORSE_TEXT, "critical is active: for 0 s was reached", "it is part of the incident at Europe / Zurich"],
    ),
    "neither bad nor cleared": (
        [WORSE, BAD],
        [
            "critical: devices_with_errors (9) / devices (100) = 9 % > 10% does not hold (rules.toml:19)",
            "not cleared yet: devices_with_errors (9) / devices (100) = 9 % < 8% does not hold",
            "critical is active: for 0 s was reached",
            "it is part of the incident at Europe / Zurich",
        ],
    ),
    "recovering": (
        [WORSE, FINE, FINE],
        [
            "critical: devices_with_errors (1) / devices (100) = 1 % > 10% does not hold (rules.toml:19)",
            "clear since 10 min",
            "recover_for 20 min not reached (10 min elapsed, 10 min left)",
            "it is part of the incident at Europe / Zurich",
        ],
    ),
    "too few devices": (
        [FINE, (3.0, 3.0)],
        [
            "only_if does not hold, so nothing is concluded: devices (3) >= 5",
            "its figures have been missing for 10 min: unknown is shown after 30 min",
        ],
    ),
    "gone from a good answer": (
        [WORSE, None],
        [
            "the answer has no row for it: unknown, not ok",
            "its figures have been missing for 10 min: unknown is shown after 30 min",
            "critical is active: for 0 s was reached",
            "it is part of the incident at Europe / Zurich",
        ],
    ),
}


@pytest.mark.parametrize(("figures", "expected"), SCENES.values(), ids=SCENES.keys())
def test_what_is_said(figures: list[tuple[float, float] | None], expected: list[str]) -> None:
    """Berlin is always there and always well."""
    polls = [{BER: FINE, **({ZRH: one} if one is not None else {})} for one in figures]
    assert Scene(polls).said == expected


def test_a_source_that_fails_explains_why_nothing_moves() -> None:
    scene = Scene([{ZRH: WORSE}, None, None])
    assert scene.said[0] == "the source gave no figures: the Portal answered 500"
    assert "the source itself is in trouble, which is one incident of its own" in scene.said
    assert scene.case.state.value == "critical"


def test_an_answer_that_nobody_has_asked_for_lately_is_dated() -> None:
    assert Scene([{ZRH: FINE}], later=3600.0).said[0] == "the last reading is of 0 min: nobody has asked since"


def test_an_override_is_named_with_its_own_line() -> None:
    case = Scene([{BER: WORSE}], node=BER).case
    assert case.override == 1
    assert [(turn.severity.word, turn.line) for turn in case.turns] == [("warning", 18), ("critical", 23)]


def test_routing_names_the_lines_and_addresses_of_what_is_found() -> None:
    ways = Scene([{ZRH: WORSE}]).case.ways
    assert [(way.line, [one.channel for one in way.to]) for way in ways] == [
        (33, ["webhook:pager"]),
        (38, ["slack:#team"]),
    ]
    mild = Scene([{ZRH: MILD}]).case.ways
    assert [way.line for way in mild] == [38]


def test_without_a_route_it_is_said_that_nobody_is_told() -> None:
    some = RULES.replace('[[route]]\nto = "team"', '[[route]]\nservice = "SAP"\nto = "team"')
    assert Scene([{ZRH: MILD}], some).said[-1] == "no route matches, so nobody is told"


def test_a_node_below_an_incident_is_told_where_that_stands() -> None:
    scene = Scene([{ZRH: WORSE, BER: (100.0, 60.0), "Europe/Paris": WORSE}])
    assert scene.said[-1] == "it is part of the incident at Europe with 2 nodes", "Berlin has other limits"
    assert scene.case.place == ("Europe",)


EUROPE, PARIS = "Europe", "Europe/Paris"
NOT_JUDGED = "the rule judges the level Site below it: it has no state of its own"


@pytest.mark.parametrize("own_row", [{}, {EUROPE: (300.0, 61.0)}], ids=["no row of its own", "an `all` row"])
def test_a_place_above_the_judged_ones_has_no_state_and_names_what_is_below(own_row: Poll) -> None:
    """It is where an incident stands, so it is what people ask about; its own row breaches, and nobody judges that."""
    scene = Scene([{**(own_row or {}), ZRH: WORSE, BER: FINE, PARIS: WORSE}], node=EUROPE)
    assert scene.said == [
        NOT_JUDGED,
        "not ok below it: Paris critical, Zurich critical",
        "an incident stands here with 2 nodes",
    ]
    assert (scene.case.judged, scene.case.turns, [way.line for way in scene.case.ways]) == (False, (), [33, 38])


def test_a_place_above_with_nothing_wrong_says_so_and_routes_nothing() -> None:
    scene = Scene([{EUROPE: (300.0, 200.0), ZRH: FINE, BER: FINE}], node=EUROPE)
    assert scene.said == [NOT_JUDGED, "nothing below it is wrong"]
    assert scene.case.ways == ()


def test_of_many_below_the_worst_are_named_and_the_others_counted() -> None:
    scene = Scene([{ZRH: MILD, **{f"Europe/S{n}": WORSE for n in range(6)}}], node=EUROPE)
    assert scene.said[1] == f"not ok below it: {', '.join(f'S{n} critical' for n in range(5))}, and 2 more"


RESTLESS = RULES.replace('for = "20m"', 'for = "0s"').replace('recover_for = "20m"', 'recover_for = "0s"')
FLAPS = "that incident flaps: nobody is told of its changes until it is steady for 15 min"


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (WORSE, "it is part of the incident at Europe / Zurich"),
        (FINE, "the incident at Europe / Zurich is open, and well at present"),
    ],
    ids=["bad", "well at present"],
)
def test_a_node_whose_incident_flaps_says_why_it_is_quiet(last: tuple[float, float], said: str) -> None:
    """Also in a good moment, when its state is ok and the incident goes on."""
    polls = [{ZRH: WORSE if n % 2 == 0 else FINE} for n in range(6)]
    assert Scene([*polls, {ZRH: WORSE}, {ZRH: last}], RESTLESS).said[-2:] == [said, FLAPS]


def test_a_node_that_no_answer_ever_had_has_no_case() -> None:
    assert Scene([{ZRH: FINE}], node="Europe/Rome")._cases == []


def test_conditions_that_look_back_are_shown_with_what_they_saw() -> None:
    text = RULES.replace(
        'warning = "devices_with_errors / devices > 5%"',
        'warning = "devices_with_errors > 3 * baseline(devices_with_errors, 30m)"',
    )
    scene = Scene([{ZRH: (100.0, 2.0)}] * 4 + [{ZRH: MILD}], text)
    assert scene.said[0] == (
        "warning: devices_with_errors (7) > 3 * baseline(devices_with_errors, 30m) (2) = 6 (rules.toml:18)"
    )


def test_nothing_is_concluded_from_an_answer_that_is_held_back() -> None:
    """Its figures are shown, and no verdict is: the rule has given none."""
    many = {f"Europe/{name}": FINE for name in ("Zurich", "Berlin", "Paris", "Rome", "Oslo", "Bern", "Lyon", "Nice")}
    scene = Scene([many, {ZRH: WORSE, BER: WORSE}])
    assert scene.case.held.startswith("The answer lacks 6 of 8 known nodes")
    assert [figure.value for figure in scene.case.figures] == [100.0, 30.0]
    assert {turn.verdict for turn in scene.case.turns} == {"unknown"}
    assert not any(text.startswith(("critical:", "no critical:")) for text in scene.said)


def test_a_figure_that_looks_like_its_limit_is_shown_with_all_its_digits() -> None:
    said = Scene([{ZRH: (10_000.0, 1001.0)}]).said
    assert said[0].startswith("critical: devices_with_errors (1001) / devices (10000) = 10.01 % > 10% (")
    said = Scene([{ZRH: (1_000_000.0, 99_999.0)}] * 3).said
    assert said[0].startswith("warning: devices_with_errors (99999) / devices (1000000) = 10 % > 5% (")


def test_a_timer_longer_than_the_usual_is_replayed_from_its_beginning() -> None:
    rules = load(text=RULES.replace('for = "20m"', 'for = "5d"')).rulebook.rules
    assert warm_up(rules) == 10 * 86400.0
    assert warm_up(load(text=RULES).rulebook.rules) == WARM_UP


def test_a_silence_says_who_is_not_told_and_until_when() -> None:
    silence = a_silence(0, 5 * POLL, node="Europe")
    quiet = Scene([{ZRH: WORSE}] * 2, silences=(silence,))
    assert quiet.said[-1] == (
        "nobody is told of changes: muted by silence sl-1: deploy (anna); what lasts is told after that"
    )
    assert quiet.case.muted_by == silence.text
    later = Scene([{ZRH: WORSE}] * 2, silences=(silence,), later=10 * POLL)
    assert later.said[-1] == "that is over; the next poll tells"
    begun = a_silence(1.5 * POLL, 5 * POLL, node="Europe")
    known = Scene([{ZRH: WORSE}] * 2, silences=(begun,), later=0.6 * POLL)
    assert known.said[-1] == "muted by silence sl-1: deploy (anna), which counts from the next poll on"
    known = Scene([{ZRH: WORSE}] * 3, silences=(begun,))
    assert known.said[-1].endswith("people know of it, and hear at once when it ends")
