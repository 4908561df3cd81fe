# SPDX-License-Identifier: MIT
"""The Salt states that roots and the qubes on them compile to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.fleet import containers
from tesseraqt_lib.fleet import roots as fleet_roots
from tesseraqt_lib.model import Fleet, Qube, System
from tesseraqt_lib.plan import order
from tesseraqt_lib.roots import system_json
from tesseraqt_lib.sls import power
from tesseraqt_lib.sls.seen import Seen
from tesseraqt_lib.sls.state import State, id_of

#: The state after which no other apply runs: said once for all that deploy in parallel.
LOCKED = id_of("lock")
#: From the name of a root to the fingerprints of its parts.
Fingerprints = Callable[[str], Mapping[str, str]]


def root_states(fleet: Fleet) -> list[State]:
    """The states after which every root has its declared system, many of them at once."""
    roots = list(fleet_roots.qubes_by_root(fleet))
    locked = [State(LOCKED, "locked", LOCKED, {})] if roots else []
    return locked + [deployed_state(fleet, root) for root in roots]


def deployed_state(fleet: Fleet, root: str) -> State:
    """The state after which one root has its declared system."""
    qube = fleet.all[root]
    said = {
        "system": system_json.system_json(fleet, root),
        "modules": sorted(system_json.modules(fleet, root).values()),
        **deployment_arguments(qube.nixos or System()),
        "jobs": fleet.jobs,
        "parallel": True,
    }
    needed = (LOCKED, *([id_of("qube", root)] if qube.managed else []))
    return State(id_of("root", root), "deployed", root, said, needed, qube)


def deployment_arguments(declared: System) -> dict[str, str | int]:
    """How the root is built and activated, as far as that is not as ever."""
    usual = System()
    keys = ("configuration", "generations", "activation", "confirm")
    return {
        key: getattr(declared, key) for key in keys if getattr(declared, key) != getattr(usual, key)
    }


def restart_states(fleet: Fleet, fingerprints: Fingerprints, seen: Seen) -> list[State]:
    """The states after which running qubes run what their roots were given, each after those
    that serve it; a chain of which somebody needs a restart is halted before."""
    found = restarts_of(fleet, fingerprints)
    chained = seen.chained(fleet)
    concerned = {name: fleet.qubes[name] for name in sorted({*found, *chained})}
    servers = {name: seen.servers(qube) for name, qube in concerned.items()}
    sequence = order.dependency_order(concerned, servers)
    halted, again = power.around_restarts([name for name in sequence if name in chained], found)
    return [*halted, *(found[name] for name in sequence if name in found), *again]


def restarts_of(fleet: Fleet, fingerprints: Fingerprints) -> dict[str, State]:
    """The state of each qube after which it runs what its root was given, if it runs."""
    known = {root: fingerprints(root) for root in fleet_roots.qubes_by_root(fleet)}
    return {
        name: restart_state(qube, root, known[root])
        for name, qube in sorted(fleet.qubes.items())
        if not qube.absent and (root := fleet_roots.root_of(fleet.all, name)) in known
    }


def restart_state(qube: Qube, root: str, known: Mapping[str, str]) -> State:
    """The state after which one qube, if it runs, runs what its root was given."""
    concern = sorted({words.ITSELF, *containers.parts_of(qube)})
    said = {
        "root": root,
        "parts": {name: known[name] for name in concern},
        **({"restart": qube.restart} if qube.restart != "never" else {}),
    }
    needed = (id_of("root", root), *([id_of("qube", qube.name)] if qube.managed else []))
    name = id_of("qube", qube.name, "restarted")
    return State(name, "restarted", qube.name, said, needed, qube)
