"""What can go wrong in the simulated world, and the story that the demonstration tells."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from sentinel.demo.tenants import Path, Service

BUCKET = 600
"""Seconds of one aggregate: the Engine keeps ten-minute ones (Nexthink documentation, Real-time service data)."""

OutageKind = Literal["site_dark", "region_slow", "bad_client", "saas_outage", "bad_proxy"]

STRENGTHS: dict[OutageKind, float] = {
    "site_dark": 1.0,  # share of the devices that cannot connect (web: share of the requests that fail)
    "region_slow": 4.0,  # factor on response time and request duration
    "bad_client": 0.04,  # share of the devices whose client crashes
    "saas_outage": 1.0,  # share of the devices that fail to connect, or of the requests answered with 5xx
    "bad_proxy": 0.3,  # share of the web requests answered with 4xx; connection-based services do not notice
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """One disturbance, in force for every ten-minute bucket that it touches.

    Attributes:
        kind: `site_dark`, `region_slow`, `bad_client`, `saas_outage` or `bad_proxy`.
        start, end: Unix seconds, `end` exclusive.
        node: it acts on the entities at or below; `()` everywhere.
        hierarchy: the one that `node` belongs to; None is the first.
        services: names, globs or UIDs; empty is all.
        strength: see `STRENGTHS`, whose value stands where this is None.
        share: part of the devices that a slow region reaches; below the outlier limit it raises no warning.
    """

    kind: OutageKind
    start: float
    end: float
    node: Path = ()
    hierarchy: str | None = None
    services: tuple[str, ...] = ()
    strength: float | None = None
    share: float = 1.0

    @property
    def force(self) -> float:
        """The strength, or the usual one of its kind."""
        return STRENGTHS[self.kind] if self.strength is None else self.strength

    def touches(self, bucket: int) -> bool:
        """Whether it overlaps the bucket that starts at `bucket * BUCKET`."""
        return self.start < (bucket + 1) * BUCKET and self.end > bucket * BUCKET

    def concerns(self, service: Service) -> bool:
        """Whether the service is among those it hits."""
        return not self.services or any(
            service.uid == wanted or fnmatchcase(service.name, wanted) for wanted in self.services
        )


@dataclass(frozen=True, slots=True)
class StoryStep:
    """One thing the demonstration can say.

    `happens_at`: when the world changes. `visible_at`: from when a query with scope hour shows it: figures are those
    of complete ten-minute buckets, and a bad bucket stays in the rolling hour for an hour.
    """

    happens_at: float
    visible_at: float
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """Outages and the narration that goes with them; after `recovered_at` all figures are quiet again."""

    service: str
    start: float
    recovered_at: float
    outages: tuple[Outage, ...]
    steps: tuple[StoryStep, ...]


def demo_story(
    start: float,
    *,
    service: str = "Exchange Online",
    country: Path = ("Europe", "Switzerland"),
    site: str = "Zurich",
) -> Story:
    """One service gets worse at one site, then in the whole country, then mends: 140 minutes of simulated time.

    The strengths make the share of devices with errors cross 5 % (8 % at the site), then 10 % (16 % at the site,
    14 % in the country). `start` is rounded up to the next bucket.
    """
    zero = -(-start // BUCKET) * BUCKET

    def stage(first: float, last: float, node: Path, strength: float) -> Outage:
        return Outage(
            kind="site_dark",
            start=zero + first * 60,
            end=zero + last * 60,
            node=node,
            services=(service,),
            strength=strength,
        )

    def step(happens: float, visible: float, text: str) -> StoryStep:
        return StoryStep(zero + happens * 60, zero + visible * 60, text)

    place = (*country, site)
    return Story(
        service=service,
        start=zero,
        recovered_at=zero + 140 * 60,
        outages=(
            stage(10, 30, place, 0.08),
            stage(30, 80, place, 0.16),
            stage(50, 80, country, 0.14),
        ),
        steps=(
            step(0, 0, "All services are healthy"),
            step(10, 20, f"{service} begins to fail for some devices in {site}"),
            step(30, 40, f"{service} in {site} gets worse"),
            step(50, 60, f"The trouble spreads to the other sites in {country[-1]}"),
            step(80, 140, f"{service} is repaired; the figures cover the last hour, so they fall an hour later"),
        ),
    )
