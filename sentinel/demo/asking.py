"""What a request asks for: the parameters of the Services API, checked against what the tenant has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from sentinel.demo.accounts import Account
from sentinel.demo.load import Scope
from sentinel.demo.tenants import Hierarchy, Path, Service, Tenant

Format = Literal["table", "json", "csv"]
PathStyle = Literal["repeated", "slash"]

_SCOPES = ("hour", "day")
_FORMATS = ("table", "json", "csv")
_KNOWN = frozenset({"metric", "scope", "hierarchy", "hierarchy-level", "path", "format"})
_NOT_FOUND = 404
_WRONG = 400


class QueryError(Exception):
    """The request cannot be answered; carries the HTTP status and a sentence."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A checked request. Either `depth` (1 is the topmost level) or `path` is set."""

    service: Service
    scope: Scope
    hierarchy: Hierarchy
    format: Format
    depth: int | None = None
    path: Path | None = None


def asked(
    query: Mapping[str, Sequence[str]],
    tenant: Tenant,
    account: Account,
    *,
    path_style: PathStyle = "repeated",
    unknown_status: int = _NOT_FOUND,
) -> Ask:
    r"""Check the parameters of a data request.

    Args:
        query: every value of each parameter, decoded.
        tenant: what can be asked for.
        account: whose view domain gives the default path and hides what lies outside.
        path_style: `repeated` (`path=Europe&path=Switzerland`) or `slash` (`path=Europe/Switzerland`, a `/` inside a
            name written `\/`); the vendor does not say which.
        unknown_status: answered to an unknown service, hierarchy, level or node.

    Raises:
        QueryError: 400 for a malformed request, `unknown_status` for a name that does not exist or is not visible.
    """
    for name, values in query.items():
        if name in _KNOWN and name != "path" and len(values) > 1:
            raise QueryError(_WRONG, f"parameter {name} is given {len(values)} times")
    if "hierarchy-level" in query and "path" in query:
        raise QueryError(_WRONG, "hierarchy-level and path exclude each other")
    service = _service(_one(query, "metric"), tenant, unknown_status)
    hierarchy = tenant.hierarchy(_one(query, "hierarchy"))
    if hierarchy is None:
        raise QueryError(unknown_status, "unknown hierarchy")
    scope = cast("Scope", _choice(query, "scope", _SCOPES))
    wanted = cast("Format", _choice(query, "format", _FORMATS))
    level = _one(query, "hierarchy-level")
    if level is not None:
        if level not in hierarchy.levels:
            raise QueryError(unknown_status, "unknown hierarchy level")
        depth = hierarchy.levels.index(level) + 1
        return Ask(service=service, scope=scope, hierarchy=hierarchy, format=wanted, depth=depth)
    path = _path(query.get("path", ()), path_style) or account.top(hierarchy, tenant)
    if not hierarchy.knows(path) or not account.sees(hierarchy, path, tenant):
        raise QueryError(unknown_status, "unknown node")
    return Ask(service=service, scope=scope, hierarchy=hierarchy, format=wanted, path=path)


def split_path(text: str) -> Path:
    r"""The names in `a/b/c`; `\/` is a slash inside a name and `\\` a backslash."""
    names: list[str] = [""]
    escaped = False
    for letter in text:
        if escaped or letter not in "/\\":
            names[-1] += letter
            escaped = False
        elif letter == "\\":
            escaped = True
        else:
            names.append("")
    return tuple(names)


def _one(query: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = query.get(name)
    return values[0] if values else None


def _choice(query: Mapping[str, Sequence[str]], name: str, allowed: tuple[str, ...]) -> str:
    """The value, or the documented default, which is the first one."""
    value = _one(query, name)
    if value is None:
        return allowed[0]
    if value not in allowed:
        raise QueryError(_WRONG, f"parameter {name} must be one of {', '.join(allowed)}")
    return value


def _service(uid: str | None, tenant: Tenant, unknown_status: int) -> Service:
    if uid is None:
        raise QueryError(_WRONG, "parameter metric is missing")
    service = next((one for one in tenant.services if one.uid == uid), None)
    if service is None:
        raise QueryError(unknown_status, "unknown service")
    return service


def _path(values: Sequence[str], style: PathStyle) -> Path:
    if style == "repeated":
        return tuple(values)
    if len(values) > 1:
        raise QueryError(_WRONG, "parameter path is given more than once")
    return split_path(values[0]) if values else ()
