"""What Sentinel counts about itself; `/metrics` shows it. One registry per process, as the library has it."""

from __future__ import annotations

from math import nan

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

TICKS = Counter("sentinel_ticks", "Readings judged.", ["source", "outcome"], registry=REGISTRY)
TICKS_HELD = Counter("sentinel_ticks_held", "Commits that the store did not take.", registry=REGISTRY)
LAST_TICK = Gauge("sentinel_last_tick_seconds", "Unix time of the last tick.", registry=REGISTRY)
TURNS_LATE = Counter("sentinel_turns_late", "Polls that were due while one still ran.", registry=REGISTRY)
DELIVERIES = Counter("sentinel_deliveries", "Attempts to tell, by outcome.", ["kind", "outcome"], registry=REGISTRY)
OUTBOX = Gauge("sentinel_outbox_notices", "Notices not delivered, by state.", ["state"], registry=REGISTRY)
WAL_BYTES = Gauge("sentinel_store_wal_bytes", "Length of SQLite's write-ahead log.", registry=REGISTRY)
OUTBOX_OLDEST = Gauge("sentinel_outbox_oldest_seconds", "Age of the oldest waiting notice.", registry=REGISTRY)
CLOCK_JUMPS = Counter(
    "sentinel_clock_jumps", "Jumps of the wall clock, by direction.", ["direction"], registry=REGISTRY
)
TICKS_MISSED = Gauge(
    "sentinel_queries_missed", "Queries without a tick for three of their intervals.", ["source"], registry=REGISTRY
)
DISK_FREE = Gauge("sentinel_disk_free_ratio", "Free share of the disk of the SQLite file.", registry=REGISTRY)
DISK_FREE.set(nan)  # on Postgres there is none, which is not the same as none left
HEARTBEATS = Counter("sentinel_heartbeats", "Signs of life to the outside, by outcome.", ["outcome"], registry=REGISTRY)
HEARTBEAT_LAST = Gauge(
    "sentinel_heartbeat_last_seconds", "Unix time of the last one that was taken.", registry=REGISTRY
)
LOOP_LAG = Gauge("sentinel_loop_lag_seconds", "By how much the event loop's last pulse was late.", registry=REGISTRY)
LOOP_BLOCKED = Counter("sentinel_loop_blocked", "Standstills of the event loop.", registry=REGISTRY)
CERTIFICATE_DAYS = Gauge(
    "sentinel_certificate_days_left", "Days until the certificate of an endpoint ends.", ["endpoint"], registry=REGISTRY
)
RULES_DIFFER = Gauge(
    "sentinel_rules_differ", "1 while the instance that leads has another rules file than this one.", registry=REGISTRY
)
RELOAD_OK = Gauge(
    "sentinel_rules_reload_ok", "0 while the rules file was refused and older rules are in force.", registry=REGISTRY
)
RELOAD_LAST = Gauge(
    "sentinel_rules_reload_last_seconds", "Unix time since when the rules in force are so.", registry=REGISTRY
)
RELOADS = Counter("sentinel_rules_reloads", "Reloads of the rules file, by outcome.", ["outcome"], registry=REGISTRY)
TICK_AGE = Gauge(
    "sentinel_query_tick_age_seconds",
    "Seconds since the last committed tick of a query.",
    ["source", "service", "hierarchy", "level"],
    registry=REGISTRY,
)
SOURCE_REACHABLE = Gauge(
    "sentinel_source_reachable", "1 while a source gives usable data, 0 in trouble.", ["source"], registry=REGISTRY
)
INCIDENTS_OPEN = Gauge("sentinel_incidents_open", "Incidents that last, by rule.", ["rule"], registry=REGISTRY)
LEASE_HELD = Gauge("sentinel_lease_held", "1 while this instance leads.", registry=REGISTRY)
LEASE_EPOCH = Gauge("sentinel_lease_epoch", "The epoch under which this instance led last.", registry=REGISTRY)
OPEN_FILES = Gauge("sentinel_open_files", "File handles in use.", registry=REGISTRY)
CRASHES = Gauge(
    "sentinel_crashes", "Starts on this host within ten minutes that came to no proper end.", registry=REGISTRY
)
DELIVERY_SECONDS = Histogram(
    "sentinel_delivery_seconds",
    "From deciding to tell until the channel had it.",
    ["kind"],
    buckets=(1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 21600, 86400),
    registry=REGISTRY,
)
