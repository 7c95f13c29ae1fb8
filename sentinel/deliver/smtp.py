"""E-mail over SMTP: the same notice always goes under the same Message-ID, so that repeating it does no harm."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import aiosmtplib

from sentinel.deliver.channel import Delivered, Delivery, Later, Outcome, Refused, Unclear
from sentinel.deliver.escape import clean
from sentinel.deliver.mail import compose, domain, reference
from sentinel.domain.rules import ChannelKind
from sentinel.fetch_addresses import ForbiddenAddress, allowed, is_forbidden

if TYPE_CHECKING:
    from sentinel.deliver.settings import SmtpSettings

REMEMBERED = 500
"""Notices whose partial refusal is remembered at most; beyond, an address is asked, and refused, once more."""

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_NO = range(400, 600)  # RFC 5321: 4xx may be tried again
_PERMANENT = range(500, 600)  # and 5xx may not
_AUTH_HINT = "Check SENTINEL_SMTP_USERNAME and SENTINEL_SMTP_PASSWORD."
_TLS_HINT = "SENTINEL_SMTP_SECURITY is starttls, and nothing is sent without it."


@dataclass(slots=True)
class _Progress:
    """Who has a notice already, and who will not have it, with the server's word."""

    accepted: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)


class _Stop(Exception):  # carries an outcome up; nothing is in error
    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class SmtpChannel:
    """A list of addresses, `a@example.com, b@example.com`, told by one mail.

    One that is refused for good is left out and named in the note of the outcome; while one asks to wait the notice
    is late, and only those who do not have it yet are offered it again, also by a process that starts later: the
    outcome names who has it. The reference holds `root` (the first mail's Message-ID) and `subject`. `connection` makes
    the library's connection for one mail.
    """

    kind: ChannelKind = "email"
    proves = True

    def __init__(
        self, to: str, settings: SmtpSettings, *, connection: Callable[..., aiosmtplib.SMTP] | None = None
    ) -> None:
        self._connection = connection or GuardedSmtp
        self._recipients = tuple(dict.fromkeys(one.strip() for one in to.split(",") if one.strip()))
        self._settings = settings
        self._progress: OrderedDict[str, _Progress] = OrderedDict()

    async def send(self, delivery: Delivery) -> Outcome:
        """Hand the mail over for everyone who does not have it yet."""
        progress = self._progress.setdefault(delivery.key, _Progress())
        progress.accepted.update(delivery.accepted_by)
        if len(self._progress) > REMEMBERED:
            self._progress.popitem(last=False)
        outcome = await self._attempt(delivery, progress)
        if isinstance(outcome, Delivered | Refused):
            self._progress.pop(delivery.key, None)
        return outcome

    async def refresh(self, delivery: Delivery) -> Outcome:
        """Nothing: what was sent cannot be changed."""
        return Delivered(delivery.ref)

    async def look_up(self, delivery: Delivery) -> Delivered | Unclear | None:
        """Nobody can look into others' mailboxes; the same Message-ID makes sending again harmless."""
        del delivery
        return None  # it says "not there", which is an answer

    async def close(self) -> None:
        """Nothing is kept open between mails."""

    async def _attempt(self, delivery: Delivery, progress: _Progress) -> Outcome:
        wrong = [one for one in (*self._recipients, self._settings.sender) if not _ADDRESS.fullmatch(one)]
        if wrong:
            return Refused(f"{clean(wrong[0], 100)} is no e-mail address that can be written to", "Check rules.toml.")
        content = compose(delivery, self._settings, self._recipients).as_bytes()
        session = _Session(self._settings, self._connection)
        try:
            async with asyncio.timeout(self._settings.deadline):
                await session.open()
                pending = [one for one in self._recipients if one not in progress.accepted | progress.refused.keys()]
                await session.hand_over(content, pending, progress)
        except _Stop as stop:
            return stop.outcome
        except (aiosmtplib.SMTPException, OSError) as error:
            return session.failure(error)
        finally:
            await session.close()
        return self._result(delivery, progress)

    def _result(self, delivery: Delivery, progress: _Progress) -> Outcome:
        if progress.waiting:
            return Later("asked to wait: " + _listed(progress.waiting), accepted_by=tuple(sorted(progress.accepted)))
        refused = "refused: " + _listed(progress.refused) if progress.refused else ""
        if not progress.accepted:
            return Refused(refused or "no recipients", "Check the addresses of the receiver in rules.toml.")
        return Delivered(reference(delivery, self._settings), refused)


class GuardedSmtp(aiosmtplib.SMTP):
    """The library's, which never says a word to a forbidden address."""

    async def connect(self, **options: Any) -> aiosmtplib.SMTPResponse:
        """Look where the name leads, connect, and look again at who is there."""
        host = self.hostname or "localhost"
        await allowed(host, self.port or 0)
        answer = await super().connect(**options)
        peer = self.transport.get_extra_info("peername") if self.transport is not None else None
        if peer is not None and is_forbidden(str(peer[0])):
            self.close()
            raise ForbiddenAddress(host, str(peer[0]))
        return answer


