"""A mail server looked at: encryption, login, sender, recipients; each illness with its mend, and no mail leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentinel.deliver.settings import Secret, SmtpSettings
from sentinel.deliver.smtp_examination import examine
from sentinel.findings import Findings, State
from tests.deliver.examined import NOW, by_check, shown
from tests.fakes.certificates import EXPIRED, Authority
from tests.fakes.mailbox import Mailbox

ANA, BEN = "ana@example.com", "ben@example.com"
PASSWORD = "canary-pa55word"
LOGIN = ("sentinel", PASSWORD)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def looked_at(box: Mailbox, **changes: Any) -> Findings:
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": box.port,
        "security": "none",
        "sender": "sentinel@mail.example.com",
    }
    found = Findings()
    await examine(SmtpSettings(**{**usual, **changes}), (ANA, BEN), found, NOW)
    assert box.accepted == [], "looking sends nothing"
    assert PASSWORD not in shown(found)
    return found


async def test_a_healthy_server_is_well_up_to_each_recipient(authority: Authority) -> None:
    async with Mailbox(tls=authority.serving(), login=LOGIN, require_tls=True) as box:
        found = by_check(
            await looked_at(
                box,
                security="starttls",
                ca_file=str(authority.ca_file),
                username="sentinel",
                password=Secret(PASSWORD),
            )
        )
        assert box.logins == ["sentinel"]
    assert list(found) == ["dns", "tcp", "greeting", "starttls", "login", "sender", ANA, BEN]
    assert {one.state for one in found.values()} == {State.OK}
    assert "issued by Example CA, valid until" in found["starttls"].text


async def test_tls_from_the_first_byte_is_looked_at_on_the_way(authority: Authority) -> None:
    async with Mailbox(tls=authority.serving(), implicit=True) as box:
        found = by_check(await looked_at(box, security="tls", ca_file=str(authority.ca_file)))
    assert (found["tls"].state, found[ANA].state) == (State.OK, State.OK)
    assert "starttls" not in found


@pytest.mark.fault(110)
async def test_missing_starttls_ends_it_before_the_password(authority: Authority) -> None:
    async with Mailbox(login=LOGIN) as box:
        found = by_check(await looked_at(box, security="starttls", username="sentinel", password=Secret(PASSWORD)))
        assert box.logins == []
    assert found["starttls"].text == "the server offers no STARTTLS, and nothing is sent without it"
    assert "465" in found["starttls"].mend
    assert (found["login"].state, found[BEN].state) == (State.SKIPPED, State.SKIPPED)


async def test_a_certificate_that_is_not_trusted_ends_it_before_the_password(authority: Authority) -> None:
    async with Mailbox(tls=authority.serving(), login=LOGIN) as box:
        found = by_check(await looked_at(box, security="starttls", username="sentinel", password=Secret(PASSWORD)))
        assert box.logins == []
    assert "an authority that is not trusted" in found["starttls"].text
    assert "SENTINEL_SMTP_CA_FILE" in found["starttls"].mend


async def test_an_expired_certificate_and_one_for_another_name_are_told_apart(authority: Authority) -> None:
    trusting = {"security": "starttls", "ca_file": str(authority.ca_file)}
    async with Mailbox(tls=authority.serving(dates=EXPIRED)) as box:
        expired = by_check(await looked_at(box, **trusting))["starttls"]
    async with Mailbox(tls=authority.serving("old.example.com")) as box:
        other = by_check(await looked_at(box, **trusting))["starttls"]
    assert "has expired" in expired.text
    assert "is not for 127.0.0.1" in other.text
    assert "certificate made out to 127.0.0.1" in other.mend


async def test_a_wrong_password_is_5_and_not_tried_again_and_again() -> None:
    async with Mailbox(login=("sentinel", "another")) as box:
        found = by_check(await looked_at(box, username="sentinel", password=Secret(PASSWORD)))
        assert box.logins == ["sentinel"] * 2, "once for each way to log in that the server offers"
    assert (found["login"].state, found["login"].code) == (State.FAILED, 5)
    assert found["login"].text == "the server answers 535 to user and password"
    assert found["sender"].state is State.SKIPPED


async def test_a_user_without_a_password_is_worth_a_word() -> None:
    async with Mailbox() as box:
        found = by_check(await looked_at(box, username="sentinel"))
    assert found["login"].state is State.WARNING
    assert "SENTINEL_SMTP_PASSWORD" in found["login"].mend


async def test_each_recipient_has_its_own_answer() -> None:
    async with Mailbox() as box:
        box.mishaps.recipients = {ANA: "550 5.1.1 No such user", BEN: "451 4.7.1 Greylisted"}
        found = by_check(await looked_at(box))
    assert (found[ANA].state, found[ANA].text) == (State.FAILED, "the server answers 550 5.1.1 No such user")
    assert found[BEN].state is State.WARNING
    assert "greylisting" in found[BEN].mend


async def test_a_sender_that_is_refused_names_its_setting() -> None:
    async with Mailbox() as box:
        box.mishaps.sender = "553 5.7.1 Sender address rejected"
        found = by_check(await looked_at(box))
    assert "553 5.7.1 Sender address rejected" in found["sender"].text
    assert "SENTINEL_SMTP_FROM" in found["sender"].mend
    assert found[ANA].state is State.SKIPPED


async def test_a_connection_that_breaks_names_where() -> None:
    async with Mailbox() as box:
        box.mishaps.drop_at_rcpt = 1
        found = by_check(await looked_at(box))
    assert found[ANA].state is State.FAILED
    assert "ended the connection" in found[ANA].text
    assert found[BEN].state is State.SKIPPED


async def test_a_server_that_is_not_there_is_not_spoken_to() -> None:
    async with Mailbox() as gone:
        pass
    found = by_check(await looked_at(gone))
    assert (found["tcp"].state, found["greeting"].state) == (State.FAILED, State.SKIPPED)


async def test_a_ca_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with Mailbox() as box:
        found = by_check(await looked_at(box, security="starttls", ca_file=str(tmp_path / "nowhere.pem")))
    assert "nowhere.pem cannot be read" in found["greeting"].text
