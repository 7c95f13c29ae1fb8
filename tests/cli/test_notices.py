"""`sentinel notices list` and `preview`."""

from __future__ import annotations

import json
from email import message_from_string, policy
from typing import Any

import pytest

from sentinel.cli.preview import looks
from sentinel.deliver.parts import Look
from sentinel.domain.incidents import Event
from sentinel.store import outbox
from tests.backtest.past import NODE_0, lived, rules
from tests.cli.terminal import call
from tests.history.ledger import RecordedRun
from tests.store.records import due_lanes

KEYS = {
    "id",
    "incident",
    "kind",
    "receiver",
    "channel",
    "state",
    "decided_at",
    "delivered_at",
    "attempts",
    "reason",
}


def _listed(*options: str) -> list[dict[str, Any]]:
    done = call("notices", "list", "--json", *options)
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_json_has_the_keys_of_the_contract(run: RecordedRun) -> None:
    found = _listed()
    assert [one["kind"] for one in found] == ["degraded", "recovered", "widened", "degraded"]
    assert all(set(one) >= KEYS for one in found)


def test_filters(run: RecordedRun) -> None:
    france = next(one.id for one in run.incidents.values() if one.node[-1] == "France")
    assert len(_listed("--incident", france[:9])) == 3
    assert [one["kind"] for one in _listed("--kind", "recovered", "--kind", "widened")] == ["recovered", "widened"]
    assert len(_listed("--node", "Asia")) == 1
    assert len(_listed("--receiver", "te*")) == 4
    assert _listed("--receiver", "night") == []
    assert _listed("--state", "delivered", "--state", "not_told") == []
    assert len(_listed("--since", "2026-03-02T08:40Z")) == 2
    assert call("notices", "list", "--incident", "nobody").exit_code == 1


def test_why_it_was_not_told_stands_in_the_table(run: RecordedRun) -> None:
    assert run.db is not None
    first = outbox.lane(run.db, due_lanes(run.db, run.now)[0])[0].id
    outbox.begin(run.db, [first], run.now, None)
    outbox.abandoned(run.db, [first], run.now, None, reason="channel_not_found. Invite the bot")
    done = call("notices", "list", "--state", "abandoned", "--utc")
    assert done.stdout == (
        "state\tdecided\tkind\tto\tchannel\tincident\ttries\tdelivered\treason\tid\n"
        f"abandoned\t2026-03-02T08:10:00+00:00\tdegraded\tteam\tslack:#team\t{_listed('--state', 'abandoned')[0]['incident']}"
        f"\t1\t\tchannel_not_found. Invite the bot\t{first}\n"
    )


def test_a_preview_needs_no_database_and_no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    done = call("notices", "preview")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("🔴 Exchange Online at Europe / Switzerland")
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert "Recovered" in call("notices", "preview", "--recovered").stdout
    assert call("notices", "preview", "--digest").stdout.startswith("🔴 40 incidents, 5 critical")
    assert "All over: 40 incidents" in call("notices", "preview", "--digest", "--recovered").stdout


def test_the_slack_payload_of_a_real_incident(run: RecordedRun) -> None:
    payload = json.loads(call("notices", "preview", "--incident", next(iter(run.incidents)), "--json").stdout)
    assert set(payload) == {"text", "blocks", "attachments"}
    assert payload["text"].startswith("✅ Recovered")
    drawn = call("notices", "preview", "--incident", next(iter(run.incidents))).stdout
    assert "Mail at Europe / France" in drawn


def test_lines_of_a_thread_keep_the_signs_they_were_sent_with(run: RecordedRun) -> None:
    """The root is edited to a recovery; what its thread says of before is not called one."""
    incident = next(iter(run.incidents))
    kinds = [one["kind"] for one in json.loads(call("incidents", "show", incident, "--json").stdout)["timeline"]]
    drawn = call("notices", "preview", "--incident", incident).stdout.splitlines()
    signs = [line[0] for line in drawn if line[:1] in "🔴🟠✅" and line[:1]][1:]
    assert signs[-1] == "✅"
    assert signs.count("✅") == kinds.count("recovered")


