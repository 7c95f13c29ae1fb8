"""How much of a site works at an instant: office hours of its own time zone, quiet nights and weekends."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from sentinel.demo.dice import Floats

# Share of the devices in use by local hour, piecewise linear. The shape is an assumption: a ramp, a lunch dip, an evening.
_HOURS = (0.0, 5.5, 7.0, 9.0, 11.5, 12.5, 13.5, 16.0, 18.0, 20.0, 24.0)
_SHARES = (0.12, 0.12, 0.35, 0.92, 0.95, 0.72, 0.92, 0.90, 0.45, 0.18, 0.12)
_WEEKEND = 0.10
_SATURDAY = 5
_MONDAY_PEAK = 1.15
_STEADY = 0.8
_KEPT = 400  # instants: all services ask for the same buckets, a day has 144 of them


@lru_cache(maxsize=_KEPT)
def presence(zones: tuple[str, ...], at: float, *, office_hours: bool = True) -> Floats:
    """Share of the devices in use, one number in (0, 1] per time zone. Shared: do not write to it."""
    if not office_hours:
        return np.full(len(zones), _STEADY)
    return np.array([_share(datetime.fromtimestamp(at, ZoneInfo(zone))) for zone in zones])


@lru_cache(maxsize=_KEPT)
def busyness(zones: tuple[str, ...], at: float, *, office_hours: bool = True) -> Floats:
    """Factor on connections and requests per device: Mondays are busier, one number per time zone. Shared."""
    if not office_hours:
        return np.ones(len(zones))
    mondays = [datetime.fromtimestamp(at, ZoneInfo(zone)).weekday() == 0 for zone in zones]
    return np.where(np.array(mondays, dtype=np.bool_), _MONDAY_PEAK, 1.0)


def _share(local: datetime) -> float:
    if local.weekday() >= _SATURDAY:
        return _WEEKEND
    return float(np.interp(local.hour + local.minute / 60, _HOURS, _SHARES))
