"""A sentence for each key of rules.toml and of rule tests: editors show it beside the key. By table, then by key."""

from __future__ import annotations

from collections.abc import Mapping

_TIMES: Mapping[str, str] = {
    "every": "How often a query is asked. Nexthink's figures move in steps of ten minutes.",
    "for": 'How long a breach must last before it counts; "0s": at once.',
    "recover_for": 'How long a severity must be clear before it ends; "0s": at once.',
    "no_data_after": "After how long without figures an alert shows as unknown; at least twice `every`.",
    "reopen_within": "Bad again so soon after the recovery: the same incident reopens.",
    "retire_after": "How long a node may be missing from good answers before its alert closes as no longer reported.",
    "timezone": 'Zone of the times in messages, by its IANA name: "Europe/Zurich".',
    "scope": "The Portal's figures of the last hour, or of the day.",
    "flapping": "When an incident that comes and goes is told once and then withheld until it is steady.",
}
_CRITERIA: Mapping[str, str] = {
    "warning": "When it is a warning: a condition, or a table with breach, clear, for and recover_for.",
    "critical": "When it is critical: a condition, or a table with breach, clear, for and recover_for.",
    "only_if": "Where the rule applies. Where this condition is false the figures count as unknown, not as ok.",
    "no_data": "What missing figures count as after no_data_after.",
}