def test_the_mail_as_drawn_and_as_source() -> None:
    shape = json.loads(call("notices", "preview", "--channel", "email", "--json").stdout)
    mail = message_from_string(shape["source"], policy=policy.default)
    assert mail["Subject"] == shape["subject"]
    assert mail.get_content_type() == "multipart/alternative"
    assert "Subject: [sentinel]" in call("notices", "preview", "--channel", "email").stdout


def test_the_console_line() -> None:
    assert " degraded 🔴 Critical" in call("notices", "preview", "--channel", "console").stdout
    assert "text" in json.loads(call("notices", "preview", "--channel", "console", "--json").stdout)


def test_an_abandoned_notice_is_offered_again_and_others_are_not(run: RecordedRun) -> None:
    assert run.db is not None
    first = outbox.lane(run.db, due_lanes(run.db, run.now)[0])[0].id
    outbox.begin(run.db, [first], run.now, None)
    outbox.abandoned(run.db, [first], run.now, None, reason="channel_not_found")
    done = call("notices", "retry", "--all")
    assert (done.exit_code, done.stderr) == (0, "1 notice is offered again\n")
    assert _listed("--state", "abandoned") == []
    assert call("notices", "retry", "99999").exit_code == 1
    assert call("notices", "retry").exit_code == 2


def test_the_abandoned_notices_of_one_channel_are_offered_again_by_its_name(run: RecordedRun) -> None:
    assert run.db is not None
    first = outbox.lane(run.db, due_lanes(run.db, run.now)[0])[0].id
    outbox.begin(run.db, [first], run.now, None)
    outbox.abandoned(run.db, [first], run.now, None, reason="channel_not_found", given_up="refused")
    assert _listed("--state", "abandoned")[0]["given_up"] == "refused"
    assert call("notices", "retry", "--channel", "slack:#elsewhere").stderr == "0 notices are offered again\n"
    assert call("notices", "retry", "--channel", "slack:#team").stderr == "1 notice is offered again\n"
    assert _listed("--state", "abandoned") == []


def test_a_line_that_calls_it_bad_again_has_the_sign_of_what_is_bad() -> None:
    steps = (
        ("degraded", "Critical at Paris: 20 % > 10 %", Look.CRITICAL),
        ("widened", "Now France (3 nodes affected), was Paris", Look.CRITICAL),
        ("deescalated", "Warning now, was critical: 7 % > 5 %", Look.WARNING),
        ("recovered", "Recovered after 5 min, worst 20 %", Look.RECOVERED),
        ("reopened", "Bad again: Critical at Paris: 20 % > 10 %", Look.CRITICAL),
        ("flapping", "Flapping, 6 changes in 25 min; next word when steady for 15 min", Look.FLAPPING),
        ("unknown", "No figures since 10:20", Look.UNKNOWN),
        ("closed", "Closed: rule removed", Look.CLOSED),
    )
    events = [Event(incident="sn-a", step=n, at=0.0, kind=kind, text=text) for n, (kind, text, _) in enumerate(steps)]
    assert list(looks(events)) == [look for *_, look in steps]


def test_a_preview_shows_no_step_that_was_withheld(sqlite_url: str, tmp_path: Any) -> None:
    """An incident that flaps: its later turns stand in its timeline, and in no message."""
    file = rules(tmp_path, hold="0s")
    turns = [75.0, 105.0] * 5
    file.write_text(file.read_text().replace('reopen_within = "0s"', 'reopen_within = "1h"'))
    url = lived(sqlite_url, file, {NODE_0: turns})
    [incident] = json.loads(call("incidents", "list", "--json", "--database", url).stdout)
    shown = json.loads(call("incidents", "show", incident["id"], "--json", "--database", url).stdout)
    withheld = [one["text"] for one in shown["notices"] if one["state"] == "not_told"]
    told = [one["text"] for one in shown["notices"] if one["state"] != "not_told"]
    assert "Bad again (4 times): Warning at Europe / node0: 75 < 100" in withheld
    preview = call("notices", "preview", "--incident", incident["id"], "--database", url).stdout
    assert [text for text in withheld if text not in told and text in preview] == []
    assert "Bad again (2 times)" in preview
