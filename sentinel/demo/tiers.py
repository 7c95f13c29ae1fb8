"""Ready-made tenants: the small one of the demonstration, four sizes, and one with every awkward name."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid5

import numpy as np

from sentinel.demo.atlas import COUNTRIES, ORDERS, REGIONS, SERVICES, TOPS
from sentinel.demo.tenants import Entity, Hierarchy, Path, Service, ServiceKind, Tenant

TierName = Literal["demo", "S", "M", "L", "XL"]

EXCHANGE_UID = "1f6f3a52-5d4e-4c0a-9a55-0b7f3f6f2d11"
_NAMESPACE = UUID("6c0b3f0e-8f0d-4b39-9d0b-6a1a6f6d9b10")
_ENTITY_LEVEL = "Site"


@dataclass(frozen=True, slots=True)
class Size:
    """Devices, Engines, entities, hierarchies, user-defined levels of each, services."""

    devices: int
    engines: int
    entities: int
    hierarchies: int
    levels: int
    services: int


# Sizing assumptions: the vendor's hardware guide counts 10,000 devices per Engine and asks for assistance above
# 150,000 devices (L); about 100 devices per entity, where its outlier rule switches. XL is a stress size.
SIZES: dict[str, Size] = {
    "S": Size(2_000, 1, 20, 1, 2, 8),
    "M": Size(25_000, 3, 250, 2, 3, 20),
    "L": Size(150_000, 15, 1_500, 3, 4, 50),
    "XL": Size(300_000, 30, 4_000, 4, 5, 100),
}

_DEMO_SITES: tuple[tuple[str, str, str, int, str], ...] = (
    ("Europe", "Switzerland", "Zurich", 420, "Europe/Zurich"),
    ("Europe", "Switzerland", "Geneva", 260, "Europe/Zurich"),
    ("Europe", "Switzerland", "Basel", 180, "Europe/Zurich"),
    ("Europe", "Germany", "Berlin", 310, "Europe/Berlin"),
    ("Europe", "Germany", "Munich", 240, "Europe/Berlin"),
    ("Europe", "Germany", "Hamburg", 150, "Europe/Berlin"),
    ("Europe", "France", "Paris", 380, "Europe/Paris"),
    ("Europe", "France", "Lyon", 140, "Europe/Paris"),
    ("Europe", "France", "Lille", 120, "Europe/Paris"),
    ("North America", "United States", "New York", 350, "America/New_York"),
    ("North America", "United States", "Chicago", 210, "America/Chicago"),
    ("North America", "United States", "Austin", 160, "America/Chicago"),
)


def uid_of(name: str) -> str:
    """The UID of a generated service: the same for the same name in every tenant."""
    return EXCHANGE_UID if name == "Exchange Online" else str(uuid5(_NAMESPACE, name))


def services(count: int) -> tuple[Service, ...]:
    """The first `count` services of a company, both kinds among them."""
    known = [(name, kind) for name, kind in SERVICES[:count]]
    extra = [(f"Business App {n}", "web" if n % 2 else "connection") for n in range(len(known) + 1, count + 1)]
    return tuple(
        Service(
            uid=uid_of(name),
            name=name,
            kind=_kind(kind),
            share=0.9 - 0.05 * (n % 8),
            response_ms=25.0 + 5.0 * (n % 7),
            duration_ms=220.0 + 40.0 * (n % 9),
            intensity=8.0 + 2.0 * (n % 5),
        )
        for n, (name, kind) in enumerate(known + extra)
    )


def tier(name: TierName = "demo", *, seed: int = 1, office_hours: bool = True) -> Tenant:
    """A tenant of that size. `demo`: 12 sites of 4 countries on 2 continents, 8 services, hierarchy Location."""
    if name == "demo":
        return _demo(seed, office_hours=office_hours)
    size = SIZES[name]
    places = _places(size.entities, size.levels)
    shares = np.random.default_rng(seed).lognormal(0.0, 0.8, size.entities)
    devices = np.maximum(3, np.rint(shares / shares.sum() * size.devices)).astype(np.int64).tolist()
    entities = tuple(
        Entity(key=f"{name}-{n}", devices=count, timezone=zone)
        for n, ((_, zone), count) in enumerate(zip(places, devices, strict=True))
    )
    leaves = tuple(path for path, _ in places)
    location = Hierarchy(name="Location", levels=(*ORDERS[0][1][: size.levels], _ENTITY_LEVEL), leaves=leaves)
    others = tuple(_order(n, size.levels, leaves) for n in range(1, size.hierarchies))
    return Tenant(
        name=f"Tier {name}",
        services=services(size.services),
        entities=entities,
        hierarchies=(location, *others),
        seed=seed,
        office_hours=office_hours,
        engines=size.engines,
    )


def awkward(*, seed: int = 1, office_hours: bool = False) -> Tenant:
    """A tenant whose names and contents try a client's patience; hierarchy Location, levels Country and Site.

    Duplicates under different parents, umlauts, `&`, `/`, `+`, spaces at the ends, markup, right-to-left marks, a site
    called `all`, a name of 10,000 bytes, an entity without devices, a disabled service and one with `/` in its name.
    """
    leaves: tuple[Path, ...] = (
        ("Switzerland", "Sales"),
        ("Switzerland", "Zürich Örlikon"),
        ("Switzerland", "all"),
        ("Switzerland", "Empty"),
        ("Germany", "Sales"),
        ("Germany", "Research & Development"),
        ("Germany", "Berlin/Mitte"),
        ("Germany", "C++ Lab 100%"),
        ("Côte d'Ivoire", " Abidjan "),
        ("Côte d'Ivoire", '<b>Plateau</b> "one"'),
        ("Côte d'Ivoire", "\u202egnp\u202c.exe"),
        ("Côte d'Ivoire", "x" * 10_000),
    )
    plain = services(3)
    return Tenant(
        name="Awkward",
        services=(
            *plain,
            Service(uid=uid_of("Intranet"), name="Intranet", kind="web"),
            Service(uid=uid_of("Sales / CRM & more"), name="Sales / CRM & more"),
            Service(uid=uid_of("Retired"), name="Retired", enabled=False),
        ),
        entities=tuple(
            Entity(key=f"awkward-{n}", devices=0 if leaf[-1] == "Empty" else 150) for n, leaf in enumerate(leaves)
        ),
        hierarchies=(Hierarchy(name="Location", levels=("Country", _ENTITY_LEVEL), leaves=leaves),),
        seed=seed,
        office_hours=office_hours,
    )


def tiny(
    leaves: tuple[Path, ...], *, levels: tuple[str, ...], devices: int = 200, hierarchy: str = "Location"
) -> Tenant:
    """A tenant of exactly these entities with steady load and the services of the demonstration."""
    return Tenant(
        name="Tiny",
        services=services(8),
        entities=tuple(Entity(key="/".join(leaf), devices=devices) for leaf in leaves),
        hierarchies=(Hierarchy(name=hierarchy, levels=levels, leaves=leaves),),
        office_hours=False,
    )


def _kind(word: str) -> ServiceKind:
    return "web" if word == "web" else "connection"


def _demo(seed: int, *, office_hours: bool) -> Tenant:
    return Tenant(
        name="Demonstration",
        services=services(8),
        entities=tuple(Entity(key=site, devices=count, timezone=zone) for _, _, site, count, zone in _DEMO_SITES),
        hierarchies=(
            Hierarchy(
                name="Location",
                levels=("Continent", "Country", _ENTITY_LEVEL),
                leaves=tuple((continent, country, site) for continent, country, site, _, _ in _DEMO_SITES),
            ),
        ),
        seed=seed,
        office_hours=office_hours,
    )


def _places(count: int, levels: int) -> list[tuple[Path, str]]:
    """`count` sites spread evenly over the cities, as (path, time zone), in the order of the hierarchy."""
    cities = [(c, k, z, city, n) for c, k, z, names in COUNTRIES for n, city in enumerate(names)]
    places: list[tuple[Path, str]] = []
    for n, (continent, country, zone, city, place) in enumerate(cities):
        many = count // len(cities) + (n * 7 % len(cities) < count % len(cities))
        for site in range(1, many + 1):
            steps = (continent, country, f"{country} {REGIONS[place % 4]}", city, f"{city} Campus {site % 3 + 1}")
            places.append(((*steps[:levels], f"{city} {site}"), zone))
    return places


def _order(which: int, levels: int, sites: tuple[Path, ...]) -> Hierarchy:
    """One more hierarchy over the same entities: named tops, numbered nodes below."""
    name, titles = ORDERS[which]
    leaves: list[Path] = []
    for n, site in enumerate(sites):
        rest = n * 31 + which
        path: Path = ()
        for depth, title in enumerate(titles[:levels]):
            fan = len(TOPS[name]) if depth == 0 else 3
            rest, pick = divmod(rest, fan)
            path = (*path, TOPS[name][pick] if depth == 0 else f"{path[0]} {title} {depth}{pick + 1}")
        leaves.append((*path, site[-1]))
    return Hierarchy(name=name, levels=(*titles[:levels], _ENTITY_LEVEL), leaves=tuple(leaves))
