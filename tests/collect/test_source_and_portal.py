"""The source against the simulated Portal: every query, layout and awkward name; discovery and the account of a probe."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from sentinel.collect.nexthink import NexthinkSource
from sentinel.collect.probe import probe
from sentinel.collect.registry import sources_of
from sentinel.collect.source import Offer
from sentinel.demo import faults, faults_wire
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.tenants import Tenant
from sentinel.demo.tiers import awkward, tiny
from sentinel.domain.reading import Failure, Query, Reason
from tests.collect.portals import by_node, failure, figures, remarked, settings, source_at
from tests.fakes.clock import FakeClock

LEAVES = (("CH", "Bern"), ("CH", "Zürich & Oerlikon"), ("DE", "Bern"), ("DE", "A/B"))


@asynccontextmanager
async def portal_and_source(
    tenant: Tenant | None = None, **changes: Any
) -> AsyncIterator[tuple[Portal, NexthinkSource]]:
    clock = FakeClock()
    tenant = tenant or tiny(LEAVES, levels=("Country", "Site"))
    services = {service.name: service.uid for service in tenant.services}
    values = {"username": USER, "password": SecretStr(PASSWORD), "services": services} | changes
    async with Portal(tenant, now=clock.now) as portal, source_at(portal.url, clock, **values) as source:
        yield portal, source


def level(portal: Portal, name: str = "Site", scope: Any = "hour") -> Query:
    return Query("portal", portal.tenant.services[0].name, "Location", level=name, scope=scope)


def path(portal: Portal, *names: str) -> Query:
    return Query("portal", portal.tenant.services[0].name, "Location", path=names)


@pytest.mark.parametrize("shape", ["rows", "envelope", "columns", "csv", "csv with units", "csv for Europe"])
async def test_every_layout_of_the_portal_gives_the_same_reading(shape: str) -> None:
    async with portal_and_source() as (portal, plain):
        expected = await plain.ask(level(portal))
    async with portal_and_source(format="csv" if "csv" in shape else "json") as (portal, source):
        if "csv" not in shape:
            portal.switches.shape = shape  # type: ignore[assignment]
        portal.switches.csv_units = "units" in shape
        portal.switches.csv_delimiter = ";" if "Europe" in shape else ","
        portal.switches.csv_bom = "Europe" in shape
        reading = await source.ask(level(portal))
    assert reading.remarks == ()
    assert figures(reading).rows.nodes == (("CH",), *LEAVES[:2], ("DE",), *LEAVES[2:])
    assert figures(reading).rows.aggregate.tolist() == [True, False, False, True, False, False]
    assert set(figures(reading).columns) == set(figures(expected).columns)
    for metric, column in figures(expected).columns.items():
        assert figures(reading).column(metric).tolist() == column.tolist()


@pytest.mark.parametrize("style", ["repeated", "slash"])
async def test_path_queries_give_the_node_and_its_children(style: Any) -> None:
    async with portal_and_source(path_style=style) as (portal, source):
        portal.switches.path_style = style
        top = await source.ask(path(portal))
        country = await source.ask(path(portal, "DE"))
        entity = await source.ask(path(portal, "DE", "A/B"))
        portal.switches.entity_row = "named"
        named = await source.ask(path(portal, "DE", "A/B"))
    assert list(by_node(top)) == [(), ("CH",), ("DE",)]
    assert figures(top).rows.aggregate.tolist() == [True, False, False]
    assert list(by_node(country)) == [("DE",), *LEAVES[2:]]
    assert figures(country).rows.aggregate.tolist() == [True, False, False]
    for reading in (entity, named):
        assert list(by_node(reading)) == [("DE", "A/B")]
        assert figures(reading).rows.aggregate.tolist() == [False]


async def test_a_day_and_an_upper_level_can_be_asked() -> None:
    async with portal_and_source() as (portal, source):
        reading = await source.ask(level(portal, "Country", "day"))
    assert list(by_node(reading)) == [(), ("CH",), ("DE",)]


async def test_awkward_names_arrive_whole_and_a_site_called_all_costs_only_its_parents_row() -> None:
    tenant = awkward()
    async with portal_and_source(tenant) as (portal, source):
        reading = await source.ask(level(portal))
        slashed = await source.ask(
            Query("portal", "Sales / CRM & more", "Location", path=("Germany", "Research & Development"))
        )
    found = by_node(reading)
    real = {leaf for leaf in tenant.hierarchies[0].leaves if leaf[-1] != "all"}
    assert real <= set(found)
    assert not any(math.isnan(found[leaf]) for leaf in real)
    assert math.isnan(found["Switzerland",])
    assert not math.isnan(found["Germany",])
    assert remarked(reading, "'Switzerland'", "2 rows")
    assert list(by_node(slashed)) == [("Germany", "Research & Development")]


async def test_a_renamed_column_is_read_through_the_map() -> None:
    async with portal_and_source(columns={"devices": "Number of devices"}) as (portal, source):
        portal.switches.titles = {"devices": "Number of devices", "service": "Name of service"}
        reading = await source.ask(level(portal))
    assert all(figure > 0 for figure in by_node(reading).values())
    assert reading.remarks == ()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.Status(503), Reason.SERVER_ERROR),
        (faults.Status(403), Reason.FORBIDDEN),
        (faults.Status(429, retry_after="60"), Reason.THROTTLED),
        (faults.LoginPage(), Reason.HTML),
        (faults.Redirect("/login"), Reason.REDIRECTED),
        (faults.EmptyList(), Reason.EMPTY),
        (faults.Truncated(), Reason.NOT_A_TABLE),
        (faults.DuplicateKeys(), Reason.NOT_A_TABLE),
        (faults.deep_nesting(), Reason.NOT_A_TABLE),
        (faults_wire.ResetMidBody(), Reason.TRUNCATED),
        (faults_wire.WrongLength(), Reason.TRUNCATED),
        (faults_wire.GzipBomb(), Reason.TOO_LARGE),
        (faults_wire.HugeBody(), Reason.TOO_LARGE),
        (faults_wire.HugeBody(declared=False), Reason.TOO_LARGE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, faults.Fault) else "",
)
async def test_each_fault_of_the_portal_has_its_reason_and_passes(fault: faults.Fault, reason: Reason) -> None:
    clock_free: dict[str, Any] = {"max_raw_bytes": 2**20, "max_unpacked_bytes": 2**22}
    async with portal_and_source(**clock_free) as (portal, source):
        portal.fault(fault)
        found = failure(await source.ask(level(portal)))
        portal.clear_faults()
        if reason is not Reason.THROTTLED:
            assert (await source.ask(level(portal))).figures is not None
    assert found.reason is reason


async def test_a_portal_that_trickles_is_cut_at_the_deadline() -> None:
    async with portal_and_source(timeout=0.3) as (portal, source):
        portal.fault(faults_wire.SlowLoris())
        assert failure(await source.ask(level(portal))).reason is Reason.TIMEOUT


async def test_a_portal_that_went_away_and_came_back_is_asked_again() -> None:
    async with portal_and_source() as (portal, source):
        await source.ask(level(portal))
        await portal.refuse()
        assert failure(await source.ask(level(portal))).reason is Reason.UNREACHABLE
        await portal.listen()
        assert (await source.ask(level(portal))).figures is not None


async def test_the_feature_switch_is_named_when_the_api_is_off() -> None:
    async with portal_and_source() as (portal, source):
        portal.switches.feature_on = False
        found = failure(await source.ask(level(portal)))
    assert found.reason is Reason.NOT_FOUND
    assert "globalconfig.feature.service-test-api = true" in found.hint


@pytest.mark.parametrize(("status", "reason"), [(404, Reason.NOT_FOUND), (400, Reason.BAD_REQUEST)])
async def test_an_unknown_level_is_told_with_what_was_asked(status: int, reason: Reason) -> None:
    async with portal_and_source() as (portal, source):
        portal.switches.unknown_status = status
        found = failure(await source.ask(level(portal, "Building")))
    assert found.reason is reason
    assert "level 'Building'" in found.text


async def test_fifty_queries_with_a_wrong_password_do_not_lock_the_account() -> None:
    async with portal_and_source(password=SecretStr("wrong")) as (portal, source):
        readings = await asyncio.gather(*(source.ask(level(portal)) for _ in range(50)))
        refused = [one for one in portal.log if one.auth_ok is False]
    assert len(refused) == 1
    assert {failure(reading).reason for reading in readings} == {Reason.UNAUTHORIZED, Reason.PAUSED}


async def test_never_more_than_three_requests_at_once() -> None:
    async with portal_and_source() as (portal, source):
        await source.ask(level(portal))
        await asyncio.gather(*(source.ask(level(portal)) for _ in range(20)))
        assert portal.most_at_once <= 3


async def test_discovery_finds_services_hierarchies_and_levels() -> None:
    async with portal_and_source(services={}) as (portal, source):
        offer = await source.discover()
        assert isinstance(offer, Offer)
        reading = await source.ask(level(portal))
    wanted = [(one.name, one.uid, one.kind) for one in portal.tenant.services]
    assert [(one.name, one.uid, one.kind) for one in offer.services] == wanted
    assert [(one.name, one.levels) for one in offer.hierarchies] == [("Location", ("Country", "Site"))]
    assert [(one.source, one.name) for one in source.services()] == [("portal", name) for name, _, _ in wanted]
    assert reading.figures is not None


async def test_what_is_declared_is_not_changed_by_discovery() -> None:
    name = tiny(LEAVES, levels=("Country", "Site")).services[0].name
    async with portal_and_source(services={name: "declared-uid"}) as (_, source):
        await source.discover()
    assert ("declared-uid") in [one.uid for one in source.services() if one.name == name]


@pytest.mark.parametrize(
    ("fault", "reason", "words"),
    [
        (faults.LoginPage(), Reason.NOT_A_TABLE, "Sign in"),
        (faults.Status(500), Reason.SERVER_ERROR, "discovery page"),
        (faults.Body(b"{}", "application/json"), Reason.NOT_A_TABLE, "no HTML page"),
        (faults_wire.ResetMidBody(), Reason.TRUNCATED, ""),
    ],
    ids=["login", "status", "json", "reset"],
)
async def test_discovery_that_fails_says_why(fault: faults.Fault, reason: Reason, words: str) -> None:
    async with portal_and_source() as (portal, source):
        portal.fault(fault)
        found = await source.discover()
    assert isinstance(found, Failure)
    assert found.reason is reason
    assert words in found.text


async def test_discovery_with_a_wrong_password_pauses_queries_too() -> None:
    async with portal_and_source(password=SecretStr("wrong")) as (portal, source):
        found = await source.discover()
        assert isinstance(found, Failure)
        assert found.reason is Reason.UNAUTHORIZED
        assert failure(await source.ask(level(portal))).reason is Reason.PAUSED


async def test_a_probe_tells_what_was_asked_what_came_and_what_was_recognised() -> None:
    async with portal_and_source() as (portal, source):
        portal.fault(faults.ExtraColumns({"Wi-Fi drops": 3, "Remark": "text"}))
        account = await probe(source, level(portal))
    assert account.url.startswith(portal.url + "/api/beta/service/data/overview?metric=")
    assert account.url.endswith("&hierarchy-level=Site&format=json")
    assert (account.status, account.shape, account.row_count, account.failure) == (200, "rows", 6, None)
    assert account.content_type.startswith("application/json")
    assert account.raw_bytes == account.unpacked_bytes > 0
    assert (account.service_column, account.levels) == ("service", ("Country", "Site"))
    assert account.metrics["devices"] == "devices"
    assert account.extra == {"wi_fi_drops": "Wi-Fi drops"}
    assert account.ignored == ("status", "Remark")
    assert len(account.rows) == 5
    assert (account.rows[0].node, account.rows[0].aggregate) == (("CH",), True)
    assert account.rows[0].figures["devices"] is not None


async def test_a_probe_of_a_layout_nobody_understands_shows_its_beginning() -> None:
    async with portal_and_source() as (portal, source):
        portal.fault(faults.Body(b'{"answer": {"nested": 1}}'))
        account = await probe(source, level(portal))
    assert account.failure is not None
    assert account.failure.reason is Reason.NOT_A_TABLE
    assert account.beginning == '{"answer": {"nested": 1}}'


async def test_sources_are_built_by_name_and_names_are_unique() -> None:
    one = settings("https://portal.example.com")
    sources = sources_of([one], FakeClock())
    assert sources["portal"].name == "portal"
    await sources["portal"].close()
    with pytest.raises(ValueError, match="two sources"):
        sources_of([one, one], FakeClock())
