"""The discovery page of the Services API: services, hierarchies, levels, and links to their data."""

from html import escape
from urllib.parse import urlencode

from sentinel.demo.accounts import Account
from sentinel.demo.answers import HTML, Answer
from sentinel.demo.tenants import Hierarchy, Service, Tenant

DATA = "/api/beta/service/data/overview"
SERVICES = "/api/beta/services"
ENGINES = "/api/configuration/v1/engines"

_FORMATS = ("table", "json", "csv")


def discovery_page(tenant: Tenant, account: Account) -> Answer:
    """The HTML page. The vendor describes it as a browser tool; its markup is ours.

    Table `services`: name, UID, type, links. Table `hierarchies`: name, levels from the top, topmost visible nodes.
    """
    rows = "".join(_service_row(service, tenant) for service in tenant.services if service.enabled)
    orders = "".join(_hierarchy_row(hierarchy, tenant, account) for hierarchy in tenant.hierarchies)
    body = (
        "<!DOCTYPE html><html><head><title>Services API</title></head><body><h1>Services API</h1>"
        '<table id="services"><thead><tr><th>Service</th><th>UID</th><th>Type</th><th>Data</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        '<table id="hierarchies"><thead><tr><th>Hierarchy</th><th>Levels</th><th>Nodes</th></tr></thead>'
        f"<tbody>{orders}</tbody></table></body></html>"
    )
    return Answer(200, HTML, body.encode())


def _service_row(service: Service, tenant: Tenant) -> str:
    links = " ".join(
        _link(service, hierarchy, level, wanted)
        for hierarchy in tenant.hierarchies
        for level in hierarchy.levels
        for wanted in _FORMATS
    )
    kind = f"{service.kind}-based"
    return f"<tr><td>{escape(service.name)}</td><td><code>{service.uid}</code></td><td>{kind}</td><td>{links}</td></tr>"


def _link(service: Service, hierarchy: Hierarchy, level: str, wanted: str) -> str:
    query = urlencode(
        {
            "metric": service.uid,
            "scope": "hour",
            "hierarchy": hierarchy.name,
            "hierarchy-level": level,
            "format": wanted,
        }
    )
    return f'<a href="{escape(f"{DATA}?{query}")}">{escape(hierarchy.name)} {escape(level)} {wanted}</a>'


def _hierarchy_row(hierarchy: Hierarchy, tenant: Tenant, account: Account) -> str:
    levels = "".join(f"<li>{escape(level)}</li>" for level in hierarchy.levels)
    top = account.top(hierarchy, tenant)
    names = (
        [top[-1]] if top else [path[-1] for path in hierarchy.layers[1].paths if account.sees(hierarchy, path, tenant)]
    )
    nodes = "".join(f"<li>{escape(name)}</li>" for name in names)
    return f"<tr><td>{escape(hierarchy.name)}</td><td><ol>{levels}</ol></td><td><ul>{nodes}</ul></td></tr>"
