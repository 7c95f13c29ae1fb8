"""Incidents that flap, are good at present, and whose nodes are never heard of again."""

from __future__ import annotations

import pytest

from sentinel.domain.incidents import CloseReason
from sentinel.domain.rules import Flapping
from tests.domain.polls import Run, a_rule


@pytest.mark.promise("P4")
@pytest.mark.parametrize("forgetful", [False, True])
def test_what_flapped_and_is_reported_no_more_is_not_called_recovered(forgetful: bool) -> None:
    """It was good when it was last seen, for less than it takes; P4: what is missing recovers nothing."""
    rule = a_rule("value > 20", flapping=Flapping(changes=2, within=7200.0, quiet=900.0), retire_after=3600.0)
    run = Run((rule,), max_missing_share=0.9, forgetful=forgetful)
    for figure in (0.0, 30.0, 0.0):
        run.good({"CH/a": figure, "CH/b": 0.0})
    for _ in range(20):
        run.good({"CH/b": 0.0})
    [incident] = run.incidents.values()
    assert incident.close_reason is CloseReason.NOT_REPORTED
    assert run.told == ["degraded", "flapping", "closed"]
