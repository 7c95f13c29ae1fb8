"""What happens in a world, made of one integer: which sites go bad, what falls over, how likely each mishap is."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sentinel.domain.expressions import parse
from sentinel.domain.hierarchy import Node
from sentinel.domain.patterns import NamePattern
from sentinel.domain.rules import Address, Flapping, Rule, Rulebook, SourceTraits
from sentinel.domain.sla import Objective, Sla
from tests.domain.polls import UNITS, a_route, a_rule, a_window, threshold

LIMIT = 0.05
"""The share of devices with errors above which a site is bad."""

STEP = 60.0
"""Seconds between two samples of the simulated Portal, so between two polls: short, so that a story is."""

SLACK = Address("team", "slack", "#alerts")
OPS = Address("ops", "slack", "#ops")
MAIL = Address("desk", "email", "ana@example.com, ben@example.com")
HOOK = Address("tool", "webhook", "tool")

SITES: tuple[Node, ...] = tuple((country, f"{country}{n}") for country in "ABC" for n in range(1, 6))
SMALL = SITES[:4] + SITES[5:7]
SERVICE = "Exchange Online"
WARN, CRITICAL = 0.07, 0.3
"""Shares of devices with errors above the rule's limits of 5 % and 10 %."""


SLA = Sla(
    id="sites",
    summary="Exchange at the sites",
    services=(NamePattern(SERVICE),),
    source="portal",
    hierarchy="Location",
    levels=("Site",),
    every=STEP,
    good=parse(f"devices_with_errors / devices <= {LIMIT}", UNITS),
    objectives=(Objective(Decimal("0.99")),),
)
"""What every story keeps a ledger of, beside everything else; nobody is told of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """How likely each mishap is each time that it could happen, 0 to 1; times in seconds.

    `crash` and `pause` count per numbered step; `lag` is how long Slack's history does not show a message.
    """

    crash: float = 0.0
    pause: float = 0.0
    cut_off: float = 0.0
    portal: float = 0.0
    slack: float = 0.0
    lookup: float = 0.0
    mail: float = 0.0
    hook: float = 0.0
    busy: float = 0.0
    slow: float = 0.0
    lag: float = 0.0


CALM = Chances()

MUTE_STORIES = 0.25
"""The share of stories in which something is muted. Their clocks are right: a mute is a matter of wall clocks."""

DEED_STORIES = 0.3
"""The share of stories in which somebody does something about incidents."""

FLIP_STORIES = 0.3
"""The share of stories in which a site changes at almost every tick."""

POLICIES: tuple[Flapping | None, ...] = (
    None,
    Flapping(),
    Flapping(changes=2, within=20 * STEP, quiet=STEP),
    Flapping(changes=3, within=10 * STEP, quiet=2 * STEP),
    Flapping(changes=3, within=20 * STEP, quiet=3 * STEP),
    Flapping(changes=4, within=10 * STEP, quiet=2 * STEP),
)
"""When an incident flaps in a story; with the fewest changes each recovery does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One sample's time: the share of devices with errors where there are any, and what else happens then.

    `jump`: the wall clock is set by so many seconds. `down`: what is out of order (`slack`, `portal`, `mail`, `hook`).
    `refused`: Slack channels that do not take the bot; `kill`: the processes are ended. `cut_off`: seconds for which
    whoever leads does not reach the database. `deed`: what somebody does about the oldest open incident. `silence`: what
    somebody silences (a glob of nodes) and for how many seconds.
    """

    bad: Mapping[Node, float] = field(default_factory=dict)
    jump: float = 0.0
    down: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    kill: bool = False
    cut_off: float = 0.0
    deed: str = ""
    silence: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything that is decided before it begins. `instances`: how many Sentinels share the database.

    `lease`: seconds that the leader's lease lasts; a single instance owns its file instead. `windows`: of maintenance, as
    globs of nodes with their begin and end in seconds of the story.
    """

    seed: int
    rule: Rule
    ticks: tuple[Tick, ...]
    sites: tuple[Node, ...] = SMALL
    addresses: tuple[Address, ...] = (SLACK,)
    remind_every: float = 0.0
    chances: Chances = CALM
    instances: int = 1
    lease: float = 60.0
    windows: tuple[tuple[str, float, float], ...] = ()

    @property
    def rulebook(self) -> Rulebook:
        """The rules file of this world."""
        route = a_route(*self.addresses, remind_every=self.remind_every)
        traits = SourceTraits(name="portal", step=STEP, no_data_after=3 * STEP)
        windows = tuple(a_window(begin, end, name=glob, node=glob) for glob, begin, end in self.windows)
        return Rulebook(rules=(self.rule,), routes=(route,), sources=(traits,), maintenance=windows, slas=(SLA,))


