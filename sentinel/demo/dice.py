"""Reproducible dice: a throw is a pure function of its keys, so no state is kept and any instant can be asked."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]

_WORD = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def keys_of(names: list[str]) -> Keys:
    """One 64-bit key per name, the same in every process."""
    return np.array([(crc32(name.encode()) << 32) ^ crc32(name.encode()[::-1]) for name in names], dtype=np.uint64)


def throw(keys: Keys, *salts: int) -> Floats:
    """For each key an evenly spread number in [0, 1), a function of the key and the salts.

    The mixing is the public-domain splitmix64 finaliser.
    """
    offset = 0
    for salt in salts:
        offset = ((offset ^ (salt & _WORD)) * _STEP + _STEP) & _WORD
    mixed = keys ^ np.full(keys.shape, offset, dtype=np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53
