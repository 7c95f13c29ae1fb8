"""What the demonstration runs with: its rules, and the environment that points Sentinel at the simulated world."""

from __future__ import annotations

from pathlib import Path

RULES = """
# The rules of `sentinel demo`. `sentinel check` says what it thinks of such a file.
[defaults]
every = "10m"            # the Portal's figures move in ten-minute steps
for = "0s"
recover_for = "10m"
timezone = "Europe/Zurich"

[[source]]
name = "portal"
type = "nexthink"
url = "{url}"

[[rule]]
id = "devices-in-error"
summary = "Devices with errors"
service = ["Exchange Online", "SAP*"]
hierarchy = "Location"
level = "Site"
only_if = "devices >= 5"
warning = "devices_with_errors / devices > 5%"
critical = "devices_with_errors / devices > 10%"
runbook = "https://wiki.example.com/runbooks/exchange"
owner = "workplace"

[[sla]]                  # a promise for every month: `sentinel sla report`
id = "exchange-sites"
summary = "Exchange at the sites"
service = "Exchange Online"
hierarchy = "Location"
level = "Site"
good = "devices_with_errors / devices <= 10%"
objective = "99.5%"
weight = "devices"       # a site with twice the devices counts twice
# burn_alerts = true     # warns while there is still budget; left out here: this outage shall be one message

[[maintenance]]          # planned: nobody is told of it, and the SLA leaves it out
name = "Sunday patching"
node = "Europe/Germany"
days = ["sun"]
from = "02:00"
to = "05:00"

[[receiver]]
name = "workplace"
slack = {{ channel = "#workplace-alerts" }}
{email}
[[route]]
to = ["workplace"]
"""

EMAIL = """email = { to = ["workplace@example.com"] }
"""


def rules(url: str, *, mail: bool) -> str:
    """The rules file for a Portal at that address; with `mail` people are told by e-mail too."""
    return RULES.format(url=url, email=EMAIL if mail else "").lstrip()


def environment(
    folder: Path, *, user: str, password: str, slack_url: str, slack_token: str, smtp_port: int | None
) -> dict[str, str]:
    """The SENTINEL_* variables of the demonstration: everything on loopback, the database in `folder`."""
    found = {
        "SENTINEL_RULES": str(folder / "rules.toml"),
        "SENTINEL_DATABASE_URL": f"sqlite:///{folder / 'sentinel.db'}",
        "SENTINEL_HTTP_BIND": "off",
        "SENTINEL_SOURCE_PORTAL_USERNAME": user,
        "SENTINEL_SOURCE_PORTAL_PASSWORD": password,
        "SENTINEL_SLACK_BOT_TOKEN": slack_token,
        "SENTINEL_SLACK_API_URL": slack_url,
        "SENTINEL_LOG_LEVEL": "warning",
    }
    if smtp_port is not None:
        found |= {
            "SENTINEL_SMTP_HOST": "127.0.0.1",
            "SENTINEL_SMTP_PORT": str(smtp_port),
            "SENTINEL_SMTP_SECURITY": "none",
            "SENTINEL_SMTP_FROM": "sentinel@example.com",
        }
    return found
