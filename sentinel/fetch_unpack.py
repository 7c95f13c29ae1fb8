"""Unpacking a compressed HTTP body with a bound on what comes out."""

from __future__ import annotations

import zlib

_ANY_WRAPPER = 32 + zlib.MAX_WBITS  # gzip or zlib, told apart by the first bytes
_NO_WRAPPER = -zlib.MAX_WBITS


class UnpackError(Exception):
    """The body cannot be unpacked; the text continues a sentence about the body."""

    def __init__(self, text: str, *, truncated: bool = False) -> None:
        super().__init__(text)
        self.truncated = truncated


class Unpacker:
    """Takes pieces as they come, gives them back unpacked, and stops at `limit` bytes (then `overflown`).

    `encoding` is the Content-Encoding header: gzip, deflate (with or without its wrapper), or none.

    Raises:
        UnpackError: another encoding.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        names = [name.strip().lower() for name in encoding.split(",")]
        wanted = [name for name in names if name not in ("", "identity")]
        self._unknown = "" if wanted in ([], ["gzip"], ["x-gzip"], ["deflate"]) else encoding[:40]
        self._packed = bool(wanted)
        self._raw_deflate = wanted == ["deflate"]
        self._left = limit
        self._stream = zlib.decompressobj(_ANY_WRAPPER)
        self._started = False
        self.overflown = False

    def feed(self, piece: bytes) -> list[bytes]:
        """The unpacked bytes of one more piece; nothing once overflown."""
        if self._unknown:
            raise UnpackError(f"is packed in a way that was not asked for ({self._unknown!r})")
        if not self._packed:
            return self._counted([piece])
        try:
            return self._counted(self._unpacked(piece))
        except zlib.error as error:
            raise UnpackError("is not the compressed data that its header promises") from error

    def end(self) -> list[bytes]:
        """What was still held back.

        Raises:
            UnpackError: the compressed data is not complete.
        """
        if not self._packed or not self._started:
            return []
        rest = self._counted([self._stream.flush()])
        if not self._stream.eof:
            raise UnpackError("ends in the middle of its compressed data", truncated=True)
        return rest

    def _unpacked(self, piece: bytes) -> list[bytes]:
        out: list[bytes] = []
        produced = 0
        while piece and produced <= self._left:
            if self._stream.eof:  # a further member may follow
                self._stream = zlib.decompressobj(_ANY_WRAPPER)
            chunk = self._decompress(piece, self._left - produced + 1)
            produced += len(chunk)
            out.append(chunk)
            piece = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
        return out

    def _decompress(self, piece: bytes, most: int) -> bytes:
        first, self._started = not self._started, True
        try:
            return self._stream.decompress(piece, most)
        except zlib.error:
            if not (first and self._raw_deflate):
                raise
            self._stream = zlib.decompressobj(_NO_WRAPPER)
            return self._stream.decompress(piece, most)

    def _counted(self, out: list[bytes]) -> list[bytes]:
        self._left -= sum(map(len, out))
        self.overflown = self._left < 0
        return [] if self.overflown else out
