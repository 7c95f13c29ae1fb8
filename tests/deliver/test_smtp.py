"""E-mail against a real SMTP server that can fail in every way a mail server does."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from sentinel.deliver.channel import Delivered, Later, Refused, Unclear
from sentinel.deliver.settings import Secret, SmtpSettings
from sentinel.deliver.smtp import SmtpChannel
from sentinel.domain.notices import NoticeKind
from tests.fakes.mailbox import Mailbox
from tests.fakes.stories import delivery, ended

if TYPE_CHECKING:
    from pathlib import Path

ANA, BEN = "ana@example.com", "ben@example.com"
PASSWORD = "canary-pa55word"


def settings(box: Mailbox, **changes: Any) -> SmtpSettings:
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": box.port,
        "security": "none",
        "sender": "sentinel@mail.example.com",
        "deadline": 5.0,
    }
    return SmtpSettings(**{**usual, **changes})


def channel(box: Mailbox, to: str = f"{ANA}, {BEN}", **changes: Any) -> SmtpChannel:
    return SmtpChannel(to, settings(box, **changes))


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return str(file)


@pytest.fixture
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


async def test_a_notice_reaches_every_recipient_in_one_mail() -> None:
    async with Mailbox() as box:
        told = await channel(box).send(delivery())
        [accepted] = box.accepted
        assert accepted.recipients == (ANA, BEN)
        assert isinstance(told, Delivered)
        assert told.ref == {
            "root": accepted.mail["Message-ID"],
            "subject": "[sentinel] Exchange Online at Europe / Switzerland / Zürich – Devices with errors",
        }


async def test_later_mails_thread_under_the_first_with_its_subject() -> None:
    async with Mailbox() as box:
        mailer = channel(box)
        first = await mailer.send(delivery())
        assert isinstance(first, Delivered)
        moved = ended(node=("Europe",))
        await mailer.send(delivery(NoticeKind.RECOVERED, moved, ref=first.ref))
        opening, close = box.received_by(ANA)
        assert close["Subject"] == opening["Subject"]
        assert close["In-Reply-To"] == close["References"] == opening["Message-ID"]
        assert close["Message-ID"] != opening["Message-ID"]
        assert opening["In-Reply-To"] is None


# Trouble with recipients


@pytest.mark.fault(108)
async def test_a_greylisted_mail_is_later() -> None:
    async with Mailbox() as box:
        box.mishaps.recipients = {ANA: "451 4.7.1 Greylisted, try again later", BEN: "451 4.7.1 Greylisted"}
        told = await channel(box).send(delivery())
        assert isinstance(told, Later)
        assert "451" in told.reason
        assert told.retry_after is None
        assert box.accepted == []


@pytest.mark.fault(109)
async def test_one_refused_recipient_keeps_nobody_else_from_the_mail() -> None:
    async with Mailbox() as box:
        box.mishaps.recipients = {ANA: "550 5.1.1 No such user"}
        told = await channel(box).send(delivery())
        assert isinstance(told, Delivered)
        assert told.note == f"refused: {ANA} (550 5.1.1 No such user)"
        assert len(box.received_by(BEN)) == 1
        assert box.received_by(ANA) == []


async def test_all_recipients_refused_is_a_refusal() -> None:
    async with Mailbox() as box:
        box.mishaps.recipients = {ANA: "550 No", BEN: "553 No"}
        told = await channel(box).send(delivery())
        assert isinstance(told, Refused)
        assert ANA in told.reason
        assert BEN in told.reason


@pytest.mark.promise("P1", "P2")
@pytest.mark.fault(108)
async def test_who_was_greylisted_gets_it_later_and_nobody_gets_it_twice() -> None:
    async with Mailbox() as box:
        mailer = channel(box)
        box.mishaps.recipients = {ANA: "451 Greylisted"}
        assert isinstance(await mailer.send(delivery()), Later)
        box.mishaps.recipients = {}
        assert isinstance(await mailer.send(delivery()), Delivered)
        assert [one.recipients for one in box.accepted] == [(BEN,), (ANA,)]
        assert len({one.mail["Message-ID"] for one in box.accepted}) == 1
        await mailer.send(delivery())
        assert len(box.accepted) == 3, "what is done is forgotten: the outbox remembers, not the channel"


async def test_a_server_that_refuses_the_sender_or_the_mail_is_a_refusal() -> None:
    async with Mailbox() as box:
        box.mishaps.sender = "550 5.7.1 Sender rejected"
        assert isinstance(await channel(box).send(delivery()), Refused)
        box.mishaps.sender = ""
        box.mishaps.data = "554 5.7.1 Message looks like spam"
        told = await channel(box).send(delivery())
        assert isinstance(told, Refused)
        assert told.reason == "the mail server answered 554 5.7.1 Message looks like spam at DATA"


@pytest.mark.fault(108)
async def test_a_server_that_is_busy_is_later_at_every_stage() -> None:
    async with Mailbox() as box:
        box.mishaps.sender = "421 4.3.2 Shutting down"
        assert isinstance(await channel(box).send(delivery()), Later)
        box.mishaps.sender = ""
        box.mishaps.data = "452 4.3.1 Insufficient storage"
        assert isinstance(await channel(box).send(delivery()), Later)


# Trouble with the connection


@pytest.mark.promise("P2")
@pytest.mark.fault(112)
async def test_a_connection_lost_after_the_mail_was_handed_over_is_unclear_and_a_repeat_is_recognisable() -> None:
    async with Mailbox() as box:
        mailer = channel(box)
        box.mishaps.drop_after_data = 1
        assert isinstance(await mailer.send(delivery()), Unclear)
        assert await mailer.look_up(delivery()) is None
        assert isinstance(await mailer.send(delivery(may_repeat=True)), Delivered)
        first, second = box.received_by(ANA)
        assert first["Message-ID"] == second["Message-ID"]


async def test_a_connection_lost_before_is_later() -> None:
    async with Mailbox() as box:
        box.mishaps.drop_at_rcpt = 1
        assert isinstance(await channel(box).send(delivery()), Later)
        assert box.accepted == []


async def test_a_server_that_says_nothing_is_given_up_at_the_deadline() -> None:
    async with Mailbox() as box:
        box.mishaps.silent_at_rcpt = True
        told = await channel(box, deadline=0.3).send(delivery())
        assert isinstance(told, Later)
        assert "RCPT" in told.reason


async def test_a_server_that_is_not_there_is_later() -> None:
    async with Mailbox() as box:
        mailer = channel(box)
    assert isinstance(await mailer.send(delivery()), Later)


# Encryption and credentials


async def test_starttls_protects_user_and_password(certificate: ssl.SSLContext, ca_file: str) -> None:
    async with Mailbox(tls=certificate, login=("bot", PASSWORD), require_tls=True) as box:
        told = await channel(box, security="starttls", ca_file=ca_file, username="bot", password=Secret(PASSWORD)).send(
            delivery()
        )
        assert isinstance(told, Delivered)
        assert box.accepted[0].encrypted
        assert box.logins == ["bot"]


async def test_tls_from_the_first_byte_works_too(certificate: ssl.SSLContext, ca_file: str) -> None:
    async with Mailbox(tls=certificate, implicit=True) as box:
        told = await channel(box, security="tls", ca_file=ca_file).send(delivery())
        assert isinstance(told, Delivered)
        assert box.accepted[0].encrypted


@pytest.mark.promise("P8")
@pytest.mark.fault(110)
async def test_without_starttls_neither_credentials_nor_mail_leave() -> None:
    async with Mailbox(login=("bot", PASSWORD)) as box:
        told = await channel(box, security="starttls", username="bot", password=Secret(PASSWORD)).send(delivery())
        assert isinstance(told, Later)
        assert "STARTTLS" in told.reason
        assert box.logins == []
        assert box.accepted == []


@pytest.mark.fault(110)
async def test_a_certificate_nobody_vouches_for_is_not_trusted(certificate: ssl.SSLContext) -> None:
    async with Mailbox(tls=certificate, login=("bot", PASSWORD)) as box:
        told = await channel(box, security="starttls", username="bot", password=Secret(PASSWORD)).send(delivery())
        assert isinstance(told, Later)
        assert "certificate" in told.reason
        assert box.logins == []
        assert box.accepted == []


async def test_a_certificate_for_another_name_is_not_trusted(
    authority: trustme.CA, ca_file: str, certificate: ssl.SSLContext
) -> None:
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mail.elsewhere.example").configure_cert(other)
    async with Mailbox(tls=other, implicit=True) as box:
        told = await channel(box, security="tls", ca_file=ca_file).send(delivery())
        assert isinstance(told, Later)
        assert "certificate" in told.reason


@pytest.mark.promise("P8")
@pytest.mark.fault(111)
async def test_a_wrong_password_is_refused_without_showing_it(certificate: ssl.SSLContext, ca_file: str) -> None:
    async with Mailbox(tls=certificate, login=("bot", "another")) as box:
        configured = settings(box, security="starttls", ca_file=ca_file, username="bot", password=Secret(PASSWORD))
        told = await SmtpChannel(ANA, configured).send(delivery())
        assert isinstance(told, Refused)
        assert "535" in told.reason
        assert "SENTINEL_SMTP_PASSWORD" in told.hint
        assert PASSWORD not in repr(told) + repr(configured)


async def test_a_server_without_login_is_refused_when_there_is_something_to_log_in_with() -> None:
    async with Mailbox() as box:
        told = await channel(box, username="bot", password=Secret(PASSWORD)).send(delivery())
        assert isinstance(told, Refused)


@pytest.mark.parametrize("address", ["no address", "a@b@c", "über@example.com"])
async def test_an_address_that_cannot_be_written_to_is_refused(address: str) -> None:
    async with Mailbox() as box:
        assert isinstance(await channel(box, address).send(delivery()), Refused)
