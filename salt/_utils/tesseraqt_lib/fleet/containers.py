# SPDX-License-Identifier: MIT
"""The containers of a declared qube, and the features by which the qube knows of them.

A service flag (``/run/qubes-service/tesseraqt-web``, made at its start) lets a container
start; a ``vm-config`` value, which Qubes hands on while the qube runs, says where its slots
lead.
"""

from __future__ import annotations

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Qube

FLAG, SLOTS = f"service.{words.PART}", f"vm-config.{words.PART}"
#: Which start of the qube was before its flags changed, by the second of that start.
OUTDATED = "x-tesseraqt-outdated"
#: How the names of features start that are looked at together.
OWN = (FLAG, SLOTS, OUTDATED)


def parts_of(want: Qube) -> tuple[str, ...]:
    """The containers of the qube, and ``qube`` where it takes part itself."""
    return (*want.containers, *((words.ITSELF,) if want.itself else ()))


def flags(want: Qube) -> dict[str, str]:
    """The features that let the containers of the qube start."""
    return {f"{FLAG}{name}": "1" for name in parts_of(want)}


def slots(want: Qube) -> dict[str, str]:
    """The features that say where the slots lead, one for each container that has any."""
    found: dict[str, list[str]] = {}
    for place, wire in sorted(want.wires.items()):
        part, _, slot = place.partition(".")
        found.setdefault(f"{SLOTS}{part}", []).append(f"{slot}={wire.to}")
    return {name: " ".join(bound) for name, bound in found.items()}
