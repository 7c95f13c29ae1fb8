"""A mail server looked at: encryption, login, sender, recipients. The conversation ends before any mail: nothing is sent."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from typing import NoReturn

import aiosmtplib

from sentinel.deliver.escape import clean
from sentinel.deliver.mail import domain
from sentinel.deliver.settings import SmtpSettings
from sentinel.deliver.smtp import GuardedSmtp
from sentinel.errors import CredentialsRefused
from sentinel.fetch_certificates import CertificateTrouble, explain, tls_context
from sentinel.fetch_identity import Certificate
from sentinel.fetch_reach import Way, mend_of, note_certificate, walk
from sentinel.findings import Findings

ANSWER_SECONDS = 5.0

_PERMANENT = 500  # RFC 5321: 4xx may be tried again, 5xx may not
_TRUST = "give the PEM file of the authority that issued it: SENTINEL_SMTP_CA_FILE"
_NO_STARTTLS = (
    "have STARTTLS switched on at the server; or use SENTINEL_SMTP_SECURITY=tls with the port for it (465)."
    " Where it used to be offered, something in between may strip it"
)


class _Ended(Exception):  # the conversation cannot go on; what it is about is noted
    pass


async def examine(settings: SmtpSettings, recipients: Sequence[str], found: Findings, now: float) -> None:
    """Note how the mail server is, and whether it takes mail from our sender for each of the recipients."""
    checks = ("greeting", *(("starttls",) if settings.security == "starttls" else ()), "login", "sender", *recipients)
    way = Way(
        host=settings.host,
        port=settings.port,
        tls=settings.security == "tls",
        setting="SENTINEL_SMTP_HOST",
        ca_file=settings.ca_file,
        trust_mend=_TRUST,
        encrypted_later=settings.security == "starttls",
        encrypt="set SENTINEL_SMTP_SECURITY to starttls or tls",
    )
    if not await walk(way, found, now):
        found.rest(checks, "there is no way to the mail server")
        return
    conversation = _Conversation(settings, way, found, now)
    try:
        await conversation.hold(recipients)
    except _Ended:
        noted = {one.check for one in found}
        found.rest(tuple(check for check in checks if check not in noted), "the conversation ended before")
    finally:
        await conversation.close()


class _Conversation:
    """One connection. `stage` is the check that is under way."""

    def __init__(self, settings: SmtpSettings, way: Way, found: Findings, now: float) -> None:
        self._settings = settings
        self._way = way
        self._found = found
        self._now = now
        self._stage = "greeting"
        self._smtp: aiosmtplib.SMTP | None = None

    async def hold(self, recipients: Sequence[str]) -> None:
        """Up to the recipients, then take it back."""
        smtp = await self._greeted()
        try:
            if self._settings.security == "starttls":
                await self._protect(smtp)
            await self._login(smtp)
            await self._offer(smtp, recipients)
            self._stage = "reset"
            await smtp.rset()
        except (aiosmtplib.SMTPException, OSError) as error:
            self._broken(error)

    async def close(self) -> None:
        """Take leave."""
        if self._smtp is None:
            return
        transport = self._smtp.transport
        if self._smtp.is_connected:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._smtp.quit()
        self._smtp.close()
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()  # a TLS goodbye may take long, and the program may end before it is over
            await asyncio.sleep(0)

    async def _greeted(self) -> aiosmtplib.SMTP:
        settings = self._settings
        try:
            self._smtp = GuardedSmtp(
                hostname=settings.host,
                port=settings.port,
                local_hostname=domain(settings),
                timeout=ANSWER_SECONDS,
                use_tls=settings.security == "tls",
                start_tls=False,
                tls_context=tls_context(settings.ca_file) if settings.security != "none" else None,
            )
            await self._smtp.connect()
            await self._smtp.ehlo()
        except ValueError as unreadable:
            self._found.failed("greeting", str(unreadable), "give the path of a readable PEM file")
            raise _Ended from None
        except (aiosmtplib.SMTPException, OSError) as error:
            self._broken(error)
        assert self._smtp is not None
        self._found.ok("greeting", "it speaks SMTP")
        return self._smtp

    async def _protect(self, smtp: aiosmtplib.SMTP) -> None:
        self._stage = "starttls"
        if not smtp.supports_extension("starttls"):
            text = "the server offers no STARTTLS, and nothing is sent without it"
            self._found.failed("starttls", text, _NO_STARTTLS)
            raise _Ended
        try:
            await smtp.starttls()
        except (aiosmtplib.SMTPException, OSError) as error:
            trouble = _tls_error(error)
            if trouble is None:
                raise
            text = await explain(trouble, f"https://{self._way.place}")
            self._found.failed("starttls", text, mend_of(trouble, self._way, None))
            raise _Ended from None
        peer: ssl.SSLObject = smtp.get_transport_info("ssl_object")
        shown = Certificate.of(peer.getpeercert() or {})
        note_certificate(shown, peer.version() or "TLS", self._way, self._found, self._now, "starttls")
        await smtp.ehlo()

    async def _login(self, smtp: aiosmtplib.SMTP) -> None:
        self._stage = "login"
        settings = self._settings
        if not settings.username or settings.password is None:
            if settings.username:
                text = "there is a user without a password, so no login is tried"
                self._found.warning("login", text, "set SENTINEL_SMTP_PASSWORD too, or neither")
            else:
                self._found.skipped("login", "no user is set; the server is asked without")
            return
        try:
            await smtp.login(settings.username, settings.password.reveal())
        except aiosmtplib.SMTPResponseException as error:
            # Only the code: a server may echo what it was given.
            code = CredentialsRefused.exit_code if error.code >= _PERMANENT else None
            mend = "check SENTINEL_SMTP_USERNAME and SENTINEL_SMTP_PASSWORD" if code else "try again in a minute"
            self._found.failed("login", f"the server answers {error.code} to user and password", mend, code=code)
            raise _Ended from None
        except aiosmtplib.SMTPException as error:
            if isinstance(error, aiosmtplib.SMTPServerDisconnected | aiosmtplib.SMTPTimeoutError):
                raise
            text = "the server offers no login that can be used on this connection"
            self._found.failed("login", text, "a server that wants none: unset user and password; else ask its keeper")
            raise _Ended from None
        self._found.ok("login", "user and password are accepted")

    async def _offer(self, smtp: aiosmtplib.SMTP, recipients: Sequence[str]) -> None:
        self._stage = "sender"
        try:
            await smtp.mail(self._settings.sender)
        except aiosmtplib.SMTPResponseException as error:
            mend = "give a sender that this server may send for (SENTINEL_SMTP_FROM), or a login that it wants"
            self._found.failed("sender", f"the server answers {_said(error)} to {self._settings.sender}", mend)
            raise _Ended from None
        self._found.ok("sender", f"mail from {clean(self._settings.sender, 100)} is taken")
        for one in recipients:
            self._stage = one
            try:
                await smtp.rcpt(one)
            except aiosmtplib.SMTPResponseException as error:
                self._refused(one, error)
            else:
                self._found.ok(one, "is accepted by this server")

    def _refused(self, recipient: str, error: aiosmtplib.SMTPResponseException) -> None:
        text = f"the server answers {_said(error)}"
        if error.code >= _PERMANENT:
            self._found.failed(recipient, text, "correct the address in the rules file, or let the server relay to it")
        else:
            self._found.warning(recipient, text, "greylisting takes some minutes; Sentinel tries again by itself")

    def _broken(self, error: Exception) -> NoReturn:
        if isinstance(error, aiosmtplib.SMTPResponseException):
            text = f"the server answers {_said(error)}"
        elif isinstance(error, aiosmtplib.SMTPTimeoutError | TimeoutError):
            text = f"no answer within {ANSWER_SECONDS:g} s"
        else:
            text = f"the server ended the connection ({type(error).__name__})"
        self._found.failed(self._stage, text, "is this a mail server, and is the port right? Its log says more")
        raise _Ended from error


def _tls_error(error: BaseException) -> CertificateTrouble | None:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return CertificateTrouble.of(seen)
        seen = seen.__cause__ or seen.__context__
    return None


def _said(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {clean(str(error.message), 160)}"
