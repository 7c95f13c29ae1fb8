"""Every fuzzer counts as a test of random stories, also one whose stories are drawn inside it."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`python -m tests.fuzz` runs what carries the mark that Hypothesis gives to its own tests."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("hypothesis")
