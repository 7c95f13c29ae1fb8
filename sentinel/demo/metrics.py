"""The metrics a service has, and the vendor's rules that make errors and warnings of an entity's figures."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sentinel.demo.dice import Floats
from sentinel.demo.load import Columns
from sentinel.demo.tenants import Service, ServiceKind

COUNTS = frozenset(
    {
        "devices",
        "users",
        "devices_with_errors",
        "devices_with_warnings",
        "connections",
        "failed_connections",
        "application_crashes",
        "incoming_traffic",
        "outgoing_traffic",
        "web_requests",
        "http_3xx",
        "http_4xx",
        "http_5xx",
    }
)
"""Shown as whole numbers; the others are averages with one decimal, or text (`status`)."""

UNITS: Mapping[str, str] = {
    "network_response_time": "ms",
    "web_request_duration": "ms",
    "incoming_traffic": "B",
    "outgoing_traffic": "B",
}
"""Suffixes of the CSV variant with units."""

_SHARED = ("devices", "users", "devices_with_errors", "devices_with_warnings", "status", "application_crashes")
_TRAFFIC = ("network_response_time", "incoming_traffic", "outgoing_traffic")
METRICS: Mapping[ServiceKind, tuple[str, ...]] = {
    "connection": (*_SHARED, "connections", "failed_connections", *_TRAFFIC),
    "web": (*_SHARED, "web_requests", "web_request_duration", "http_3xx", "http_4xx", "http_5xx", *_TRAFFIC),
}
"""Canonical names in the order of the columns, by kind of service."""

# Three times the automatic baseline of the previous seven days (Nexthink documentation, Service errors and warnings).
# Here the baseline is what the model calls usual: constant in time, scaled with the load of the window.
_MULTIPLE = 3.0
# The vendor has absolute minimums below which no entity-level rule fires; their values are not public, these are ours.
_MIN_REQUESTS = 20.0
_MIN_MS = 10.0


@dataclass(frozen=True, slots=True)
class Ruled:
    """An entity's figures of one window after the rules: counts to add up, and averages as weighted sums."""

    counts: Columns
    weighted: Columns
    weight: Floats


def ruled(service: Service, window: Columns) -> Ruled:
    """Apply the entity-level rules: a breach puts every active device of the entity in error or warning."""
    devices = window["devices"]
    attempts = window["attempts"]
    slow = _exceeds(window["trimmed"], window["usual_duration" if service.kind == "web" else "usual_latency"], 0.0)
    slow &= window["trimmed"] > _MIN_MS * attempts
    counts = {
        "devices": devices,
        "users": window["users"],
        "application_crashes": window["crashes"],
        "incoming_traffic": window["incoming"],
        "outgoing_traffic": window["outgoing"],
    }
    weighted = {"network_response_time": window["latency"]}
    in_error, in_warning = window["device_errors"], np.where(slow, devices, 0.0)
    if service.kind == "web":
        broken = _exceeds(window["http_5xx"], window["usual_5xx"], _MIN_REQUESTS)
        odd = _exceeds(window["http_4xx"], window["usual_4xx"], _MIN_REQUESTS)
        odd |= _exceeds(window["http_3xx"], window["usual_3xx"], _MIN_REQUESTS)
        in_error = np.where(broken, devices, in_error)
        in_warning = np.where(odd, devices, in_warning)
        counts["web_requests"] = attempts
        counts |= {name: window[name] for name in ("http_3xx", "http_4xx", "http_5xx")}
        weighted["web_request_duration"] = window["duration"]
    else:
        counts["connections"] = attempts
        counts["failed_connections"] = window["failed"]
    counts["devices_with_errors"] = in_error
    counts["devices_with_warnings"] = in_warning
    return Ruled(counts, weighted, attempts)


def gathered(figures: Ruled, groups: NDArray[np.intp], size: int, visible: NDArray[np.bool_] | None) -> Columns:
    """Figures of nodes from those of their entities: counts add up (a device is in one entity), averages are weighted.

    Args:
        figures: by entity.
        groups: for each entity the index of its node, in `range(size)`.
        size: number of nodes.
        visible: the entities inside the view domain; None is all of them.

    Returns:
        One array over the nodes per metric; NaN where there is no figure. `status` is not among them.
    """

    def added(column: Floats) -> Floats:
        shown = column if visible is None else np.where(visible, column, 0.0)
        return np.bincount(groups, weights=shown, minlength=size).astype(np.float64)

    weight = added(figures.weight)
    columns = {name: added(column) for name, column in figures.counts.items()}
    for name, column in figures.weighted.items():
        columns[name] = np.divide(added(column), weight, out=np.full(size, np.nan), where=weight > 0)
    return columns


def status_of(service: Service, devices: object, errors: object, warnings: object) -> str:
    """`good`, `warning`, `error` or `none`: devices with an issue over devices, against the service's thresholds.

    A device with a warning counts as having an issue, as one with an error does.
    """
    issues = max((float(x) for x in (errors, warnings) if isinstance(x, (int, float))), default=0.0)
    if not isinstance(devices, (int, float)) or devices <= 0 or (service.yellow is None and service.red is None):
        return "none"
    if issues < service.min_devices:
        return "good"
    ratio = issues / devices
    if service.red is not None and ratio > service.red:
        return "error"
    return "warning" if service.yellow is not None and ratio > service.yellow else "good"


def _exceeds(total: Floats, usual: Floats, minimum: float) -> NDArray[np.bool_]:
    return (total > _MULTIPLE * usual) & (total > minimum)
