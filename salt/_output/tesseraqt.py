# SPDX-License-Identifier: MIT
"""
Prints plans, statuses and wires for reading.
=============================================

``tesseraqt.plan``, ``status``, ``wires`` and ``graph`` use this by themselves; ``--out=json``
and the other outputters of Salt print the same data in their own ways.
"""

from __future__ import annotations

from typing import Any

from tesseraqt_lib.show import text

__virtualname__ = "tesseraqt"


def __virtual__() -> str:
    """Printing needs nothing of Qubes."""
    return __virtualname__


def output(data: Any, **kwargs: Any) -> str:
    """``data`` as lines of text; whatever is no plan, no status and no wires is its own text."""
    return text.printed(data)
