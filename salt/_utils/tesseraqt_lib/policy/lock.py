# SPDX-License-Identifier: MIT
"""Who changes the policy file, and what the last one to narrow it left to be allowed.

The lock is the one that ``qubes-policy`` takes too (``qrexec/policy/admin.py``): on the
directory, and only for as long as the file takes to be replaced. It is not the lock of an apply,
which may last for hours: whoever takes a wire away waits for no deployment.

So an apply may come to widen policy by what another run has taken away since. Whoever narrows
notes what is declared by then, and no run adds more to the file than the last note has.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from tesseraqt_lib.dom0.lock import Held

#: Seconds in which whoever has the lock is done with the file.
PATIENCE = 30.0
PAUSE = 0.05


@contextlib.contextmanager
def held(directory: Path) -> Iterator[None]:
    """Nobody else changes the files of the directory; there may be none.

    :raises Held: somebody else does, and does not come to an end
    """
    if not directory.is_dir():
        yield
        return
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _wait(file, directory)
        yield
    finally:
        os.close(file)


def _wait(file: int, directory: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Held(f"somebody else holds the lock on {directory}") from None
            time.sleep(PAUSE)
        else:
            return


def note(path: Path, lines: Collection[str]) -> None:
    """Whoever narrowed policy last left these rules to be allowed."""
    text = "".join(f"{line}\n" for line in sorted(lines))
    with contextlib.suppress(FileNotFoundError):
        if path.read_text("ascii") == text:
            return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as stream:
        stream.write(text)
    draft.replace(path)


def noted(path: Path) -> frozenset[str]:
    """The rules that may be allowed by the last note; none if there is no note."""
    try:
        return frozenset(path.read_text("ascii").splitlines())
    except FileNotFoundError:
        return frozenset()
