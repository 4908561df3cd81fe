# SPDX-License-Identifier: MIT
"""The Salt states that roots and the qubes on them compile to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tesseraqt_lib import order, parts, render
from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Fleet, Qube, System
from tesseraqt_lib.states import State

#: The state that says that this run may deploy.
TURNS = "tesseraqt-systems-turns"
#: From the name of a root to the fingerprints of its parts.
Fingerprints = Callable[[str], Mapping[str, str]]


def systems(fleet: Fleet) -> list[State]:
    """The states after which every root has its declared system, many of them at once."""
    roots = list(render.roots(fleet))
    turns = [State(TURNS, "turns", "systems", {})] if roots else []
    return turns + [deployed(fleet, root) for root in roots]


def deployed(fleet: Fleet, root: str) -> State:
    """The state after which one root has its declared system."""
    qube = fleet.all[root]
    said = {
        "system": render.document(fleet, root),
        "modules": sorted(render.modules(fleet, root).values()),
        **how(qube.nixos or System()),
        "jobs": fleet.jobs,
        "parallel": True,
    }
    needed = (TURNS, *([f"tesseraqt-{root}"] if qube.managed else []))
    return State(f"tesseraqt-{root}-deployed", "deployed", root, said, needed, qube)


def how(declared: System) -> dict[str, str | int]:
    """How the root is built and activated, as far as that is not as ever."""
    usual = System()
    keys = ("configuration", "generations", "activation", "confirm")
    return {
        key: getattr(declared, key) for key in keys if getattr(declared, key) != getattr(usual, key)
    }


def current(fleet: Fleet, fingerprints: Fingerprints) -> list[State]:
    """The states after which running qubes run what their roots were given."""
    known = {root: fingerprints(root) for root in render.roots(fleet)}
    return [
        runs(qube, root, known[root])
        for name, qube in sorted(fleet.qubes.items())
        if not qube.absent and (root := order.root_of(fleet.all, name)) in known
    ]


def runs(qube: Qube, root: str, known: Mapping[str, str]) -> State:
    """The state after which one qube, if it runs, runs what its root was given."""
    concern = sorted({words.ITSELF, *parts.named(qube)})
    said = {
        "root": root,
        "parts": {name: known[name] for name in concern},
        **({"restart": qube.restart} if qube.restart != "never" else {}),
    }
    needed = (f"tesseraqt-{root}-deployed", *([f"tesseraqt-{qube.name}"] if qube.managed else []))
    return State(f"tesseraqt-{qube.name}-current", "current", qube.name, said, needed, qube)
