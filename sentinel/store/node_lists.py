"""Node lists, stored once however many readings have the same rows."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from sentinel.domain.hierarchy import NodeList
from sentinel.store.inserting import add_missing
from sentinel.store.packing import rows_from, rows_text
from sentinel.store.tables import node_lists

_MEMO = "store.digest"


@dataclass
class _Kept:
    """What is derived from one list; the text only until the list is known to be stored."""

    digest: str
    packed: bytes | None


def digest_of(rows: NodeList) -> str:
    """The content address of a node list. The first call on a list also prepares its stored form."""
    return _kept(rows).digest


def _kept(rows: NodeList) -> _Kept:
    found = rows.memo.get(_MEMO)
    if isinstance(found, _Kept):
        return found
    text = rows_text(rows)
    kept = _Kept(hashlib.blake2b(text, digest_size=16).hexdigest(), zlib.compress(text, 1))
    rows.memo[_MEMO] = kept
    return kept


def keep(connection: Connection, lists: Iterable[NodeList]) -> None:
    """Store those lists that are not stored yet."""
    wanted = {digest_of(rows): rows for rows in lists}
    if not wanted:
        return
    known = select(node_lists.c.digest).where(node_lists.c.digest.in_(list(wanted)))
    stored = set(connection.execute(known).scalars())
    for digest, rows in wanted.items():
        if digest not in stored:
            packed = _kept(rows).packed or zlib.compress(rows_text(rows), 1)
            add_missing(connection, node_lists, [{"digest": digest, "size": len(rows.nodes), "packed": packed}])


def lists(connection: Connection, digests: Iterable[str]) -> dict[str, NodeList]:
    """The lists with those digests. Equal rows are one object, so what is derived from them is derived once."""
    wanted = sorted(set(digests))
    found: dict[str, NodeList] = {}
    for start in range(0, len(wanted), 500):
        chosen = node_lists.c.digest.in_(wanted[start : start + 500])
        for digest, packed in connection.execute(select(node_lists.c.digest, node_lists.c.packed).where(chosen)):
            rows = rows_from(zlib.decompress(packed))
            rows.memo[_MEMO] = _Kept(digest, None)
            found[digest] = rows
    return found