def sim_rule(
    *, hold: float = 0.0, recover_for: float = 0.0, apart: bool = False, flapping: Flapping | None = None
) -> Rule:
    """Warning above 5 % of devices with errors, critical above 10 %; `apart`: each site is an incident of its own."""
    share = "devices_with_errors / devices"
    rule = a_rule(
        threshold(f"{share} > 10%", clear=f"{share} < 8%", hold=hold, recover_for=recover_for),
        warning=threshold(f"{share} > 5%", hold=hold, recover_for=recover_for),
        no_data_after=3 * STEP,
        services=(NamePattern(SERVICE),),
        every=STEP,
        reopen_within=1.5 * STEP,
        flapping=flapping,
    )
    return replace(rule, rollup=None) if apart else rule


def bad(*numbers: int, share: float = CRITICAL, sites: tuple[Node, ...] = SMALL) -> dict[Node, float]:
    """These sites, by number, have that share of devices with errors."""
    return {sites[n]: share for n in numbers}


def random_story(seed: int) -> Story:
    """The story of a seed."""
    dice = random.Random(f"story {seed}")
    storm = dice.random() < 0.08
    sites = SITES if storm else SMALL
    chances = _chances(dice)
    instances = 2 if dice.random() < 0.2 else 1
    if instances == 1:
        chances = replace(chances, cut_off=0.0, pause=chances.pause / 3)
    many = [SLACK, OPS, MAIL, HOOK]
    count = 1 if storm else dice.choice((1, 1, 2, 2, 3))
    addresses = tuple(dice.sample(many, count)) if dice.random() < 0.5 else tuple([SLACK, MAIL, HOOK][:count])
    hold, recover_for, apart = dice.choice((0.0, 0.0, STEP)), dice.choice((0.0, STEP)), storm or dice.random() < 0.2
    restless = random.Random(f"restless {seed}")  # dice of its own: stories without flapping are what they were
    flips = not storm and restless.random() < FLIP_STORIES
    if flips:
        hold, recover_for = 0.0, restless.choice((0.0, 0.0, STEP))
    ticks = _ticks(dice, sites, storm=storm)
    people = random.Random(f"people {seed}")  # as above
    if people.random() < DEED_STORIES:
        ticks = tuple(replace(tick, deed=people.choice(("", "ack", "ack", "unack", "note"))) for tick in ticks)
    windows: tuple[tuple[str, float, float], ...] = ()
    quiet = random.Random(f"quiet {seed}")  # as above
    if not storm and quiet.random() < MUTE_STORIES:
        ticks, windows = _muted(quiet, ticks)
    return Story(
        seed=seed,
        windows=windows,
        rule=sim_rule(hold=hold, recover_for=recover_for, apart=apart, flapping=restless.choice(POLICIES)),
        ticks=_flipping(restless, ticks, sites) if flips else ticks,
        sites=sites,
        addresses=addresses,
        remind_every=dice.choice((0.0, 0.0, 3 * STEP)),
        chances=chances,
        instances=instances,
        lease=dice.choice((30.0, 60.0)),
    )


