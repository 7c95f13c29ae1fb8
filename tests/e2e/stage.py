"""The world around the real program: a simulated Portal and a Slack workspace in this process, which keep the truth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sentinel.clock import SystemClock
from sentinel.demo.accounts import Account
from sentinel.demo.portal import USER, Portal
from sentinel.demo.threaded import ThreadedPortal
from sentinel.demo.tiers import EXCHANGE_UID, tiny
from sentinel.demo.workspace import Workspace, in_thread
from sentinel.demo.workspace_settings import Settings
from sentinel.demo.workspace_truth import Message
from sentinel.domain.hierarchy import Node
from tests.fakes.program import Program, eventually

COUNTRIES = ("Aland", "Borduria", "Cagnan", "Drusselstein", "Elbonia", "Freedonia")
PASSWORD = "canary-portal-password-7f3a"
TOKEN = "xoxb-canary-slack-token-9b1c"

RULES = """
[defaults]
every = "1s"
for = "0s"
recover_for = "0s"
no_data_after = "20s"
reopen_within = "0s"

[delivery]
lookup_after = ["1s", "2s"]
retry_min = "1s"
edit_every = "1s"

[[source]]
name = "portal"
type = "nexthink"
url = "{url}"
step = "0s"
{service}
[[rule]]
id = "errors"
summary = "Devices with errors"
service = "Exchange Online"
hierarchy = "Location"
level = "Site"
critical = "devices_with_errors / devices > 10%"
{rollup}
"""

SERVICE = f"""
[[service]]
name = "Exchange Online"
uid = "{EXCHANGE_UID}"
"""

CRASHES = """
[[receiver]]
name = "itself"
slack = { channel = "#itself" }

[[route]]
rule = "sentinel/restarts"
to = ["itself"]
"""
"""Tests that kill the program again and again are not about what it says of that: it says it elsewhere."""

CHANNEL = """
[[receiver]]
name = "{name}"
slack = {{ channel = "#{name}" }}
{more}
[[route]]
node = "{node}"
to = ["{name}"]
"""


def sites_of(countries: int, each: int) -> tuple[Node, ...]:
    """So many sites in each of so many countries."""
    return tuple((country, f"{country} {n}") for country in COUNTRIES[:countries] for n in range(1, each + 1))


@dataclass
class Stage:
    """What the program sees and what people saw. `bad`: sites with too many devices in error, change it at any time."""

    folder: Path
    portal: Portal
    threaded: ThreadedPortal
    slack: Workspace
    sites: tuple[Node, ...]
    channels: tuple[str, ...]
    given: dict[str, str]
    bad: set[Node] = field(default_factory=set)

    def program(self, *arguments: str, name: str = "program", module: str = "sentinel", **given: str) -> Program:
        """The program in this world; `given` adds variables or replaces them."""
        return Program(self.folder, {**self.given, **given}, *arguments, name=name, module=module)

    @property
    def roots(self) -> list[Message]:
        """Every message of every channel."""
        return [message for channel in self.channels for message in self.slack.roots(f"#{channel}")]

    @property
    def itself(self) -> list[Message]:
        """What it says of its own crashes; no part of anything else here."""
        return self.slack.roots("#itself")

    @property
    def lines(self) -> list[Message]:
        """Every line of every thread."""
        messages = [message for channel in self.channels for message in self.slack.messages(f"#{channel}")]
        return [one for one in messages if one.thread_ts not in (None, one.ts)]

    @property
    def kinds(self) -> list[str]:
        """The events of Slack in order: posted, edited, replied."""
        elsewhere = self.slack.channel("#itself").id
        return [event.kind for event in self.slack.events if event.channel != elsewhere]

    @property
    def polls(self) -> int:
        """How often the Portal was asked for data."""
        return len(self.portal.log)

    def polled(self, times: int = 1) -> None:
        """Wait for so many further requests."""
        before = self.polls
        eventually(lambda: self.polls >= before + times, "the Portal is asked")

    def figure(self, node: Node, metric: str) -> float | None:
        below = [site for site in self.sites if site[: len(node)] == node]
        if metric == "devices":
            return 100.0 * len(below)
        if metric == "devices_with_errors":
            return math.fsum(30.0 for site in below if site in self.bad)
        return None


@contextmanager
def stage(  # a stage has many switches
    folder: Path,
    database_url: str,
    *,
    countries: int = 1,
    each: int = 4,
    rollup: bool = True,
    declared: bool = True,
    more: str = "",
    given: Mapping[str, str] | None = None,
) -> Iterator[Stage]:
    """Sites of one service, a rule that is critical above 10 % of devices in error, one Slack channel per country.

    `more`: further channels of every receiver, as lines of the rules file.
    """
    sites = sites_of(countries, each)
    clock = SystemClock()
    tops = sorted({site[0] for site in sites})
    channels = tuple(f"team-{top.lower()}" for top in tops)
    workspace = Workspace(now=clock.now, channels=(*channels, "team-rest", "itself"), settings=Settings(token=TOKEN))
    portal = Portal(tiny(sites, levels=("Country", "Site")), now=clock.now, accounts={USER: Account(PASSWORD)})
    threaded = ThreadedPortal(portal)
    with threaded, in_thread(workspace) as slack:
        rules = RULES.format(
            url=threaded.url, service=SERVICE if declared else "", rollup="" if rollup else "rollup = false"
        )
        routes = [CHANNEL.format(name=f"team-{top.lower()}", node=f"{top}/**", more=more) for top in tops]
        routes.append(CHANNEL.format(name="team-rest", node="**", more=more))
        (folder / "rules.toml").write_text(rules + CRASHES + "".join(routes), encoding="utf-8")
        variables = {
            "SENTINEL_RULES": str(folder / "rules.toml"),
            "SENTINEL_DATABASE_URL": database_url,
            "SENTINEL_HTTP_BIND": "127.0.0.1:0",
            "SENTINEL_SOURCE_PORTAL_USERNAME": USER,
            "SENTINEL_SOURCE_PORTAL_PASSWORD": PASSWORD,
            "SENTINEL_SLACK_BOT_TOKEN": TOKEN,
            "SENTINEL_SLACK_API_URL": slack.api_url,
            "SENTINEL_LEASE_SECONDS": "3",
            **(given or {}),
        }
        whole = Stage(folder, portal, threaded, slack, sites, (*channels, "team-rest"), variables)
        portal.figures = lambda _service, node, metric, _at: whole.figure(node, metric)
        yield whole
