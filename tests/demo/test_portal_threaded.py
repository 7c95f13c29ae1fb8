"""The Portal for callers without an event loop."""

import threading

import httpx
import pytest

from sentinel.demo.discovery import DATA
from sentinel.demo.faults import Status
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.threaded import ThreadedPortal
from sentinel.demo.tiers import EXCHANGE_UID, tier
from tests.demo.portal_client import MONDAY


def ask(runner: ThreadedPortal) -> httpx.Response:
    with httpx.Client(base_url=runner.url, auth=(USER, PASSWORD), trust_env=False) as asker:
        return asker.get(DATA, params={"metric": EXCHANGE_UID, "format": "json"})


def test_a_synchronous_caller_gets_answers_and_changes_the_portal_while_it_runs() -> None:
    with ThreadedPortal(Portal(tier(), now=lambda: MONDAY)) as runner:
        assert ask(runner).status_code == 200
        runner.portal.fault(Status(503, times=1))
        assert [ask(runner).status_code for _ in range(2)] == [503, 200]
        runner.call(runner.portal.refuse())
        with pytest.raises(httpx.ConnectError):
            ask(runner)
        runner.call(runner.portal.listen())
        assert ask(runner).status_code == 200


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    with ThreadedPortal(Portal(tier(), now=lambda: MONDAY)) as first:
        with pytest.raises(OSError, match="in use"):
            ThreadedPortal(Portal(tier(), now=lambda: MONDAY, port=first.portal.port)).start()
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
