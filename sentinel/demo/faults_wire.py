"""Faults of the connection: answers that trickle, break off, lie about their length, or never end."""

import asyncio
import socket
import struct
import zlib
from dataclasses import dataclass

from aiohttp import web

from sentinel.demo.answers import Answer
from sentinel.demo.faults import Fault

_CHUNK = 2**20


@dataclass
class SlowLoris(Fault):
    """One byte at a time, `interval` real seconds apart, until the client leaves."""

    interval: float = 0.02

    async def send(self, request: web.Request, answer: Answer) -> web.StreamResponse | None:
        response = _stream(answer, len(answer.body))
        await response.prepare(request)
        for position in range(len(answer.body)):
            await response.write(answer.body[position : position + 1])
            await asyncio.sleep(self.interval)
        return response


@dataclass
class ResetMidBody(Fault):
    """A connection reset (TCP RST) after `share` of the body."""

    share: float = 0.5

    async def send(self, request: web.Request, answer: Answer) -> web.StreamResponse | None:
        response = _stream(answer, len(answer.body))
        await response.prepare(request)
        await response.write(answer.body[: int(len(answer.body) * self.share)])
        transport = request.transport
        if transport is not None:
            plain = transport.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        return response


@dataclass
class WrongLength(Fault):
    """Content-Length promises `excess` bytes more than come before the connection closes."""

    excess: int = 100

    async def send(self, request: web.Request, answer: Answer) -> web.StreamResponse | None:
        response = _stream(answer, len(answer.body) + self.excess)
        response.force_close()
        await response.prepare(request)
        await response.write(answer.body)
        return response


@dataclass
class GzipBomb(Fault):
    """A small gzip body that unpacks to `size` bytes of spaces in a JSON list."""

    size: int = 200 * 2**20

    async def send(self, request: web.Request, answer: Answer) -> web.StreamResponse | None:
        packed = gzip_bomb(self.size)
        response = _stream(answer, len(packed))
        response.headers["Content-Encoding"] = "gzip"
        await response.prepare(request)
        await response.write(packed)
        return response


@dataclass
class HugeBody(Fault):
    """Valid JSON of `size` bytes, nearly all of it spaces; `declared`: with its Content-Length."""

    size: int = 200 * 2**20
    declared: bool = True

    async def send(self, request: web.Request, answer: Answer) -> web.StreamResponse | None:
        response = _stream(answer, self.size if self.declared else None)
        await response.prepare(request)
        await response.write(b"[")
        left = self.size - 2
        while left > 0:
            piece = min(left, _CHUNK)
            await response.write(b" " * piece)
            left -= piece
        await response.write(b"]")
        return response


def gzip_bomb(size: int) -> bytes:
    """One gzip member that unpacks to `size` bytes: the same flushed deflate block over and over."""
    whole, rest = divmod(size - 2, _CHUNK)
    spaces = b" " * _CHUNK
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = deflate.compress(b"[") + deflate.flush(zlib.Z_FULL_FLUSH)
    block = deflate.compress(spaces) + deflate.flush(zlib.Z_FULL_FLUSH)
    tail = deflate.compress(b" " * rest + b"]") + deflate.flush()
    check = zlib.crc32(b"[")
    for _ in range(whole):
        check = zlib.crc32(spaces, check)
    check = zlib.crc32(b" " * rest + b"]", check)
    start = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    return start + head + block * whole + tail + struct.pack("<II", check, size & 0xFFFFFFFF)


def _stream(answer: Answer, length: int | None) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.headers["Content-Type"] = answer.content_type
    if length is not None:
        response.content_length = length
    return response
