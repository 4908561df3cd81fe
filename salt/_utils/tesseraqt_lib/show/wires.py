# SPDX-License-Identifier: MIT
"""Every declared wire as a line of a table: which way it takes, and whether it works yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.fleet import bindings, containers, roots
from tesseraqt_lib.fleet.bindings import Binding
from tesseraqt_lib.model import Fleet, Have, Qube, RunningSystem
from tesseraqt_lib.policy.rules import rule_of
from tesseraqt_lib.roots import record
from tesseraqt_lib.run import planning
from tesseraqt_lib.run.session import Run

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


def of_fleet(run: Run, declared: Fleet) -> list[dict[str, Any]]:
    """The wires of the fleet, and whether they work on this machine: see ``tesseraqt.wires``."""
    trees: dict[str, Mapping[str, str]] = {}

    def live(name: str) -> Live:
        root = roots.root_of(declared.all, name)
        if root not in trees:
            trees[root] = fingerprints(run, declared, root)
        return observed(run, declared, name, root, trees[root])

    return rows(declared, live, run.policy_file.look().rules)


def fingerprints(run: Run, declared: Fleet, root: str) -> Mapping[str, str]:
    """What each part of a root is made from, if it is declared at all."""
    known = root in roots.qubes_by_root(declared)
    return run.files.tree_of(declared, root).parts if known else {}


def observed(run: Run, declared: Fleet, name: str, root: str, known: Mapping[str, str]) -> Live:
    """What is there of a declared qube.

    :param known: the fingerprints of the parts of its root, as declared
    """
    have = run.dom0.look(Qube(name, itself=True))
    if have is None:
        return Live()
    there = planning.recorded_parts(run, root)
    deployed = {part for part, one in there.items() if known.get(part) == one.fingerprint}
    concern = (*containers.parts_of(declared.qubes[name]), words.ITSELF)
    want = {part: known[part] for part in concern if part in known}
    outdated = record.outdated(RunningSystem(name, root, want), have, there)
    return Live(have, frozenset(deployed), frozenset(outdated))


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
        for one in (() if qube.absent else bindings.bindings(qube))
    ]


def row(fleet: Fleet, one: Binding, why: list[str]) -> dict[str, Any]:
    """One wire as data; ``waiting`` has what it waits for."""
    qube, container, api = one.provider
    line = rule_of(one).line if one.crosses else None
    return {
        "from": f"{one.qube}/{one.container}",
        "slot": one.slot,
        "to": f"{qube}/{container}.{api}",
        "path": ACROSS if one.crosses else INSIDE,
        "policy": line,
        "status": "waiting" if why else "live",
        "waiting": why,
    }


def waiting(
    fleet: Fleet, one: Binding, live: Callable[[str], Live], allowed: Collection[str]
) -> Iterator[str]:
    """What has to come true until the wire works."""
    provider, container, _ = one.provider
    ends = {(one.qube, one.container): None, (provider, container): None}
    for qube, part in ends:
        yield from unready(fleet, fleet.qubes[qube], part, live(qube))
    here = live(one.qube).have
    if here is not None and not told(fleet.qubes[one.qube], one.container, here):
        yield f"{one.qube} is not told yet where the slots of {one.container} lead"
    if one.crosses and rule_of(one).line not in allowed:
        yield "policy does not allow it yet"


def unready(fleet: Fleet, qube: Qube, part: str, live: Live) -> Iterator[str]:
    """Why one end of a wire is not there yet."""
    if live.have is None:
        yield f"{qube.name} is not there yet"
        return
    flag = f"{containers.FLAG}{part}"
    if not live.have.features.get(flag):
        yield f"{qube.name} is not told yet to have {part}"
    if part not in live.deployed:
        yield f"{part} is not deployed yet to {roots.root_of(fleet.all, qube.name)}"
    elif live.outdated & {part, words.ITSELF, "containers"}:
        yield f"{qube.name} needs a restart"


def told(qube: Qube, part: str, have: Have) -> bool:
    """Whether the qube is told where the slots of one of its parts lead."""
    name = f"{containers.SLOTS}{part}"
    return have.features.get(name) == containers.slots(qube).get(name)
