"""What the page of a backtest has room for."""

from __future__ import annotations

import pytest

from sentinel.backtest.page import LABEL, label


@pytest.mark.parametrize(
    ("service", "node", "rule", "shown"),
    [
        ("Mail", "Europe / Paris", "errors", "Mail · Europe / Paris · errors"),
        (
            "Exchange Online",
            "Europe / Switzerland / Zurich",
            "devices-in-error",
            "Exchange Onl… · …pe / Switzerland / Zurich · device…",
        ),
        ("x" * 200, "Europe / " + "y" * 200, "errors", "xxxxxxxxxxxx… · …yyyyyyyyyyyyyyyyyyyyyyyyy · errors"),
        ("portal", "", "sentinel/source", "portal · sentinel/source"),
    ],
)
def test_a_lane_keeps_the_end_of_its_node_which_tells_it_from_its_neighbours(
    service: str, node: str, rule: str, shown: str
) -> None:
    assert label(service, node, rule) == shown
    assert len(shown) <= LABEL
