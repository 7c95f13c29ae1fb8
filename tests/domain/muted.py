"""One node, or two countries, polled every ten minutes under silences."""

from __future__ import annotations

from sentinel.domain.incidents import Incident
from sentinel.domain.notices import Notice
from sentinel.domain.rules import Address, Rule
from tests.domain.polls import MINUTE, Run, a_rule, threshold

BAD, WORSE, GOOD = 15.0, 50.0, 0.0
HOUR = 60 * MINUTE
WHY = "silence sl-1: deploy (anna)"
TWO = a_rule("value > 20", warning=threshold("value > 10"))


def a_run(*silences: object, rule: Rule | None = None, forgetful: bool, **options: object) -> Run:
    """A run under these silences."""
    return Run((rule or TWO,), silences=silences, forgetful=forgetful, **options)  # type: ignore[arg-type]


def fed(run: Run, *figures: float | None) -> Run:
    """One poll of Paris per figure; None fails."""
    for figure in figures:
        if figure is None:
            run.bad()
        else:
            run.good({"Paris": figure})
    return run


def withheld(run: Run) -> list[tuple[str, Address | None, str]]:
    """What nobody was told: kind, address and reason."""
    return [(one.kind.value, one.address, one.reason) for one in run.notices if not one.told]


def last(run: Run) -> Notice:
    """The last notice that somebody gets."""
    return [notice for notice in run.notices if notice.told][-1]


def only(run: Run) -> Incident:
    """The only incident there was."""
    (found,) = run.incidents.values()
    return found


def cities(run: Run, bad: str, *, more: str = "") -> Run:
    """One poll of two countries with three towns each; those named are critical."""
    names = [f"{country}/{town}" for country in ("CH", "FR") for town in ("a", "b", "c")]
    run.good({name: WORSE if name in (*bad.split(), *more.split()) else GOOD for name in names})
    return run
