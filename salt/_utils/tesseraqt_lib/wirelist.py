# SPDX-License-Identifier: MIT
"""Every declared wire as a line of a table: which way it takes, and whether it works yet. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from tesseraqt_lib import order, parts, wires
from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Fleet, Have, Qube
from tesseraqt_lib.policy import Rule
from tesseraqt_lib.wires import Bound

INSIDE, ACROSS = "in the qube", "through qrexec"


@dataclass(frozen=True)
class Live:
    """What is there of a qube at an end of a wire."""

    #: ``None`` if it is not there.
    have: Have | None = None
    #: Its parts that its root has as declared.
    deployed: frozenset[str] = frozenset()
    #: Those for which it needs a restart.
    outdated: frozenset[str] = frozenset()


def rows(
    fleet: Fleet, live: Callable[[str], Live], allowed: Collection[str]
) -> list[dict[str, Any]]:
    """The wires of the fleet, sorted.

    :param live: what is there of a declared qube
    :param allowed: the lines of the policy file
    """
    return [
        row(fleet, one, list(dict.fromkeys(waiting(fleet, one, live, allowed))))
        for _, qube in sorted(fleet.qubes.items())
        for one in (() if qube.absent else wires.bound(qube))
    ]


def row(fleet: Fleet, one: Bound, why: list[str]) -> dict[str, Any]:
    """One wire as data; ``waiting`` has what it waits for."""
    qube, container, api = one.provider
    line = rule(one).line if one.crosses else None
    return {
        "from": f"{one.qube}/{one.container}",
        "slot": one.slot,
        "to": f"{qube}/{container}.{api}",
        "path": ACROSS if one.crosses else INSIDE,
        "policy": line,
        "status": "waiting" if why else "live",
        "waiting": why,
    }


def rule(one: Bound) -> Rule:
    """The rule by which policy lets the wire be."""
    qube, container, api = one.provider
    return Rule(one.qube, qube, f"{container}.{api}", one.wire.ask)


def waiting(
    fleet: Fleet, one: Bound, live: Callable[[str], Live], allowed: Collection[str]
) -> Iterator[str]:
    """What has to come true until the wire works."""
    provider, container, _ = one.provider
    ends = {(one.qube, one.container): None, (provider, container): None}
    for qube, part in ends:
        yield from unready(fleet, fleet.qubes[qube], part, live(qube))
    here = live(one.qube).have
    if here is not None and not told(fleet.qubes[one.qube], one.container, here):
        yield f"{one.qube} is not told yet where the slots of {one.container} lead"
    if one.crosses and rule(one).line not in allowed:
        yield "policy does not allow it yet"


def unready(fleet: Fleet, qube: Qube, part: str, live: Live) -> Iterator[str]:
    """Why one end of a wire is not there yet."""
    if live.have is None:
        yield f"{qube.name} is not there yet"
        return
    flag = f"{parts.FLAG}{part}"
    if not live.have.features.get(flag):
        yield f"{qube.name} is not told yet to have {part}"
    if part not in live.deployed:
        yield f"{part} is not deployed yet to {order.root_of(fleet.all, qube.name)}"
    elif live.outdated & {part, words.ITSELF, "containers"}:
        yield f"{qube.name} needs a restart"


def told(qube: Qube, part: str, have: Have) -> bool:
    """Whether the qube is told where the slots of one of its parts lead."""
    name = f"{parts.SLOTS}{part}"
    return have.features.get(name) == parts.slots(qube).get(name)
