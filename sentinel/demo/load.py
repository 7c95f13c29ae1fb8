"""The world behind the Portal: figures of every entity, ten minutes at a time, summed to a rolling hour and day.

A bucket is a pure function of seed, service, entity, bucket number and outages. What is summed over a window:
counts add up; `devices`, `users` and the device-level errors take the largest bucket, because it is largely the same
devices that come back every ten minutes; averages are carried as sums weighted by connections or requests.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from sentinel.demo.dice import Floats, keys_of, throw
from sentinel.demo.hours import busyness, presence
from sentinel.demo.outages import BUCKET, Outage
from sentinel.demo.tenants import Service, Tenant

Scope = Literal["hour", "day"]
Columns = dict[str, Floats]

PER_HOUR = 6
HOURS_PER_DAY = 24
_PEAKS = frozenset({"devices", "users", "device_errors"})
_CACHE_BYTES = 64 * 2**20
_BYTES_PER_ENTITY = 20 * 8


class World:
    """All figures of a tenant under a set of outages. Not thread-safe; give it one event loop.

    Args:
        tenant: what exists.
        outages: what is wrong and when; replace them by `self.outages = ...`.
    """

    def __init__(self, tenant: Tenant, outages: Sequence[Outage] = ()) -> None:
        self.tenant = tenant
        self._outages = tuple(outages)
        self._cache: OrderedDict[tuple[str, str, int], Columns] = OrderedDict()
        self._room = max(2 * PER_HOUR, _CACHE_BYTES // (_BYTES_PER_ENTITY * max(1, len(tenant.entities))))
        self._keys = keys_of([entity.key for entity in tenant.entities])
        self._devices = np.array([entity.devices for entity in tenant.entities], dtype=np.float64)
        self._zones = tuple(dict.fromkeys(entity.timezone for entity in tenant.entities))
        self._zone = np.array([self._zones.index(entity.timezone) for entity in tenant.entities], dtype=np.intp)

    @property
    def outages(self) -> tuple[Outage, ...]:
        """The disturbances in force, past and to come."""
        return self._outages

    @outages.setter
    def outages(self, outages: Iterable[Outage]) -> None:
        self._outages = tuple(outages)
        self._cache.clear()

    def window(self, service: Service, scope: Scope, at: float) -> Columns | None:
        """Sums of the last complete buckets before `at`, one array per figure over the entities.

        The hour is the last six ten-minute buckets, the day the last 24 full hours. A service younger than that
        yields what it has; None while it has nothing at all.
        """
        if scope == "hour":
            last = int(at // BUCKET)
            parts = [self._bucket(service, bucket) for bucket in range(last - PER_HOUR, last)]
        else:
            last = int(at // (BUCKET * PER_HOUR))
            parts = [self._hour(service, hour) for hour in range(last - HOURS_PER_DAY, last)]
        return _combined([part for part in parts if part is not None])

    def _hour(self, service: Service, hour: int) -> Columns | None:
        key = (service.uid, "hour", hour)
        if (known := self._cached(key)) is not None:
            return known
        first = hour * PER_HOUR
        parts = [
            self._compute(service, bucket) for bucket in range(first, first + PER_HOUR) if _exists(service, bucket)
        ]
        return self._keep(key, _combined(parts))

    def _bucket(self, service: Service, bucket: int) -> Columns | None:
        if not _exists(service, bucket):
            return None
        key = (service.uid, "bucket", bucket)
        if (known := self._cached(key)) is not None:
            return known
        return self._keep(key, self._compute(service, bucket))

    def _cached(self, key: tuple[str, str, int]) -> Columns | None:
        if (known := self._cache.get(key)) is not None:
            self._cache.move_to_end(key)
        return known

    def _keep(self, key: tuple[str, str, int], columns: Columns | None) -> Columns | None:
        if columns is not None:
            self._cache[key] = columns
            while len(self._cache) > self._room:
                self._cache.popitem(last=False)
        return columns

    def _compute(self, service: Service, bucket: int) -> Columns:
        at = (bucket + 0.5) * BUCKET
        steady = not self.tenant.office_hours
        here = presence(self._zones, at, office_hours=not steady)[self._zone]
        busy = busyness(self._zones, at, office_hours=not steady)[self._zone]
        salt = int(keys_of([service.uid])[0]) ^ self.tenant.seed

        def dice(stream: int, low: float, high: float) -> Floats:
            return low + (high - low) * throw(self._keys, salt, bucket, stream)

        devices = np.minimum(
            np.rint(self._devices * service.share), np.rint(self._devices * service.share * here * dice(1, 0.97, 1.03))
        )
        attempts = np.rint(devices * service.intensity * busy * dice(2, 0.9, 1.1))
        habit = 0.7 + 0.9 * throw(self._keys, salt, -1)  # an entity's usual share of the service's response time
        # Ordinary trouble stays under 1.5 % of the devices and never rounds up, so a quiet world is quiet everywhere.
        columns = {
            "devices": devices,
            "users": np.floor(devices * 0.97),
            "device_errors": np.floor(devices * 0.01 * dice(3, 0.2, 1.5)),
            "attempts": attempts,
            "failed": np.floor(attempts * 0.002 * dice(4, 0.2, 1.5)),
            "crashes": np.floor(devices * 0.004 * dice(5, 0.2, 1.5)),
            "latency": attempts * service.response_ms * habit * dice(6, 0.9, 1.1),
            "usual_latency": attempts * service.response_ms * habit,
            "duration": attempts * service.duration_ms * habit * dice(7, 0.9, 1.1),
            "usual_duration": attempts * service.duration_ms * habit,
            "incoming": np.rint(attempts * 48_000.0 * dice(8, 0.8, 1.2)),
            "outgoing": np.rint(attempts * 9_000.0 * dice(9, 0.8, 1.2)),
            "http_3xx": np.floor(attempts * 0.03 * dice(10, 0.5, 1.5)),
            "usual_3xx": attempts * 0.03,
            "http_4xx": np.floor(attempts * 0.01 * dice(11, 0.5, 1.5)),
            "usual_4xx": attempts * 0.01,
            "http_5xx": np.floor(attempts * 0.002 * dice(12, 0.2, 1.5)),
            "usual_5xx": attempts * 0.002,
        }
        columns["trimmed"] = columns["duration" if service.kind == "web" else "latency"].copy()
        for outage in self._outages:
            if outage.touches(bucket) and outage.concerns(service):
                self._disturb(columns, service, outage)
        return columns

    def _disturb(self, columns: Columns, service: Service, outage: Outage) -> None:
        hierarchy = self.tenant.hierarchy(outage.hierarchy)
        if hierarchy is None:
            return
        hit = hierarchy.below(outage.node).astype(np.float64)
        if outage.kind == "region_slow":
            _slow_down(columns, hit, outage)
        elif outage.kind == "bad_client":
            broken = np.rint(columns["devices"] * outage.force) * hit
            columns["device_errors"] = np.maximum(columns["device_errors"], broken)
            columns["crashes"] = columns["crashes"] + np.rint(broken * 1.5)
        elif outage.kind == "bad_proxy":
            columns["http_4xx"] = np.maximum(columns["http_4xx"], np.rint(columns["attempts"] * outage.force) * hit)
        elif service.kind == "web":
            failed = np.rint(columns["attempts"] * outage.force) * hit
            columns["http_5xx"] = np.maximum(columns["http_5xx"], failed)
        else:
            cut_off = np.rint(columns["devices"] * outage.force) * hit
            columns["device_errors"] = np.maximum(columns["device_errors"], cut_off)
            columns["failed"] = np.maximum(columns["failed"], np.rint(columns["attempts"] * outage.force) * hit)


def _exists(service: Service, bucket: int) -> bool:
    """Whether the service was already there when the bucket began."""
    return service.since is None or bucket * BUCKET >= service.since


def _slow_down(columns: Columns, hit: Floats, outage: Outage) -> None:
    """Slow a share of the devices; `trimmed` is the average without the outliers that the vendor's rule drops.

    At most 10 % of the devices of an entity with fewer than 100, at most 10 devices otherwise (Nexthink
    documentation, Service errors and warnings).
    """
    devices = np.maximum(columns["devices"], 1.0)
    dropped = np.where(devices < 100, np.floor(devices * 0.1), 10.0)  # noqa: PLR2004 - the vendor's figures, named above
    slow = np.minimum(outage.share, 1.0) * devices
    kept = np.maximum(slow - dropped, 0.0) / np.maximum(devices - dropped, 1.0)
    seen = 1.0 + (outage.force - 1.0) * np.minimum(outage.share, 1.0) * hit
    for name in ("latency", "duration"):
        columns[name] = columns[name] * seen
    columns["trimmed"] = columns["trimmed"] * (1.0 + (outage.force - 1.0) * np.minimum(kept, 1.0) * hit)


def _combined(parts: Sequence[Columns]) -> Columns | None:
    if not parts:
        return None
    return {
        name: (np.maximum if name in _PEAKS else np.add).reduce([part[name] for part in parts]) for name in parts[0]
    }