def _ticks(dice: random.Random, sites: tuple[Node, ...], *, storm: bool) -> tuple[Tick, ...]:
    figures: dict[Node, float] = {}
    ticks = []
    down: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    for number in range(dice.randint(4, 6)):
        for site in sites:
            if dice.random() < 0.22:
                figures[site] = dice.choice((0.0, 0.0, WARN, CRITICAL, CRITICAL))
        if storm and number == 1:
            figures = dict.fromkeys(sites, CRITICAL)
        if dice.random() < 0.12:
            figures = {}
        if dice.random() < 0.15:
            down = frozenset(dice.sample(("slack", "portal", "mail", "hook"), dice.choice((0, 1, 1, 2))))
        if dice.random() < 0.06:
            refused = frozenset(dice.sample(("#alerts", "#ops"), dice.choice((0, 1))))
        jump = dice.choice((-7200.0, -90.0, -20.0, 30.0, 90.0, 3600.0)) if dice.random() < 0.06 else 0.0
        ticks.append(
            Tick(
                bad={site: share for site, share in figures.items() if share},
                jump=jump,
                down=down,
                refused=refused,
                kill=dice.random() < 0.05,
            )
        )
    return tuple(ticks)


GLOBS = ("**", "A", "A", "A/**", "B", "*1", "A2")


def _muted(
    dice: random.Random, ticks: tuple[Tick, ...]
) -> tuple[tuple[Tick, ...], tuple[tuple[str, float, float], ...]]:
    """The same with silences, a window or two, and clocks that nobody sets."""
    found = []
    for tick in ticks:
        silence = (dice.choice(GLOBS), dice.uniform(0.5, 4.0) * STEP) if dice.random() < 0.3 else None
        found.append(replace(tick, jump=0.0, silence=silence))
    windows = []
    for _ in range(dice.choice((0, 1, 1, 2))):
        begin = dice.uniform(0.0, len(ticks) * STEP)
        windows.append((dice.choice(GLOBS), begin, begin + dice.uniform(0.5, 4.0) * STEP))
    return tuple(found), tuple(windows)


def _flipping(dice: random.Random, ticks: tuple[Tick, ...], sites: tuple[Node, ...]) -> tuple[Tick, ...]:
    """The same with some more ticks, and a site or two that are seldom twice the same."""
    longer = [*ticks, *(Tick(bad=dice.choice(ticks).bad) for _ in range(dice.randint(2, 5)))]
    chosen = dice.sample(sites, dice.choice((1, 1, 2)))
    shares = {site: dice.choice((0.0, CRITICAL)) for site in chosen}
    found = []
    for tick in longer:
        for site, share in shares.items():
            if dice.random() < 0.85:  # seldom
                shares[site] = (
                    dice.choice((WARN, CRITICAL)) if share == 0.0 else dice.choice((0.0, 0.0, WARN, CRITICAL))
                )
        figures = {**tick.bad, **shares}
        found.append(replace(tick, bad={site: share for site, share in figures.items() if share}))
    return tuple(found)


def _chances(dice: random.Random) -> Chances:
    return Chances(
        crash=dice.choice((0.0, 0.0, 0.005, 0.03)),
        pause=dice.choice((0.0, 0.01, 0.03)),
        cut_off=dice.choice((0.0, 0.1)),
        portal=dice.choice((0.0, 0.1, 0.4)),
        slack=dice.choice((0.0, 0.1, 0.4)),
        lookup=dice.choice((0.0, 0.0, 0.2, 0.6)),
        mail=dice.choice((0.0, 0.1, 0.4)),
        hook=dice.choice((0.0, 0.1, 0.4)),
        busy=dice.choice((0.0, 0.0, 0.01, 0.05)),
        slow=dice.choice((0.0, 0.0, 0.02)),
        lag=dice.choice((0.0, 0.0, 8.0, 25.0)),
    )
