"""Cases DED: who is told again, and when. What a group of alerts is elsewhere is the incident that explains them here."""

from __future__ import annotations

from sentinel.domain.rules import Address
from sentinel.engine.tenure import Tenure
from sentinel.store import lease
from sentinel.store.database import Database
from sentinel.store.housekeeping import Retention, purge
from tests.conformance.cases import Case, conforms
from tests.conformance.played import letter, opens_and_closes, played, rule, run_of
from tests.domain.polls import START, TEAM, Run, a_route, edited
from tests.engine.town import town
from tests.history.ledger import recorded


def members(run: Run, bad: list[int], at: float) -> int:
    """Poll members 1 to 4 of one country, these of them bad; how many notices call somebody."""
    run.now = START + at
    before = len(run.notices)
    run.good({f"country/{n}": 1.0 if n in bad else 0.0 for n in (1, 2, 3, 4)})
    return sum(notice.told and not notice.quiet for notice in run.notices[before:])


@conforms("DED-06", "DED-08", "DED-10")
def test_an_entry_that_was_told_decides_whether_more_is_told(case: Case) -> None:
    given, entry = case.given, case.given["entry"]
    run = run_of(rule(), poll_s=60, forgetful=True, routes=(a_route(remind_every=given["repeat_s"]),))
    assert members(run, entry["firing"] + entry["resolved"], entry["ts"] - 60) == 1
    members(run, entry["firing"], entry["ts"])
    assert (members(run, given["firing"], given["now_s"]) > 0) is case.expect["notify"]
    assert bool(run.open_places) is bool(given["firing"]), "what is over is off the books"


@conforms("DED-14")
def test_a_source_that_falls_silent_closes_nothing(case: Case) -> None:
    assert "no close" in case.expect["sentinel"]
    run = run_of(rule(no_data_after=10.0), poll_s=1)
    played(run, ["1", *["E"] * (2 * case.given["resolve_timeout_s"])])
    assert letter(run) == "U"
    assert opens_and_closes(run) == ["open@0"]


@conforms("DED-16")
def test_a_reload_announces_nothing_again(case: Case) -> None:
    (first, one), (second, both) = case.given["push"]
    assert (one, both) == ("a1", "a2")
    run = run_of(rule(rollup=None), poll_s=1)
    run.now = START + first
    run.good({"a1": 1.0, "a2": 0.0})
    run.now = START + case.given["reload_s"]
    edited(run, run_of(rule("value > 0.5", rollup=None), poll_s=1).rules[0])
    for at in range(second, 12):
        run.now = START + at
        run.good({"a1": 1.0, "a2": 1.0})
    assert opens_and_closes(run) == [f"open@{first}", f"open@{second}"]


@conforms("DED-16c")
def test_a_repeat_is_looked_at_when_something_is_polled(case: Case) -> None:
    run = run_of(rule(), poll_s=1, routes=(a_route(remind_every=case.given["repeat_s"]),))
    run.now = START + 2
    played(run, ["1", "1", "0"])
    words = [
        f"{notice.at - START:g} t {'resolved' if notice.kind.value == 'recovered' else 'firing'}"
        for notice in run.notices
    ]
    assert words == [f"{when.partition('-')[0]} {what}" for when, what in case.expect["batches"]]


@conforms("DED-18")
async def test_of_three_instances_one_tells(case: Case, database: Database) -> None:
    """Three hold the same record; whoever has the lease drains, the others may not."""
    count = case.given["replicas"]
    async with town(database) as it:
        it.degrade(0)
        it.clock.advance(600)
        await it.poll()
        tenures = [Tenure(database, it.clock, f"instance {n}", "rules", 30.0) for n in range(count)]
        leads = [await tenure.take() for tenure in tenures]
        assert leads == [True, *[False] * (count - 1)]
        for tenure in tenures:
            if tenure.may_act():
                await it.tell()
        assert len(it.slack.roots("#workplace-alerts")) == case.expect["messages"]
        assert lease.current(database).holder == "instance 0"


@conforms("DED-20")
def test_what_is_open_is_never_forgotten_so_its_reminder_keeps_its_day(case: Case, database: Database) -> None:
    given = case.given
    run = recorded(
        database, rule(), routes=(a_route(remind_every=given["repeat_s"]),), forgetful=True, interval=43200.0
    )
    for _ in range(given["repeat_s"] // 43200 + 1):
        run.good({"node": 1.0})
        purge(database, run.now, Retention(readings=given["retention_s"], incidents=given["retention_s"]))
    reminded = [notice.at - START for notice in run.notices if notice.kind.value == "reminder"]
    assert reminded == [given["repeat_s"]]
    assert run.open_places == ["node"]


@conforms("DED-22")
def test_a_later_problem_is_told_again_whoever_hears_of_recoveries(case: Case) -> None:
    run = run_of(rule(reopen_within=0.0), poll_s=600)
    words = [change.split()[0] for change in case.given["changes"]]
    played(run, ["1" if word == "CRIT" else "0" for word in words])
    problems = [one for one in opens_and_closes(run) if one.startswith("open")]
    assert ["CRIT"] * len(problems) == case.expect["sent"]


@conforms("DED-26")
def test_each_node_is_told_by_itself(case: Case) -> None:
    run = run_of(rule(rollup=None), poll_s=300)
    bad: dict[str, float] = {}
    sends = []
    for match in case.given["matches"]:
        bad[match.partition(" (+")[0]] = 1.0
        run.good({f"user/{name}": figure for name, figure in bad.items()})
        sends.append(len(opens_and_closes(run)))
    assert sends == case.expect["cumulative_sends"]


def reminded(run: Run, until: float) -> list[float]:
    """When a node that stays bad is told of, in seconds."""
    while run.now <= START + until:
        run.good({"node": 1.0})
    return [notice.at - START for notice in run.notices if notice.told]


@conforms("DED-30")
def test_reminders_come_at_their_interval(case: Case) -> None:
    given = case.given
    run = run_of(rule(), poll_s=given["polls_every_s"], routes=(a_route(remind_every=given["reminder_s"]),))
    run.now = START + given["open_s"]
    assert reminded(run, given["until_s"]) == case.expect["messages_at_s"]


@conforms("DED-31")
def test_reminders_are_durations_whatever_the_polling(case: Case) -> None:
    assert case.expect["sentinel"] == "reminders are durations, same result for any poll interval"
    to: Address = TEAM
    every = case.given["resend_beats"] * case.given["interval_s"][0]
    told = [
        reminded(run_of(rule(), poll_s=poll, routes=(a_route(to, remind_every=every),)), case.given["down_for_s"])
        for poll in case.given["interval_s"]
    ]
    assert told[0] == told[1] == [0, 300, 600, 900]
