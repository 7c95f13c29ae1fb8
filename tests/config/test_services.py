"""Rules name services by names, patterns and identifiers; each finds its service."""

from __future__ import annotations

from sentinel.config.loader import Loaded, load
from sentinel.domain.asking import needed
from sentinel.domain.rules import Service

UID = "1f6f3a52-5d4e-4c0a-9a55-0b7f3f6f2d11"
OTHER = "2f6f3a52-5d4e-4c0a-9a55-0b7f3f6f2d12"


def loaded(services: str, rule: str, routes: str = "") -> Loaded:
    return load(
        text='[[source]]\nname = "portal"\nurl = "https://portal.example.com"\n'
        + services
        + '[[rule]]\nid = "r"\nhierarchy = "Location"\nlevel = "Site"\nwarning = "devices_with_errors > 5"\n'
        + rule
        + '[[receiver]]\nname = "desk"\nconsole = true\n'
        + routes
    )


def asked(found: Loaded, *services: Service) -> list[str]:
    return [one.query.service for one in needed(found.rulebook, services or found.services)]


def test_a_declared_identifier_stands_for_the_name_in_rules_overrides_and_routes() -> None:
    found = loaded(
        f'[[service]]\nname = "SAP \\\\ ERP"\nuid = "{UID}"\n',
        f'service = ["{UID.upper()}", "SAP \\\\\\\\ ERP"]\n[[rule.override]]\nservice = "{UID}"\nfor = "1h"\n',
        f'[[route]]\nservice = "{UID}"\nto = ["desk"]\n[[route]]\nto = ["desk"]\n',
    )
    assert found.warnings == ()
    rule = found.rulebook.rules[0]
    assert len(rule.services) == 1, "both words mean the same service"
    assert asked(found) == ["SAP \\ ERP"]
    assert rule.overrides[0].applies("SAP \\ ERP", ("Paris",))
    assert found.rulebook.routes[0].matchers.service[0].matches("SAP \\ ERP")


def test_an_identifier_that_nothing_declares_finds_its_service_in_the_list_of_the_source() -> None:
    found = loaded("", f'service = "{UID}"\n')
    assert [one.code for one in found.warnings] == ["W111"]
    listed = (Service("portal", "Exchange Online", UID.upper()), Service("portal", "SAP", OTHER))
    assert asked(found, *listed) == ["Exchange Online"]


def test_a_service_of_another_source_with_that_identifier_is_not_meant() -> None:
    found = loaded("", f'service = "{UID}"\n')
    assert asked(found, Service("elsewhere", "Exchange Online", UID)) == []


def test_a_service_without_a_known_identifier_is_found_by_its_name_alone() -> None:
    found = loaded("", 'service = "Exchange Online"\n')
    assert asked(found, Service("portal", "Exchange Online", ""), Service("portal", "SAP", "")) == ["Exchange Online"]
