"""The rights that the documentation asks for are those that the program uses, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sentinel.demo.workspace_settings import ALL_SCOPES

ROOT = Path(__file__).parents[2]


@pytest.mark.threat("over-wide-rights")
def test_the_slack_manifest_asks_for_what_the_calls_need_and_nothing_else() -> None:
    page = (ROOT / "docs/how-to/slack.md").read_text()
    manifest = re.search(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert manifest is not None
    asked = set(re.findall(r"^ +- ([\w.:]+)$", manifest[1], re.MULTILINE))
    assert asked == ALL_SCOPES, "the simulated workspace refuses every call that its scope does not allow"
    explained = "".join(re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE))
    assert set(re.findall(r"`([\w.:]+)`", explained)) == asked, "each says why"


@pytest.mark.threat("over-wide-rights")
def test_the_portal_is_only_read() -> None:
    source = "\n".join(file.read_text() for file in (ROOT / "sentinel/collect").glob("*.py"))
    assert "client.get(" in source
    assert not re.search(r"\.(post|put|patch|delete|exchange)\(", source)
