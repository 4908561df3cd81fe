# SPDX-License-Identifier: MIT
"""What tesseraqt began and has not finished, so that a later run can.

A qube is made in several calls, and only some of them mark it as tesseraqt's. Whoever
is killed between them leaves a note here, and the next apply goes on instead of refusing
a qube that it made itself. So does whoever is killed after halting a qube for a change,
and the next apply starts it again.

A note says about which qube it is, and about which run of it where that matters. What does not
match is stale and means nothing: somebody may have made another qube of that name since.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tesseraqt_lib.bounded.files import private_directory


@dataclass(frozen=True)
class Notes:
    """Notes in a directory of dom0 that only root can read."""

    place: Path

    def about(self, name: str) -> str | None:
        """Which qube was noted under this name: empty if that was not known yet; ``None`` if
        there is no note."""
        try:
            return (self.place / name).read_text(encoding="ascii")
        except FileNotFoundError:
            return None

    def begun(self, name: str, which: str) -> bool:
        """Whether something was begun with this very qube and not finished."""
        return bool(which) and self.about(name) == which

    def begin(self, name: str, which: str) -> None:
        """A crash from now on is known to have left this qube so."""
        private_directory(self.place)
        draft = self.place / f".{name}"
        draft.unlink(missing_ok=True)
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.write(file, which.encode("ascii", "replace"))
        self._sync(file)
        draft.replace(self.place / name)
        self._sync(os.open(self.place, os.O_RDONLY | os.O_DIRECTORY))

    def finish(self, name: str) -> None:
        """The qube is finished, or is not there."""
        (self.place / name).unlink(missing_ok=True)

    @staticmethod
    def _sync(file: int) -> None:
        os.fsync(file)
        os.close(file)
