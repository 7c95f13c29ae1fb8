"""The first rules file: what `sentinel init` writes from a few answers. Commented, without a mistake, without a secret."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sentinel.config.loader import load
from sentinel.config.naming import source_variable
from sentinel.config.needs import missing
from sentinel.config.settings import Settings
from sentinel.domain.patterns import NamePattern
from sentinel.errors import ConfigError, Problem

SOURCE = "portal"
"""What the source is called; its variables are SENTINEL_SOURCE_PORTAL_USERNAME and _PASSWORD."""
RECEIVER = "workplace"
EVERYTHING = "*"
"""The pattern of all services."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is put into the file. Services by name, or `EVERYTHING`; `uids` of those that are known, by name.

    Without a Slack channel and an address the console is told. `unsure`: nobody could look whether hierarchy and level
    are there.
    """

    url: str
    services: tuple[str, ...] = (EVERYTHING,)
    uids: tuple[tuple[str, str], ...] = ()
    hierarchy: str = "Location"
    level: str = "Site"
    timezone: str = "UTC"
    slack: str = ""
    email: tuple[str, ...] = ()
    unsure: bool = False


def problems_of(answers: Answers) -> tuple[Problem, ...]:
    """What is wrong with the file that these answers make: nothing, or an answer that cannot be used."""
    try:
        load(text=starter(answers))
    except ConfigError as error:
        return tuple(one for one in error.problems if one.severity == "error")
    return ()


def starter(answers: Answers) -> str:
    """The text of the file."""
    return "\n".join(
        [_HEAD, _defaults(answers), _source(answers), *_services(answers), _rule(answers), _MORE, _telling(answers)]
    )


def variables(answers: Answers, settings: Settings) -> tuple[str, ...]:
    """The variables that the file makes necessary and that are not set, by name."""
    return tuple(one.message.split()[0] for one in missing(settings, load(text=starter(answers))))


def environment(answers: Answers) -> str:
    """An example of the environment that the file needs, without a value of a secret."""
    lines = [
        "# What rules.toml needs. Each of these may also be named ..._FILE and hold the path of a file with the value.",
        "# This file is an example: keep the one with real values out of version control, readable by you alone.",
        f"{source_variable(SOURCE, 'USERNAME')}=",
        f"{source_variable(SOURCE, 'PASSWORD')}=",
        *(["SENTINEL_SLACK_BOT_TOKEN="] if answers.slack else []),
        *(["SENTINEL_SMTP_HOST=", "SENTINEL_SMTP_FROM="] if answers.email else []),
        "# SENTINEL_DATABASE_URL=sqlite:///sentinel.db",
        "# SENTINEL_API_TOKENS=",
        "",
    ]
    return "\n".join(lines)


def quoted(text: str) -> str:
    """A text as TOML has it, on one line."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def pattern_of(name: str) -> str:
    """The pattern that fits exactly this name."""
    return "".join(f"\\{char}" if char in "*?\\" else char for char in name)


def _listed(texts: Iterable[str]) -> str:
    return "[" + ", ".join(map(quoted, texts)) + "]"


_HEAD = """\
#:schema ./rules.schema.json
# What Sentinel watches, when it is bad, and who is told. `sentinel check` finds every mistake in it.
# Durations are text: "30s", "10m", "4h", "7d". Credentials never stand here, only in the environment.
"""


def _defaults(answers: Answers) -> str:
    return f"""\
[defaults]                        # every rule may say any of these differently
timezone = {quoted(answers.timezone)}
every = "10m"                     # how often to ask; Nexthink's figures move in steps of ten minutes
for = "10m"                       # how long it must be bad before anybody is told
recover_for = "20m"               # how long it must be good before it counts as recovered
no_data_after = "30m"             # without figures for this long, the state shows as unknown
"""


def _source(answers: Answers) -> str:
    return f"""\
[[source]]
name = {quoted(SOURCE)}
type = "nexthink"
url = {quoted(answers.url)}
# user and password: {source_variable(SOURCE, "USERNAME")} and {source_variable(SOURCE, "PASSWORD")}, or ..._FILE
# ca_file = "portal-ca.pem"       # trust these certificates instead of the system's; beside this file
"""


def _services(answers: Answers) -> list[str]:
    """Chosen services with their identifiers: they are found even while the Portal's own list cannot be read."""
    uids = dict(answers.uids)
    known = [name for name in answers.services if uids.get(name) and not NamePattern(name).is_glob]
    return [f"[[service]]\nname = {quoted(name)}\nuid = {quoted(uids[name])}\n" for name in known]


def _rule(answers: Answers) -> str:
    doubt = "# Nobody could look whether the Portal has these: `sentinel discover` does.\n" if answers.unsure else ""
    everything = answers.services == (EVERYTHING,)
    services = _listed(answers.services if everything else map(pattern_of, answers.services))
    every = " # all that the Portal lists; names, patterns or identifiers" if everything else ""
    return f"""\
[[rule]]
id = "devices-in-error"           # never change it: the history hangs on it
summary = "Devices with errors"   # what people read first
service = {services}{every}
{doubt}hierarchy = {quoted(answers.hierarchy)}
level = {quoted(answers.level)}
only_if = "devices >= 5"          # where false: unknown, not ok
warning = "devices_with_errors / devices > 5%"
critical = {{ breach = "devices_with_errors / devices > 10%", clear = "devices_with_errors / devices < 8%" }}
# runbook = "https://wiki.example.com/devices-in-error"
# owner = "workplace"
"""


_MORE = """\
# More rules: `sentinel explain metric` lists the figures there are.
# [[rule]]
# id = "slow-network"
# summary = "Slow network"
# service = ["*"]
# hierarchy = "Location"
# level = "Site"
# warning = { breach = "network_response_time > 300ms", clear = "network_response_time < 250ms" }
"""


def _telling(answers: Answers) -> str:
    lines = [f"[[receiver]]\nname = {quoted(RECEIVER)}"]
    if answers.slack:
        lines.append(f"slack = {{ channel = {quoted(answers.slack)} }} # the bot's token: SENTINEL_SLACK_BOT_TOKEN")
    if answers.email:
        lines.append(f"email = {{ to = {_listed(answers.email)} }} # the mail server: SENTINEL_SMTP_HOST and _FROM")
    if not answers.slack and not answers.email:
        lines.append("console = true                    # printed where Sentinel runs")
        lines.append('# slack = { channel = "#workplace-alerts" } # the bot\'s token: SENTINEL_SLACK_BOT_TOKEN')
    lines.append(f"\n[[route]]                         # without a matcher: everything\nto = [{quoted(RECEIVER)}]")
    return "\n".join(lines) + "\n"
