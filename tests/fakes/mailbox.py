"""A real SMTP server on the loopback that keeps what it accepted and can be told to fail in many ways."""

from __future__ import annotations

import asyncio
import email
from dataclasses import dataclass, field
from email.policy import default
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

if TYPE_CHECKING:
    import ssl
    from email.message import EmailMessage
    from types import TracebackType

OK = "250 OK"


@dataclass(slots=True, kw_only=True)
class Mishaps:
    """What goes wrong while it is set; change it at any time.

    Attributes:
        recipients: the answer to RCPT for an address, such as `451 4.7.1 Greylisted` or `550 No such user`.
        sender: the answer to MAIL instead of 250.
        data: the answer after the final dot; the mail is not accepted.
        drop_after_data: so many mails are accepted and the connection is dropped instead of the 250.
        drop_at_rcpt: so many connections are dropped at RCPT.
        silent_at_rcpt: RCPT is not answered while this is set.
    """

    recipients: dict[str, str] = field(default_factory=dict)
    sender: str = ""
    data: str = ""
    drop_after_data: int = 0
    drop_at_rcpt: int = 0
    silent_at_rcpt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A mail that was accepted: who it was for, and whether it came encrypted and by whom."""

    recipients: tuple[str, ...]
    mail: EmailMessage
    raw: bytes
    encrypted: bool
    user: str


class Mailbox:
    """`async with Mailbox() as box` listens on 127.0.0.1 at `box.port`.

    Args:
        tls: offers STARTTLS with this context; with `implicit` it speaks TLS from the first byte.
        implicit: as said.
        login: the user and password to ask for before anything else.
        require_tls: refuse mail before STARTTLS.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        login: tuple[str, str] | None = None,
        require_tls: bool = False,
    ) -> None:
        self.mishaps = Mishaps()
        self.accepted: list[Accepted] = []
        self.logins: list[str] = []
        self.connections = 0
        self.port = 0
        self._tls = tls
        self._implicit = implicit
        self.login = login
        self._require_tls = require_tls
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Transport] = set()

    async def __aenter__(self) -> Self:
        """Listen on a free port; after an exit on the same one as before."""
        loop = asyncio.get_running_loop()
        context = self._tls if self._implicit else None
        self._server = await loop.create_server(self._protocol, "127.0.0.1", self.port, ssl=context)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and let go of everybody."""
        if self._server is not None:
            self._server.close()
            for transport in list(self._open):
                transport.abort()
            await asyncio.sleep(0)

    def received_by(self, address: str) -> list[EmailMessage]:
        """The mails that reached an address, in order."""
        return [one.mail for one in self.accepted if address in one.recipients]

    def _protocol(self) -> SMTP:
        self.connections += 1
        return _Server(
            self,
            hostname="mailbox.test",
            tls_context=None if self._implicit else self._tls,
            require_starttls=self._require_tls,
            auth_require_tls=False,
            authenticator=self._authenticate,
            loop=asyncio.get_running_loop(),
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: Any
    ) -> AuthResult:
        if not isinstance(auth_data, LoginPassword) or self.login is None:
            return AuthResult(success=False, handled=False)
        user, password = auth_data.login.decode(), auth_data.password.decode()
        self.logins.append(user)
        return AuthResult(success=(user, password) == self.login, handled=False, auth_data=user)

    def joined(self, transport: asyncio.Transport) -> None:
        """Note an open connection."""
        self._open = {one for one in self._open if not one.is_closing()} | {transport}


class _Server(SMTP):
    """One connection."""

    def __init__(self, box: Mailbox, **options: Any) -> None:
        super().__init__(_Handler(box), **options)
        self._box = box

    def connection_made(self, transport: Any) -> None:
        """A client came, or its connection became encrypted."""
        self._box.joined(transport)
        super().connection_made(transport)


class _Handler:
    """Answers as the mishaps say."""

    def __init__(self, box: Mailbox) -> None:
        self._box = box

    async def handle_MAIL(  # noqa: N802  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        if self._box.mishaps.sender:
            return self._box.mishaps.sender
        if self._box.login is not None and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return OK

    async def handle_RCPT(  # noqa: N802  # as above
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        mishaps = self._box.mishaps
        if mishaps.drop_at_rcpt > 0:
            mishaps.drop_at_rcpt -= 1
            return _drop(server)
        if mishaps.silent_at_rcpt:
            await asyncio.Event().wait()
        if address in mishaps.recipients:
            return mishaps.recipients[address]
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        mishaps = self._box.mishaps
        if mishaps.data:
            return mishaps.data
        raw = bytes(envelope.content or b"")
        accepted = Accepted(
            recipients=tuple(envelope.rcpt_tos),
            mail=email.message_from_bytes(raw, policy=default),
            raw=raw,
            encrypted=session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None,
            user=str(session.auth_data or ""),
        )
        self._box.accepted.append(accepted)
        if mishaps.drop_after_data > 0:
            mishaps.drop_after_data -= 1
            return _drop(server)
        return OK


def _drop(server: SMTP) -> str:
    server.transport.abort()
    return OK  # goes nowhere: the connection is gone
