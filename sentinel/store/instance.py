"""One writing instance per SQLite file: a lock beside it that dies with its process."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from sentinel.errors import AlreadyRunning, StoreBusy

LOOKS = 20
LOOK_SECONDS = 0.005
"""A lock that is only being looked at is free a moment later: how often and how soon it is tried again."""


class InstanceLock:
    """Holds `<database>-lock` with this process's id in it. The kernel lets go of it however the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + "-lock")
        self._file: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._file is not None

    def acquire(self) -> None:
        """Take the lock; nothing happens when this object has it.

        Raises:
            AlreadyRunning: another process has it.
            StoreBusy: the lock file cannot be written, or is a link to another file.
        """
        if self.held:
            return
        file = self._open()
        if not _locked(file):
            holder = os.pread(file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(file)
            raise AlreadyRunning(
                f"already running, pid {holder}", hint="one SQLite file serves one instance; for a standby use Postgres"
            )
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode("ascii"), 0)
        self._file = file

    def is_taken(self) -> bool:
        """Whether some process has the lock now. Who may not look at another user's lock takes it for held.

        Raises:
            StoreBusy: the lock file cannot be opened.
        """
        if self.held:
            return True
        if self.path.exists() and not os.access(self.path, os.R_OK | os.W_OK):
            return True
        file = self._open()
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StoreBusy(f"{self.path}: {error.strerror}") from error

    def release(self) -> None:
        """Let go. The file stays: removing it would let two processes hold two different files of that name."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _locked(file: int) -> bool:
    """Whether the lock could be had."""
    for _ in range(LOOKS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_SECONDS)
        else:
            return True
    return False
