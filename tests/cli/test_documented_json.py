"""The JSON that docs/reference/commands.md promises is the JSON that the commands print."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backtest.past import NODE_0, STORY, lived, rules
from tests.cli.terminal import call

PAGE = Path(__file__).parents[2] / "docs/reference/commands.md"
DOCUMENTED = dict(
    re.findall(r"^`([^`]+) --json`[^\n]*\n\n```json\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
)
AT = "2026-03-02T08:12Z"
NAMED_BY_RULES = ("figures",)
"""Objects whose keys are names of the rules."""


@pytest.fixture
def arguments(sqlite_url: str, tmp_path: Path) -> dict[str, list[str]]:
    """Each documented command as it is given to a database with an incident in it."""
    file = rules(tmp_path)
    file.write_text(file.read_text() + AGREED)
    draft = rules(tmp_path, "draft.toml", hold="90m")
    draft.write_text(draft.read_text().replace("quality < 100", "quality < 70") + EXTRA)
    there = ["--database", lived(sqlite_url, file, STORY)]
    past = ["--rules", str(file), *there]
    call("silences", "add", "--node", NODE_0, "--for", "2h", "--reason", "x", "--author", "anna", *past)
    name = call("incidents", "list", "-q", *there).stdout.split()[0]
    return {
        "status": ["status", *there],
        "incidents list": ["incidents", "list", *there],
        "incidents ack": ["incidents", "ack", name, "--by", "ana", *there],
        "silences list": ["silences", "list", *there],
        "maintenance list": ["maintenance", "list", "--rules", str(draft), *there],
        "notices list": ["notices", "list", *there],
        "explain --node": ["explain", "--node", NODE_0, "--at", AT, *past],
        "rules diff": ["rules", "diff", str(draft), "--against", str(file), *there],
        "rules suggest": ["rules", "suggest", "--since", "2026-03-01", "--until", "2026-03-03", *past],
        "history list": ["history", "list", *there],
        "sla report": ["sla", "report", "--period", "2026-03", *past],
        "check": ["check", str(draft)],
    }


AGREED = """
[[sla]]
id = "mail"
service = "Mail"
hierarchy = "Location"
level = "Site"
good = "quality >= 100"
objective = "99.5%"
"""

EXTRA = """
[[rule]]
id = "quality-of-all"
service = "Mail"
hierarchy = "Location"
level = "Site"
warning = "quality < 200"
[[maintenance]]
name = "Sunday patching"
days = "sun"
"""


@pytest.mark.parametrize("command", [name for name in DOCUMENTED if name != "doctor"])
def test_every_documented_field_is_printed(arguments: dict[str, list[str]], command: str) -> None:
    printed = json.loads(call(*arguments[command], "--json").stdout)
    assert list(missing(json.loads(DOCUMENTED[command]), printed, command)) == []


def missing(documented: Any, printed: Any, where: str) -> Iterator[str]:
    """Fields that are documented and not printed, by their place."""
    if isinstance(documented, dict) and isinstance(printed, dict):
        for key, inner in documented.items():
            if key not in printed:
                yield f"{where}.{key}"
            elif key not in NAMED_BY_RULES:
                yield from missing(inner, printed[key], f"{where}.{key}")
    elif isinstance(documented, list) and isinstance(printed, list) and documented and printed:
        yield from missing(documented[0], printed[0], f"{where}[]")
