"""Who gets in, what the discovery page shows, and what the Portal remembers of its visitors."""

import asyncio
import ssl

import httpx
import pytest
import trustme

from sentinel.demo.accounts import Account
from sentinel.demo.discovery import DATA, ENGINES, SERVICES
from sentinel.demo.faults import Delay
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.switches import Switches
from sentinel.demo.tiers import EXCHANGE_UID, awkward, tier
from tests.demo.portal_client import MONDAY, client, get


async def test_without_credentials_it_asks_for_basic_authentication() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        answer = await get(portal, auth=None)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert (portal.log[0].auth_ok, portal.log[0].authorization_sent) == (False, False)


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Basic /////w==", "Bearer abc"])
async def test_credentials_that_cannot_be_read_are_refused(header: str) -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal, client(portal, None) as asker:
        assert (await asker.get(DATA, headers={"Authorization": header})).status_code == 401


async def test_five_failed_logins_lock_the_account_for_fifteen_minutes() -> None:
    """Not even the right password opens it meanwhile, and asking does not prolong the lock."""
    now = [MONDAY]
    async with Portal(tier(), now=lambda: now[0]) as portal:
        for _ in range(5):
            assert (await get(portal, auth=(USER, "wrong"))).status_code == 401
        now[0] += 899
        assert (await get(portal)).status_code == 401
        now[0] += 1
        assert (await get(portal)).status_code == 200


async def test_a_good_login_forgets_the_failed_ones_before_it() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        for _ in range(3):
            for _ in range(4):
                await get(portal, auth=(USER, "wrong"))
            assert (await get(portal)).status_code == 200


async def test_one_locked_account_does_not_touch_the_others_and_can_be_unlocked() -> None:
    accounts = {"a": Account("1"), "b": Account("2")}
    async with Portal(tier(), now=lambda: MONDAY, accounts=accounts, lock_after=2) as portal:
        for _ in range(2):
            await get(portal, auth=("a", "wrong"))
        assert (await get(portal, auth=("a", "1"))).status_code == 401
        assert (await get(portal, auth=("b", "2"))).status_code == 200
        portal.doorkeeper.unlock("a")
        assert (await get(portal, auth=("a", "1"))).status_code == 200


async def test_without_the_feature_switch_the_services_api_is_not_there() -> None:
    async with Portal(tier(), now=lambda: MONDAY, switches=Switches(feature_on=False)) as portal:
        async with client(portal) as asker:
            assert (await asker.get(SERVICES)).status_code == 404
            answer = await asker.get(DATA, params={"metric": EXCHANGE_UID})
            assert answer.status_code == 404
            assert answer.headers["content-type"].startswith("text/html")
            assert (await asker.get(ENGINES)).json()[0]["status"] == "CONNECTED"
        portal.switches.feature_on = True
        assert (await get(portal)).status_code == 200


async def test_the_discovery_page_lists_services_hierarchies_and_working_links() -> None:
    async with Portal(awkward(), now=lambda: MONDAY) as portal, client(portal) as asker:
        page = (await asker.get(SERVICES)).text
        for expected in (EXCHANGE_UID, "connection-based", "web-based", "Sales / CRM &amp; more", "<li>Country</li>"):
            assert expected in page
        assert "Retired" not in page
        link = page.split('href="')[1].split('"')[0].replace("&amp;", "&")
        assert (await asker.get(link)).status_code == 200


async def test_the_discovery_page_shows_the_view_domain_only() -> None:
    accounts = {USER: Account(PASSWORD, domain=("Europe",))}
    async with Portal(tier(), now=lambda: MONDAY, accounts=accounts) as portal, client(portal) as asker:
        page = (await asker.get(SERVICES)).text
        assert "<li>Europe</li>" in page
        assert "North America" not in page


async def test_the_log_tells_how_many_requests_ran_at_once() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        portal.fault(Delay(0.2))
        async with client(portal) as asker:
            await asyncio.gather(*(asker.get(DATA, params={"metric": EXCHANGE_UID}) for _ in range(4)))
        assert portal.most_at_once == 4
        assert [entry.status for entry in portal.log] == [200] * 4
        assert portal.log[0].values("metric") == [EXCHANGE_UID]
        assert portal.log[0].at == MONDAY


async def test_it_serves_https_with_a_private_authority() -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with Portal(tier(), now=lambda: MONDAY, tls=server) as portal:
        assert portal.url.startswith("https://127.0.0.1:")
        async with client(portal, verify=trusting) as asker:
            assert (await asker.get(SERVICES)).status_code == 200
        async with client(portal) as stranger:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await stranger.get(SERVICES)


async def test_it_can_stop_listening_and_come_back_on_the_same_port() -> None:
    async with Portal(tier(), now=lambda: MONDAY) as portal:
        url = portal.url
        assert (await get(portal)).status_code == 200
        await portal.refuse()
        with pytest.raises(httpx.ConnectError):
            await get(portal)
        await portal.listen()
        assert portal.url == url
        assert (await get(portal)).status_code == 200


async def test_a_stopped_portal_can_start_again() -> None:
    portal = Portal(tier(), now=lambda: MONDAY)
    for _ in range(2):
        async with portal:
            assert (await get(portal)).status_code == 200
