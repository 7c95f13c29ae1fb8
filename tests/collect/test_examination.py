"""A Portal looked at: every illness over a real connection, each with its mend, and the account never locked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sentinel.clock import SystemClock
from sentinel.collect.examination import examine
from sentinel.collect.settings import NexthinkSettings
from sentinel.config.loader import load
from sentinel.demo.faults import LoginPage, Redirect, Status
from sentinel.demo.portal import PASSWORD, USER, Portal
from sentinel.demo.tiers import tier
from sentinel.domain.asking import needed
from sentinel.domain.reading import Query
from sentinel.domain.rules import Rule, Service
from sentinel.findings import Finding, Findings, State
from tests.fakes.certificates import Authority

CANARY = "canary-portal-password"
RULES = """
[[source]]
name = "portal"
type = "nexthink"
url = "https://portal.example.com"

[[rule]]
id = "devices-in-error"
summary = "Devices with errors"
service = {services}
hierarchy = "{hierarchy}"
level = {level}
critical = "{condition}"

[[receiver]]
name = "workplace"
console = true
"""
VARIABLES = ("SENTINEL_SOURCE_PORTAL_USERNAME", "SENTINEL_SOURCE_PORTAL_PASSWORD")
EXCHANGE = next(one.uid for one in tier("demo").services if one.name == "Exchange Online")


def portal(**more: Any) -> Portal:
    return Portal(tier("demo"), now=SystemClock().now, **more)


def rules_that_ask(
    *,
    services: Sequence[str] = ("Exchange Online",),
    hierarchy: str = "Location",
    level: str = '["Country", "Site"]',
    condition: str = "devices_with_errors / devices > 10%",
) -> tuple[Rule, ...]:
    listed = "[" + ", ".join(f'"{one}"' for one in services) + "]"
    text = RULES.format(services=listed, hierarchy=hierarchy, level=level, condition=condition)
    return load(text=text).rulebook.rules


class Examined(dict[str, list[Finding]]):
    """Findings by check; `ahead` is the Portal's clock."""

    ahead: float | None = None

    def one(self, check: str) -> Finding:
        (found,) = self[check]
        return found

    @property
    def shown(self) -> str:
        return "\n".join(f"{one.text} {one.mend}" for findings in self.values() for one in findings)

    def states(self, *checks: str) -> list[str]:
        return [self.one(check).state.value for check in checks]


async def examined(served: Portal, rules: tuple[Rule, ...] | None = None, **changes: Any) -> Examined:
    wanted = rules_that_ask() if rules is None else rules
    values: dict[str, Any] = {"name": "portal", "username": USER, "password": SecretStr(PASSWORD), "url": served.url}
    settings = NexthinkSettings(**(values | changes))
    book = load(text=RULES.format(services='"x"', hierarchy="x", level='"x"', condition="devices > 1")).rulebook

    def queries(services: Iterable[Service]) -> list[Query]:
        return [one.query for one in needed(replace(book, rules=wanted), services)]

    found = Findings(3)
    ahead = await examine(settings, wanted, queries, SystemClock(), found, setting="url", variables=VARIABLES)
    result = Examined()
    for one in found:
        result.setdefault(one.check, []).append(one)
    result.ahead = ahead
    return result


