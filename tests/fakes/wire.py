"""A wire to a database on which a test can sit: cut, so that everybody knows, or silent, so that nobody does."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, make_url

CHUNK = 65536
POSTGRES_PORT = 5432


class Wire:
    """Passes bytes between a port on loopback and a database server, until told otherwise.

    `cut` drops what is connected and lets nobody in; `hold` lets bytes in and none through, as a network that loses
    every packet; `mend` passes again and drops what was held, as a network that has forgotten its connections.
    `go_silent` is about the present connections alone: they take everything and answer nothing, new ones work.
    `lose_commit`: the next COMMIT reaches the server, its answer nobody.
    """

    def __init__(self, url: str) -> None:
        self._target = make_url(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._open = threading.Event()
        self._open.set()
        self._refusing = False
        self._silent: set[socket.socket] = set()
        self._losing: set[socket.socket] = set()
        self.lose_commit = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The database as it is reached over this wire."""
        port = self._listener.getsockname()[1]
        plain = self._target.difference_update_query(["host", "port"])
        return plain.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)

    def hold(self) -> None:
        self._open.clear()

    def go_silent(self) -> None:
        self._silent.update(end for pair in self._pairs for end in pair)

    def cut(self) -> None:
        self._refusing = True
        self._drop()

    def mend(self) -> None:
        held = not self._open.is_set()
        self._refusing = False
        if held:
            self._drop()
        self._open.set()

    def close(self) -> None:
        self._refusing = True
        self._open.set()
        self._drop()
        self._listener.close()

    def _drop(self) -> None:
        for pair in self._pairs:
            for end in pair:
                _end(end)
        self._pairs.clear()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self._refusing:
                    _end(near)
                    continue
                far = _connected(self._target)
                self._pairs.append((near, far))
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(CHUNK):
                self._open.wait()
                if one in self._losing:
                    break
                if self.lose_commit and b"COMMIT" in data:
                    self.lose_commit = False
                    self._losing.add(other)
                if one not in self._silent:
                    other.sendall(data)
        _end(one)
        _end(other)


def _connected(target: URL) -> socket.socket:
    host = str(target.query.get("host") or target.host or "127.0.0.1")
    port = target.port or POSTGRES_PORT
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    far = socket.socket(socket.AF_UNIX)
    far.connect(f"{host}/.s.PGSQL.{port}")
    return far


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def wire(url: str) -> Iterator[Wire]:
    """A wire to that database for the length of the block."""
    it = Wire(url)
    try:
        yield it
    finally:
        it.close()