class _Session:
    """One connection for one mail. `stage` says how far it came: only what happens at DATA can be unclear."""

    def __init__(self, settings: SmtpSettings, connection: Callable[..., aiosmtplib.SMTP]) -> None:
        self._settings = settings
        self._make = connection
        self._smtp: aiosmtplib.SMTP | None = None
        self.stage = "connecting"

    async def open(self) -> None:
        """Connect, protect the connection as the settings ask, log in."""
        settings = self._settings
        context = ssl.create_default_context(cafile=settings.ca_file) if settings.security != "none" else None
        self._smtp = self._make(
            hostname=settings.host,
            port=settings.port,
            local_hostname=domain(settings),
            timeout=settings.deadline,
            use_tls=settings.security == "tls",
            start_tls=False,  # asked for below, where its absence can be told from other trouble
            tls_context=context,
        )
        await self._smtp.connect()
        await self._smtp.ehlo()
        if settings.security == "starttls":
            self.stage = "STARTTLS"
            if not self._smtp.supports_extension("starttls"):
                raise _Stop(Later("the mail server offers no STARTTLS; nothing was sent. " + _TLS_HINT))
            await self._smtp.starttls()
            await self._smtp.ehlo()
        if settings.username and settings.password is not None:
            self.stage = "AUTH"
            await self._smtp.login(settings.username, settings.password.reveal())

    async def hand_over(self, content: bytes, recipients: list[str], progress: _Progress) -> None:
        """Offer the mail to the recipients and note what became of each."""
        smtp, progress.waiting = self._connection(), {}
        if not recipients:
            return
        self.stage = "MAIL"
        await smtp.mail(self._settings.sender)
        self.stage = "RCPT"
        taken = []
        for one in recipients:
            try:
                await smtp.rcpt(one)
                taken.append(one)
            except aiosmtplib.SMTPRecipientRefused as refusal:
                side = progress.refused if refusal.code in _PERMANENT else progress.waiting
                side[one] = self._said(refusal)
        if taken:
            self.stage = "DATA"
            await smtp.data(content)
            progress.accepted.update(taken)
        self.stage = "QUIT"

    def failure(self, error: Exception) -> Outcome:
        """What an exception of this session means for the notice."""
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return self._answered(error)
        if isinstance(error, ForbiddenAddress):
            return Later(f"{error}; nothing was sent. Check SENTINEL_SMTP_HOST.")
        if self.stage == "DATA":
            return Unclear(f"the connection was lost while the mail was handed over ({type(error).__name__})")
        if isinstance(_root_cause(error), ssl.SSLCertVerificationError):
            return Later("the mail server's certificate is not trusted; nothing was sent. Check its name and ca_file.")
        if self.stage == "AUTH" and not isinstance(error, OSError):
            return Refused("the mail server does not take user and password on this connection", _AUTH_HINT)
        return Later(f"the mail server could not be used at {self.stage} ({type(error).__name__})")

    async def close(self) -> None:
        """Say goodbye where there is somebody to say it to."""
        smtp = self._smtp
        if smtp is None:
            return
        if smtp.is_connected and self.stage == "QUIT":
            try:
                async with asyncio.timeout(2.0):
                    await smtp.quit()
            except (aiosmtplib.SMTPException, OSError):
                pass  # the mail is accepted; how the server takes its leave changes nothing
        smtp.close()

    def _answered(self, error: aiosmtplib.SMTPResponseException) -> Outcome:
        said = str(error.code) if self.stage == "AUTH" else self._said(error)
        reason = f"the mail server answered {said} at {self.stage}"
        if self.stage == "DATA" and error.code not in _NO:
            return Unclear(reason)  # neither yes nor no, and the mail may be in its hands
        if error.code not in _PERMANENT:
            return Later(reason)
        about: Literal["channel", "notice"] = "notice" if self.stage == "DATA" else "channel"
        return Refused(reason, _AUTH_HINT if self.stage == "AUTH" else "", about)

    def _said(self, error: aiosmtplib.SMTPResponseException) -> str:
        """The server's word, without an echo of the password."""
        password = self._settings.password.reveal() if self._settings.password is not None else ""
        told = str(error.message)
        return f"{error.code} {clean(told.replace(password, '***') if password else told, 160)}"

    def _connection(self) -> aiosmtplib.SMTP:
        assert self._smtp is not None, "open the session first"
        return self._smtp


def _listed(answers: dict[str, str]) -> str:
    return "; ".join(f"{clean(who, 100)} ({said})" for who, said in answers.items())


def _root_cause(error: BaseException) -> BaseException:
    seen = error
    while (cause := seen.__cause__ or seen.__context__) is not None and cause is not seen:
        seen = cause
    return seen
