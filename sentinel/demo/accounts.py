"""Local accounts of the Portal: Basic authentication, the lock after failed logins, and view domains."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest

import numpy as np
from numpy.typing import NDArray

from sentinel.demo.tenants import Hierarchy, Path, Tenant


@dataclass(frozen=True, slots=True)
class Account:
    """A local account.

    Attributes:
        password: in clear text; this Portal guards nothing.
        domain: the highest node it may see; `()` is everything.
        hierarchy: the hierarchy of `domain`; None is the first.
    """

    password: str = field(repr=False)
    domain: Path = ()
    hierarchy: str | None = None

    def top(self, hierarchy: Hierarchy, tenant: Tenant) -> Path:
        """The default path: the highest node of the view domain, `()` in the other hierarchies."""
        return self.domain if tenant.hierarchy(self.hierarchy) is hierarchy else ()

    def sees(self, hierarchy: Hierarchy, path: Path, tenant: Tenant) -> bool:
        """Whether the node belongs to the view domain: not above its top, and not without a visible entity."""
        top = self.top(hierarchy, tenant)
        if path[: len(top)] != top:
            return False
        visible = self.entities(tenant)
        return visible is None or bool(np.any(visible & hierarchy.below(path)))

    def entities(self, tenant: Tenant) -> NDArray[np.bool_] | None:
        """For each entity whether it is visible; None where all are."""
        own = tenant.hierarchy(self.hierarchy)
        return None if not self.domain or own is None else own.below(self.domain)


class Doorkeeper:
    """Checks Basic credentials and locks accounts.

    Args:
        accounts: by user name.
        lock_after: consecutive failed logins until the lock; the vendor's default is 5
            (Nexthink documentation, Protecting local accounts against brute force attacks).
        lock_seconds: how long it lasts; the vendor's default is 15 minutes.
    """

    def __init__(self, accounts: Mapping[str, Account], *, lock_after: int = 5, lock_seconds: float = 900.0) -> None:
        self.accounts = dict(accounts)
        self.lock_after = lock_after
        self.lock_seconds = lock_seconds
        self._failures: dict[str, int] = {}
        self._locked_until: dict[str, float] = {}

    def admit(self, header: str | None, at: float) -> tuple[str | None, Account | None]:
        """The user name that was given, if any, and its account, or None where the login fails or is locked."""
        user, password = _credentials(header)
        account = None if user is None else self.accounts.get(user)
        if user is None or account is None or self.is_locked(user, at):
            return user, None
        if compare_digest(account.password.encode(), password.encode()):
            self._failures.pop(user, None)
            return user, account
        self._failures[user] = self._failures.get(user, 0) + 1
        if self._failures[user] >= self.lock_after:
            self._locked_until[user] = at + self.lock_seconds
            self._failures.pop(user)
        return user, None

    def is_locked(self, user: str, at: float) -> bool:
        """Whether the account refuses even the right password."""
        return at < self._locked_until.get(user, at)

    def unlock(self, user: str) -> None:
        """Lift the lock and forget the failed logins."""
        self._locked_until.pop(user, None)
        self._failures.pop(user, None)


def _credentials(header: str | None) -> tuple[str | None, str]:
    scheme, _, coded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None, ""
    try:
        user, colon, password = b64decode(coded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, ""
    return (user, password) if colon else (None, "")
