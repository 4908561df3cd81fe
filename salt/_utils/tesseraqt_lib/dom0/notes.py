# SPDX-License-Identifier: MIT
"""What tesseraqt began and has not finished, so that a later run can.

A qube is made in several calls, and only the second one marks it as tesseraqt's. Whoever
is killed between them leaves a note here, and the next apply goes on instead of refusing
a qube that it made itself. So does whoever is killed after halting a qube for a change,
and the next apply starts it again.
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

    def begun(self, name: str) -> bool:
        """Whether something was begun with this qube and not finished."""
        return (self.place / name).exists()

    def begin(self, name: str) -> None:
        """A crash from now on is known to have left this qube so."""
        private_directory(self.place)
        self._sync(os.open(self.place / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._sync(os.open(self.place, os.O_RDONLY | os.O_DIRECTORY))

    def finish(self, name: str) -> None:
        """The qube is finished, or is not there."""
        (self.place / name).unlink(missing_ok=True)

    @staticmethod
    def _sync(file: int) -> None:
        os.fsync(file)
        os.close(file)
