"""A Slack workspace looked at: token, scopes, channels; each illness with its mend, and nothing is posted."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sentinel.deliver.settings import Secret, SlackSettings
from sentinel.deliver.slack_examination import SCOPES, examine
from sentinel.demo.workspace import Workspace
from sentinel.demo.workspace_faults import http_status, rate_limited, refused
from sentinel.demo.workspace_settings import ALL_SCOPES
from sentinel.findings import Findings, State
from tests.deliver.examined import NOW, by_check, shown

ALERTS = "#workplace-alerts"


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with Workspace(now=lambda: NOW) as served:
        yield served
        assert served.events == [], "looking posts nothing"


async def looked_at(workspace: Workspace, *channels: str, token: str = "") -> Findings:
    found = Findings()
    settings = SlackSettings(token=Secret(token or workspace.token), api_url=workspace.api_url)
    await examine(settings, channels or (ALERTS,), found, NOW)
    assert workspace.token not in shown(found)
    return found


async def test_a_healthy_workspace_names_bot_team_scopes_and_channel(workspace: Workspace) -> None:
    found = by_check(await looked_at(workspace))
    assert {one.state for name, one in found.items() if name != "tls"} == {State.OK}
    assert found["token"].text == "bot sentinel of the workspace Sentinel demo"
    assert found["scopes"].text.startswith("all that are needed: chat:write")
    assert "public channel and can look its posts up" in found[ALERTS].text


def test_the_scopes_are_those_of_the_simulated_workspace() -> None:
    assert set(SCOPES) == ALL_SCOPES


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_a_token_that_is_refused_is_5_and_asked_once(workspace: Workspace, code: str) -> None:
    workspace.settings.auth_error = code
    found = by_check(await looked_at(workspace))
    assert (found["token"].state, found["token"].code) == (State.FAILED, 5)
    assert found["token"].text == f"Slack answers {code}"
    assert "SENTINEL_SLACK_BOT_TOKEN" in found["token"].mend
    assert [call.method for call in workspace.calls()] == ["auth.test"]
    assert found[ALERTS].state is State.SKIPPED


async def test_a_wrong_token_is_never_shown(workspace: Workspace) -> None:
    found = await looked_at(workspace, token="xoxb-canary-9b1c")
    assert by_check(found)["token"].state is State.FAILED
    assert "canary" not in shown(found)


async def test_a_missing_scope_says_what_comes_of_it(workspace: Workspace) -> None:
    workspace.settings.scopes -= {"chat:write", "metadata.message:read"}
    scopes = next(one for one in await looked_at(workspace) if one.check == "scopes")
    assert scopes.state is State.FAILED, "without chat:write nothing works"
    assert scopes.text.startswith("not granted: chat:write (nothing can be posted), metadata.message:read (")
    assert "install the app to the workspace again" in scopes.mend
    workspace.settings.scopes |= {"chat:write"}
    scopes = next(one for one in await looked_at(workspace) if one.check == "scopes")
    assert (scopes.state, "chat:write" in scopes.text) == (State.WARNING, False)


async def test_without_reading_scopes_channels_are_not_judged(workspace: Workspace) -> None:
    workspace.settings.scopes -= {"channels:read", "groups:read"}
    channel = [one for one in await looked_at(workspace) if one.check == ALERTS]
    assert [one.state for one in channel] == [State.SKIPPED]


async def test_with_one_reading_scope_its_channels_are_found(workspace: Workspace) -> None:
    workspace.settings.scopes -= {"groups:read"}
    channel = [one for one in await looked_at(workspace) if one.check == ALERTS]
    assert [one.state for one in channel] == [State.OK]


async def test_a_channel_that_the_bot_is_not_in_names_the_invitation(workspace: Workspace) -> None:
    workspace.channel(ALERTS).member = False
    found = by_check(await looked_at(workspace))
    assert found[ALERTS].text == "the bot is not in this public channel"
    assert found[ALERTS].mend == f"write /invite @sentinel in {ALERTS}"


async def test_an_archived_channel_is_named_as_such(workspace: Workspace) -> None:
    workspace.channel(ALERTS).archived = True
    found = by_check(await looked_at(workspace))
    assert found[ALERTS].state is State.FAILED
    assert found[ALERTS].text == "it is archived"


async def test_an_unknown_channel_comes_with_the_nearest_name(workspace: Workspace) -> None:
    found = by_check(await looked_at(workspace, "#workplace-alert", "#somewhere"))
    assert found["#workplace-alert"].mend.startswith("did you mean #workplace-alerts?")
    assert found["#somewhere"].text == "Slack shows the bot no channel of this name (1 are listed)"
    assert "/invite @sentinel" in found["#somewhere"].mend


async def test_a_private_channel_needs_its_own_scope_to_be_looked_up(workspace: Workspace) -> None:
    workspace.add_channel("secret-war-room", private=True)
    workspace.settings.scopes -= {"groups:history"}
    one = next(one for one in await looked_at(workspace, "#secret-war-room") if one.check == "#secret-war-room")
    assert one.state is State.WARNING
    assert "cannot look posts up: Slack answers missing_scope" in one.text
    assert one.mend.endswith("workspace again: groups:history")


async def test_a_channel_may_be_given_by_its_id(workspace: Workspace) -> None:
    there = workspace.channel(ALERTS).id
    found = by_check(await looked_at(workspace, there, "C0NOWHERE1"))
    assert found[there].state is State.OK
    assert found["C0NOWHERE1"].text == "Slack shows the bot no channel of this id"
    assert "conversations.list" not in {call.method for call in workspace.calls()}


async def test_channels_beyond_the_first_page_are_found(workspace: Workspace) -> None:
    for number in range(1100):
        workspace.add_channel(f"team-{number}")
    assert by_check(await looked_at(workspace, "#team-1099"))["#team-1099"].state is State.OK


async def test_an_answer_that_is_lost_is_told_as_such(workspace: Workspace) -> None:
    workspace.inject("conversations.history", http_status(500))
    found = by_check(await looked_at(workspace))
    assert found[ALERTS].state is State.WARNING
    workspace.inject("conversations.list", refused("fatal_error"))
    assert by_check(await looked_at(workspace))[ALERTS].text == "Slack answers fatal_error to conversations.list"
    workspace.inject("auth.test", refused("ratelimited"))
    found = by_check(await looked_at(workspace))
    assert (found["token"].text, found["token"].code) == ("Slack answers ratelimited", 1)


@pytest.mark.parametrize("method", ["conversations.history", "conversations.list"])
async def test_a_slack_that_wants_fewer_questions_is_not_asked_more(workspace: Workspace, method: str) -> None:
    workspace.inject(method, rate_limited())
    channel = by_check(await looked_at(workspace))[ALERTS]
    assert channel.state is State.SKIPPED
    assert "Slack answers ratelimited and tells no more now" in channel.text
    assert len(workspace.calls(method)) == 1


async def test_a_workspace_out_of_reach_ends_before_the_token(workspace: Workspace) -> None:
    await workspace.stop()
    found = by_check(await looked_at(workspace))
    assert (found["tcp"].state, found["token"].state) == (State.FAILED, State.SKIPPED)


async def test_an_address_that_is_none_is_a_mistake_of_the_configuration() -> None:
    found = Findings()
    settings = SlackSettings(token=Secret("xoxb-canary"), api_url="https://slack.test:99999/api/")
    await examine(settings, (ALERTS,), found, NOW)
    assert [(one.check, one.code) for one in found] == [("address", 2)]
