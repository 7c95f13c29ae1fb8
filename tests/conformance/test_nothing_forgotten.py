"""Every case is run, waits with its reason, or is judged otherwise with its reason; the page about them is up to date."""

from __future__ import annotations

from tests.conformance import page
from tests.conformance.cases import CASES, OTHERWISE, REMARKS, RUN, WAITING


def test_every_case_stands_in_exactly_one_place() -> None:
    page.collect()
    places = [*RUN, *WAITING, *OTHERWISE]
    assert sorted(places) == sorted(CASES)
    assert set(REMARKS) <= set(RUN)


def test_every_reason_says_something() -> None:
    assert [one for one, why in {**WAITING, **OTHERWISE, **REMARKS}.items() if len(why) < 20] == []


def test_the_page_about_them_is_up_to_date() -> None:
    """Write it anew: python -m tests.conformance.page."""
    page.collect()
    assert page.PAGE.read_text(encoding="utf-8") == page.text()
