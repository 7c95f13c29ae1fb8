"""Nodes as text, and short keys for long identities."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache

from sentinel.domain.hierarchy import Node

Part = str | int | float | None | Node

encode = json.JSONEncoder(separators=(",", ":")).encode
"""Any JSON value as ASCII text without blanks."""


@lru_cache(maxsize=65536)
def node_text(node: Node) -> str:
    """A node as a JSON list of its names, ASCII only: what every database takes, whatever the names hold."""
    return encode(node)


def digest(*parts: Part) -> str:
    """32 hex digits that stand for the parts: 128 bits of BLAKE2, so two identities never share one by chance."""
    material = ",".join([_written(part) for part in parts])
    return hashlib.blake2b(material.encode("ascii"), digest_size=16).hexdigest()


def digests(*parts: Part) -> Callable[[Node], str]:
    """`digest(*parts, node)` for many nodes: what they share is worked out once."""
    shared = hashlib.blake2b(("".join(f"{_written(part)}," for part in parts)).encode("ascii"), digest_size=16)

    def digest_of(node: Node) -> str:
        own = shared.copy()
        own.update(node_text(node).encode("ascii"))
        return own.hexdigest()

    return digest_of


def _written(part: Part) -> str:
    return node_text(part) if isinstance(part, tuple) else _text(part)


@lru_cache(maxsize=4096)
def _text(part: str | float | None) -> str:
    """Kept for a while: most parts are the same for all rows of a tick."""
    return encode(part)


@lru_cache(maxsize=4096)
def query_digest(key: str) -> str:
    """What stands for a query key in every table."""
    return digest("query", key)


@lru_cache(maxsize=65536)
def node_digest(node: Node) -> str:
    """What stands for a node in the indexes."""
    return digest("node", node)
