# SPDX-License-Identifier: MIT
"""The generations of a root, and the way back to one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tesseraqt_lib.roots import failures, record
from tesseraqt_lib.roots.deploy import powered_on
from tesseraqt_lib.roots.failures import Failed
from tesseraqt_lib.roots.phases import Means, Root
from tesseraqt_lib.roots.record import PARTS, SYSTEM
from tesseraqt_lib.roots.tree import Tree

#: Nothing is sent on the way back.
NOTHING = Tree(b"", "")


def generations(name: str, means: Means) -> dict[str, Any]:
    """The numbers of the generations with the seconds in which they were made, oldest first.

    :raises Failed: the root did not say
    """
    with powered_on(Root(name, NOTHING), means) as work:
        work.probe()
        return listed(work.ask("generations").values)


def rollback(name: str, means: Means, to: str) -> int:
    """The root boots an older generation next; which one.

    What dom0 recorded is gone before that: the root is not as declared any more.

    :param to: its number, or ``previous``
    :raises Failed: it does not
    """
    with powered_on(Root(name, NOTHING), means) as work:
        work.probe()
        known = listed(work.ask("generations").values)["generations"]
        if to != "previous" and to not in known:
            raise Failed(f"{name} has no generation {to}, but: {', '.join(known)}")
        forget(name, means)
        answer = work.ask("rollback", to)
        work.check("rollback", answer, failures.of_boot)
        if "generation" not in answer.values:
            raise Failed(f"{name}: rollback: it does not say to which generation")
        return int(answer.values["generation"])


def forget(name: str, means: Means) -> None:
    """dom0 has no record of what the root has."""
    old = {key: means.dom0.feature(name, key) for key in (SYSTEM, PARTS)}
    steps = [record.unset(name, key, text) for key, text in old.items() if text is not None]
    means.dom0.carry_out(name, steps)


def listed(values: Mapping[str, str]) -> dict[str, Any]:
    """What the script answered, as data."""
    found = [one.split("@") for one in values["generations"].split(",") if one]
    return {
        "current": int(values["current"]) if values["current"] else None,
        "generations": {number: int(made) for number, made in found},
    }
