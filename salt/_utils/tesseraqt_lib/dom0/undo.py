# SPDX-License-Identifier: MIT
"""What is taken back where one of several steps failed."""

from __future__ import annotations

import contextlib
from typing import Any

from tesseraqt_lib.dom0 import tools
from tesseraqt_lib.dom0.kinds import halts, makes
from tesseraqt_lib.model import Step


def withdrawn(name: str, todo: list[Step], at: int, app: Any) -> bool:
    """Whether a qube is gone that was made just now and could not be confined as declared.

    Qubes makes it with the default netvm, and what it was not kept from, it might do.

    :param at: the number of the step that failed
    """
    made = [nr for nr, step in enumerate(todo[:at]) if makes(step)]
    if not made or not any(step.confines for step in todo[at:]):
        return False
    with contextlib.suppress(tools.Failed):
        tools.run(Step("qube", "", None, ("qvm-remove", "--force", "--", name)), app)
        return True
    return False


def brought_back(todo: list[Step], at: int, app: Any) -> list[Step] | None:
    """What was done for a qube to run again that was halted for steps of which one then failed;
    ``None`` if it does not.

    The halt itself may have failed, or only seemed to: then nothing changed in the end.

    :param at: the number of the step that failed
    """
    again = [step for step in todo[at + 1 :] if step.what == "restart" and not halts(step)]
    if not again or not any(map(halts, todo[: at + 1])):
        return None
    with contextlib.suppress(tools.Failed):
        for step in again:
            tools.run(step, app)
        return [] if halts(todo[at]) else again
    return None
