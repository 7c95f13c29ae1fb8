"""Short keys for long identities."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from sentinel.domain.hierarchy import Node

Part = str | int | float | None | Node


def digest(*parts: Part) -> str:
    """32 hex digits that stand for the parts: 128 bits of BLAKE2, so two identities never share one by chance."""
    material = json.dumps(parts, separators=(",", ":")).encode("ascii")
    return hashlib.blake2b(material, digest_size=16).hexdigest()


@lru_cache(maxsize=4096)
def query_digest(key: str) -> str:
    """What stands for a query key in every table."""
    return digest("query", key)


def node_digest(node: Node) -> str:
    """What stands for a node in the indexes."""
    return digest("node", node)
