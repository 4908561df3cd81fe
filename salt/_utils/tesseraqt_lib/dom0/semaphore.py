# SPDX-License-Identifier: MIT
"""No more than so many at once: a semaphore of files, each of which one holder locks.

The kernel gives a place back when its holder dies, so nobody has to clean up.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from tesseraqt_lib.bounded.files import private_directory

#: Seconds between two looks whether a place got free.
PAUSE = 0.2


@contextlib.contextmanager
def acquired(place: Path, many: int) -> Iterator[None]:
    """One of ``many`` places was waited for and is ours; afterwards it is free again."""
    private_directory(place)
    while (file := _free(place, many)) is None:
        time.sleep(PAUSE)
    try:
        yield
    finally:
        os.close(file)


def _free(place: Path, many: int) -> int | None:
    """An open, locked place; ``None`` if others have them all."""
    for number in range(many):
        file = os.open(place / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        return file
    return None
