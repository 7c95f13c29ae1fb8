"""Certificates of an authority of our own: good ones, and those that are not."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import trustme

EXPIRED = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))


class Authority:
    """Issues server certificates; `ca_file` is what trusts them."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA(organization_name="Example CA")
        self.ca_file = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.ca_file))

    def serving(self, *names: str, dates: tuple[datetime, datetime] | None = None) -> ssl.SSLContext:
        """A server's context with a certificate for these names (127.0.0.1 if none), valid in these dates."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        begins, ends = dates or (None, None)
        issued = self._authority.issue_cert(*(names or ("127.0.0.1",)), not_before=begins, not_after=ends)
        issued.configure_cert(context)
        return context
