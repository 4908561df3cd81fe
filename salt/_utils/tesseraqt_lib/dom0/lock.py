# SPDX-License-Identifier: MIT
"""One apply at a time: a lock that dies with its holder.

The kernel drops a flock with the last process that has it, so a killed apply leaves no
stale lock, and the children that Salt forks for ``parallel: True`` share their parent's.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from tesseraqt_lib.bounded.files import private_directory


class Held(Exception):
    """Somebody else applies right now; the text names the holder."""


#: Open files of the locks that this process, or the one it was forked from, holds.
_held: dict[str, int] = {}


def take(path: Path, job: str) -> None:
    """This process holds the lock at ``path`` until it ends.

    :param path: the lock file; it is made if it is not there
    :param job: who asks, for the message that others get
    :raises Held: another process holds it
    """
    if str(path) in _held:
        return
    private_directory(path.parent)
    while (file := _locked(path)) is None:
        pass
    os.ftruncate(file, 0)
    started = time.strftime("%Y-%m-%d %H:%M:%S")
    os.pwrite(file, f"pid {os.getpid()}, {job}, since {started}\n".encode(), 0)
    _held[str(path)] = file


def _locked(path: Path) -> int | None:
    """The open, locked file; ``None`` if it was removed in between."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        same = path.exists() and os.fstat(file).st_ino == path.stat().st_ino
    except BlockingIOError:
        holder = os.pread(file, 200, 0).decode("ascii", "replace").strip()
        os.close(file)
        raise Held(f"another apply holds the lock: {holder or 'it just began'}") from None
    if not same:
        os.close(file)
    return file if same else None


def release(path: Path) -> None:
    """This process does not hold the lock at ``path``."""
    file = _held.pop(str(path), None)
    if file is not None:
        os.close(file)