async def test_a_healthy_portal_is_well_in_every_step_and_asked_twice(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with portal(tls=authority.serving()) as served:
        found = await examined(served, ca_file=authority.ca_file)
        assert [one.state for findings in found.values() for one in findings] == [State.OK] * 8
        assert list(found) == ["dns", "tcp", "tls", "http", "login", "services", "levels", "data"]
        assert len(served.log) == 2
    assert found.one("levels").text == "Location: Continent > Country > Site"
    assert "Exchange Online, Location, level Country: " in found.one("data").text
    assert found.ahead is not None
    assert abs(found.ahead) < 30


@pytest.mark.fault(53)
async def test_a_wrong_password_is_tried_once_and_never_shown() -> None:
    async with portal() as served:
        found = await examined(served, password=SecretStr(CANARY))
        assert [entry.auth_ok for entry in served.log] == [False]
    assert found.states("http", "login", "data") == ["ok", "failed", "skipped"]
    assert found.one("login").code == 5
    assert "user or password refused" in found.one("login").text
    assert found.one("login").mend.startswith(f"check {VARIABLES[0]} and {VARIABLES[1]}. The Portal locks an account")
    assert CANARY not in found.shown


@pytest.mark.fault(54)
async def test_a_missing_right_is_told_apart_from_a_wrong_password() -> None:
    async with portal() as served:
        served.fault(Status(403))
        found = await examined(served)
        assert len(served.log) == 1
    assert found.one("login").code == 5
    assert "(forbidden)" in found.one("login").text
    assert found.one("login").mend == "the account lacks the right to the Services API or to this view domain"


async def test_without_a_password_the_portal_is_not_asked_at_all() -> None:
    async with portal() as served:
        found = await examined(served, password=SecretStr(""))
        assert len(served.log) == 0
    assert found.one("login").code == 2
    assert found.one("login").mend.startswith("set SENTINEL_SOURCE_PORTAL_PASSWORD, or")


@pytest.mark.fault(51)
async def test_a_login_page_is_no_portal() -> None:
    async with portal() as served:
        served.fault(LoginPage("Sign in to Contoso"))
        found = await examined(served)
    assert found.states("http", "login", "data") == ["failed", "skipped", "skipped"]
    assert "got a login page, title 'Sign in to Contoso'" in found.one("http").text
    assert "local account" in found.one("http").mend


@pytest.mark.fault(58)
async def test_a_redirect_is_named_with_its_target_and_not_followed() -> None:
    async with portal() as served:
        served.fault(Redirect("https://sso.example.com/login?token=SECRET"))
        found = await examined(served)
        assert len(served.log) == 1
    assert "answered 302 and points to 'https://sso.example.com/login'" in found.one("http").text
    assert "SECRET" not in found.shown


async def test_a_portal_that_restarts_says_try_again() -> None:
    async with portal() as served:
        served.fault(Status(503))
        found = await examined(served)
    assert found.one("http").state is State.FAILED
    assert "try again" in found.one("http").mend


async def test_a_services_api_that_is_off_names_the_switch() -> None:
    async with portal() as served:
        served.switches.feature_on = False
        unknown = await examined(served)
        declared = await examined(served, services={"Exchange Online": EXCHANGE})
    assert "service-test-api = true" in unknown.one("services").mend
    assert unknown.states("login", "data") == ["skipped", "skipped"]
    assert declared.states("services", "login", "data") == ["ok", "skipped", "failed"]
    assert "service-test-api = true" in declared.one("data").mend


async def test_declared_services_do_without_the_portals_list() -> None:
    async with portal() as served:
        served.fault(Status(404, only="/api/beta/services"))
        found = await examined(served, services={"Exchange Online": EXCHANGE})
    assert found.states("http", "services", "levels", "login", "data") == ["ok", "ok", "skipped", "ok", "ok"]
    assert "declared ones only" in found.one("services").text


async def test_a_list_that_anybody_may_read_proves_no_password() -> None:
    async with portal() as served:
        served.fault(Status(401, only="/api/beta/service/data"))
        found = await examined(served)
    assert found.states("login", "services", "data") == ["failed", "ok", "skipped"]


async def test_the_data_may_be_refused_where_the_list_is_not_to_be_had() -> None:
    async with portal() as served:
        served.fault(Status(404, only="/api/beta/services"))
        found = await examined(served, services={"Exchange Online": EXCHANGE}, password=SecretStr(CANARY))
        assert [entry.auth_ok for entry in served.log if entry.status == 401] == [False]
    assert found.states("login", "data") == ["failed", "skipped"]
    assert found.one("login").code == 5


async def test_services_and_levels_that_the_portal_does_not_have_come_with_the_nearest() -> None:
    rules = rules_that_ask(services=("Exchnge Online", "Teams", "Citrix*"), level='["Country", "Sites"]')
    async with portal() as served:
        found = await examined(served, rules)
    lacking, glob = found["services"]
    assert "no service 'Exchnge Online'" in lacking.text
    assert lacking.mend.startswith("did you mean 'Exchange Online'?")
    assert (lacking.state, lacking.code) == (State.FAILED, 3)
    assert (glob.state, glob.text) == (State.WARNING, "no service fits 'Citrix*'")
    assert "has no level 'Sites'" in found.one("levels").text
    assert found.one("levels").mend.startswith("did you mean 'Site'?")
    assert found.one("data").state is State.OK, "Teams at Country is asked all the same"


async def test_a_hierarchy_that_the_portal_does_not_have_is_named() -> None:
    async with portal() as served:
        found = await examined(served, rules_that_ask(hierarchy="Organisation"))
    assert found.one("levels").text == "there is no hierarchy 'Organisation': there is Location"
    assert found.one("data").state is State.FAILED


async def test_a_metric_that_the_answer_lacks_names_the_columns_it_has() -> None:
    async with portal() as served:
        served.switches.titles = {"devices_with_errors": "Broken PCs"}
        found = await examined(served)
    data = found.one("data")
    assert data.state is State.FAILED
    assert "but not devices_with_errors, which the rules judge by" in data.text
    assert "'Broken PCs'" in data.text
    assert 'columns = { devices_with_errors = "..." }' in data.mend


async def test_a_metric_without_a_single_figure_is_a_warning() -> None:
    async with portal(figures=lambda _service, _node, metric, _at: math.nan if metric == "devices" else 7.0) as served:
        found = await examined(served)
    assert found.one("data").state is State.WARNING
    assert "not one figure for devices, which the rules judge by" in found.one("data").text


async def test_rules_without_any_query_are_not_asked() -> None:
    async with portal() as served:
        found = await examined(served, ())
        assert len(served.log) == 1
    assert found.one("data").state is State.SKIPPED


@pytest.mark.fault(59)
async def test_behind_a_proxy_of_the_environment_the_direct_way_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with portal() as served:
        direct = await examined(served)
        found = await examined(served, trust_env=True)
    assert direct.states("dns", "tcp", "http") == ["ok", "ok", "ok"], "the variables choose no route unless asked to"
    assert found.states("dns", "tcp", "tls", "http") == ["skipped", "skipped", "skipped", "failed"]
