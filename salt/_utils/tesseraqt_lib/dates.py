# SPDX-License-Identifier: MIT
"""Since when a start of a qube has what its root was given."""

from __future__ import annotations

import time
from collections.abc import Mapping

from tesseraqt_lib import power, record
from tesseraqt_lib.model import Have, Step, System
from tesseraqt_lib.record import Part


def since(how: System, root: Have | None) -> int | None:
    """The second since when a start has what was deployed just now; ``None`` if it is to come."""
    if how.activation == "switch":
        return record.ALWAYS
    later = root is not None and power.hands_on_later(root)
    return None if later else int(time.time())


def closing(root: Have, known: Mapping[str, Part]) -> list[Step]:
    """The step that says since when starts have what was deployed while the root was on."""
    if not root.halted or all(one.since is not None for one in known.values()):
        return []
    now = record.written(record.closed(known, int(time.time())))
    return record.steps(root.name, {record.PARTS: record.written(known)}, {record.PARTS: now})