KEY_WORDS: Mapping[str, Mapping[str, str]] = {
    "RulesFile": {
        "defaults": "What holds for every rule that does not say otherwise.",
        "source": "Where figures come from.",
        "service": "Services by name and identifier, where the source's own list cannot be read.",
        "rule": "What is bad, for how long, and where it is looked for.",
        "receiver": "Who can be told, and how.",
        "route": "Who is told about what; the first that matches wins.",
        "delivery": "How telling behaves when channels do not.",
    },
    "DefaultsTable": _TIMES,
    "ColumnTable": {
        "column": "The title of the column, as the Portal writes it.",
        "unit": "What its figures are measured in. Conversion goes by the unit in the title alone.",
    },
    "SourceTable": {
        "name": "Also names its variables: SENTINEL_SOURCE_<NAME>_USERNAME and _PASSWORD.",
        "type": "The kind of source.",
        "url": "https://..., without path. Plain HTTP is for this machine, unless insecure = true.",
        "step": 'How often its figures move; "0s": every answer is a new sample.',
        "ca_file": "PEM certificates to trust instead of the system's; relative to this file.",
        "format": "How answers are asked for.",
        "path_style": "How the names of a path are sent.",
        "columns": "Metric = title of the Portal's column, where they differ, and columns of your own.",
        "levels": "Hierarchy = its levels from the top, where the Portal's own list cannot be read.",
        "max_missing_share": "More of the known nodes than this gone at once: the answer is held as incomplete.",
        "timeout": "For one whole answer.",
        "max_concurrent": "Requests at once.",
        "follow_redirects": "A redirect is usually a log-in page.",
        "trust_env": "true: proxies named in the environment are used.",
        "insecure": "true: credentials may travel over plain HTTP to another machine.",
    },
    "ServiceTable": {
        "name": "The name of one service, no pattern.",
        "uid": "Its identifier; `sentinel discover` lists them.",
        "source": "The source that has it; may be left out while there is only one.",
    },
    "ThresholdTable": {
        "breach": 'When it is bad: "devices_with_errors / devices > 5%".',
        "clear": "When it is good again: on the good side of breach's limit. Without it: when breach is false.",
        "for": _TIMES["for"],
        "recover_for": _TIMES["recover_for"],
    },
    "FlappingTable": {
        "changes": "So many changes within `within` are flapping.",
        "within": "The time in which changes are counted.",
        "quiet": "Steady again after so long without a change.",
    },
    "RollupTable": {
        "min_children": "At least so many of a node's branches hold something bad.",
        "min_share": "At least this share of the judged leaves below it is bad.",
        "min_coverage": "At least this share of all leaves below it was judged.",
    },
    "OverrideTable": {
        "node": 'For these nodes: "Europe/Switzerland/**", "Paris".',
        "service": "For these services: a name, a pattern or an identifier.",
        **_CRITERIA,
        **{key: _TIMES[key] for key in ("for", "recover_for", "no_data_after")},
    },
    "RuleTable": {
        "id": "Stable: the history hangs on it. Never change it.",
        "summary": "A few words, which people read first.",
        "service": 'Names, patterns ("SAP*") or identifiers of services.',
        "hierarchy": "The name of a hierarchy; `sentinel discover` lists them.",
        "source": "The source that is asked; may be left out while there is only one.",
        "level": "All nodes of this level, or of each of several, are judged.",
        "path": 'The nodes directly below this one are judged: ["Europe", "Switzerland"].',
        **_TIMES,
        **_CRITERIA,
        "rollup": "When a node explains what is below it; false: every node is an incident of its own.",
        "runbook": "https://...: what to do. It stands in the message.",
        "owner": "Who answers for it. It stands in the message, and routes can match it.",
        "override": "Other criteria for some nodes or services; the first that matches wins.",
    },
    "SlackTable": {"channel": '"#workplace-alerts", or the channel\'s identifier.'},
    "SlackWebhookTable": {"name": "Its URL stands in SENTINEL_SLACK_WEBHOOK_<NAME>."},
    "EmailTable": {"to": "One address, or several that stand in one mail."},
    "WebhookTable": {
        "name": "Requests are signed when SENTINEL_WEBHOOK_<NAME>_SECRET is set.",
        "url": "https://..., which takes the notice as JSON.",
    },
    "ReceiverTable": {
        "name": "Routes name it.",
        "slack": "A channel, by the bot of SENTINEL_SLACK_BOT_TOKEN: edited as the incident changes.",
        "slack_webhook": "An incoming webhook of Slack: may repeat, and cannot edit.",
        "email": "By the mail server of SENTINEL_SMTP_HOST.",
        "webhook": "A URL that takes JSON.",
        "console": "true: printed where Sentinel runs.",
    },
    "RouteTable": {
        "source": 'Only what comes from these sources; "sentinel": trouble with Sentinel itself.',
        "service": "Only these services.",
        "rule": 'Only what these rules find: "devices-*"; "sentinel/*": trouble with sources and Sentinel itself.',
        "node": 'Only these nodes and patterns of nodes: "Europe/**".',
        "owner": "Only rules of these owners.",
        "severity": "Only these severities.",
        "to": "The receivers that are told.",
        "remind_every": 'Again and again until somebody has acknowledged; "0s": never.',
        "continue": "true: later routes are tried as well.",
    },
    "DeliveryTable": {
        "lookup_after": "When an unclear post is looked up before it may be sent again; each later than the one before.",
        "retry_min": "The shortest wait between two attempts.",
        "retry_max": "The longest wait between two attempts.",
        "greylist_wait": "The wait after a mail server said: later.",
        "edit_every": "How often a message is edited for changes of members only; what matters leaves at once.",
        "storm_after": "More new messages than this to one channel within a minute become one digest.",
        "insecure": "true: webhooks, Slack and the mail server without encryption on other machines.",
    },
    "RuleTestsFile": {
        "rules": "The rules file that is tested, relative to this one; or [[rule]] tables stand here.",
        "every": "The time between two polls; one value of a series for each.",
        "test": "One story: figures in, states and notices out.",
    },
    "TestTable": {
        "name": "What the test shows, in words.",
        "start": "The instant of the first poll, with its time zone.",
        "series": "The figures of one metric at one node, one for each poll.",
        "source": "How a source answered, one letter for each poll.",
        "expect": "The states of some nodes at an instant.",
        "expect_notices": "The complete list of notices that are told, in order.",
        "expect_not_told": "The complete list of notices that nobody gets, and why.",
        "expect_sla": "Service levels at the end of the series.",
    },
    "SeriesTable": {
        "service": "The service that the figures are of.",
        "node": "The node, names from the top.",
        "metric": "The metric, as conditions name it.",
        "values": '"0 9x5 _": one value for each poll, 9 five times, then a row that is missing.',
    },
    "AnswersTable": {
        "source": "The source; may be left out while there is only one.",
        "values": '"..E?": a good answer, another, an error, a stale one.',
    },
    "ExpectTable": {
        "at": "How long after the start.",
        "states": "Node = its state: ok, pending, warning, critical or unknown.",
        "service": "Of this service, where there are several.",
        "rule": "Of this rule, where there are several.",
    },
}
_NOTICE: Mapping[str, str] = {
    "at": "How long after the start.",
    "kind": "What the notice says.",
    "severity": "How bad it is.",
    "node": "Where the incident stands, names from the top.",
    "service": "The service.",
    "rule": "The rule that found it.",
    "reason": "Why nobody gets it.",
}


def words_of(table: str) -> Mapping[str, str]:
    """Key -> sentence of a table, by the name of its model."""
    return _NOTICE if table in ("NoticeTable", "NotToldTable") else KEY_WORDS.get(table, {})
