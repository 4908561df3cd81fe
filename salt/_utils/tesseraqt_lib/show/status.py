# SPDX-License-Identifier: MIT
"""Declared against live, as plain data: qubes, and the roots that they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salt.exceptions import CommandExecutionError

from tesseraqt_lib import marks
from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.declare.containers import DEFAULT_HARDENING, DEFAULT_LIMITS
from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.fleet import roots as fleet_roots
from tesseraqt_lib.model import Fleet, Have, Plan, Qube, Step
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.roots import deploy, health
from tesseraqt_lib.roots.phases import Means
from tesseraqt_lib.roots.tree import Tree
from tesseraqt_lib.run import planning
from tesseraqt_lib.run.session import Run
from tesseraqt_lib.show import text
from tesseraqt_lib.sls import roots as sls_roots


def of_machine(run: Run, declared: Fleet, problems: Problems) -> dict[str, Any]:
    """Declared against live, for the whole machine: see ``tesseraqt.status``."""
    dry_run = run.dry_run()
    trees = {
        name: run.files.tree_of(declared, name) for name in fleet_roots.qubes_by_root(declared)
    }
    found = {name: looked_at(run, dry_run, qube, problems) for name, qube in declared.all.items()}
    asked = [
        name
        for name, qube in declared.all.items()
        if qube.containers and runs(found[name]) and run.dom0.owned_or_none(name)
    ]
    states = sls_roots.restarts_of(declared, lambda root: trees[root].parts).values()
    return {
        "declared": with_details(
            found,
            restart=planning.outdated(dry_run, states),
            failed=health.failing(asked, run.means),
        ),
        "roots": {name: of_root(declared, name, trees[name], run.means) for name in trees},
        "undeclared": undeclared(declared, run.dom0),
        "warnings": [str(warning) for warning in sorted(set(problems.warnings))],
    }


def intended(run: Run, qube: Qube, problems: Problems) -> Plan:
    """All that would be done about a qube, or why nothing is."""
    why = tuple(map(str, sorted(problems.refused.get(qube.name, ()))))
    return Plan(qube.name, refusals=why) if why else planning.intended(run, qube)


def looked_at(run: Run, dry_run: Run, qube: Qube, problems: Problems) -> dict[str, Any]:
    """Declared against live, for one qube, or why it cannot be looked at."""
    try:
        return judged(qube, run.dom0.look(qube), intended(dry_run, qube, problems))
    except CommandExecutionError as error:
        return {"status": "unknown", "why": [str(error.strerror)]}


def judged(qube: Qube, have: Have | None, plan: Plan) -> dict[str, Any]:
    """Declared against live, for one qube."""
    if qube.absent and have is None:
        return {"status": "absent"}
    if qube.absent:
        return {
            "status": "not yet removed",
            **({"why": list(plan.refusals)} if plan.refusals else {}),
        }
    if have is None:
        return {"status": "missing"}
    if qube.managed and not have.owned and not qube.adopt:
        return {"status": "unmanaged", "why": list(plan.refusals)}
    if plan.refusals:
        return {"status": "drifted", "state": have.state, "blocked": list(plan.refusals)}
    if plan.steps:
        return {"status": "drifted", "state": have.state, "drift": [*map(drift, plan.steps)]}
    return {"status": "converged", "state": have.state}


def runs(found: Mapping[str, Any]) -> bool:
    """Whether a qube that was looked at runs."""
    return found.get("state") == "Running"


def with_details(
    found: dict[str, dict[str, Any]], **details: Mapping[str, list[str]]
) -> dict[str, dict[str, Any]]:
    """The same, each qube with those of the details that there are of it.

    :param details: by key and by qube
    """
    return {
        name: {**one, **{key: of[name] for key, of in details.items() if name in of}}
        for name, one in found.items()
    }


def drift(one: Step) -> str:
    """One difference between declared and live, in a line."""
    return f"{one.what}: {text.value(one.what, one.old)} -> {text.value(one.what, one.new)}"


def undeclared(fleet: Fleet, dom0: Dom0) -> dict[str, dict[str, Any]]:
    """Every qube on the machine that pillar does not speak of; nothing ever touches these."""
    found: dict[str, dict[str, Any]] = {}
    roots: dict[str, str | None] = {}
    for name, klass in sorted(dom0.classes().items()):
        if name in fleet.all or klass == "AdminVM":
            continue
        owner = marks.owner(name, dom0.tags(name))
        system = reported(name, dom0, roots)
        found[name] = {
            "class": klass,
            "owned": owner in ("made", "adopted"),
            **({"copy": True} if owner == "copy" else {}),
            "system": system or "unknown",
            "nixos_rule": nixos_rule(fleet, system),
        }
    return found


def nixos_rule(fleet: Fleet, system: str | None) -> str:
    """Whether a system is one that pillar's rule allows; where there is no rule, it is ``off``."""
    if fleet.nixos_only == "off":
        return "off"
    return "kept" if system in (words.NIXOS, words.WHONIX) else "broken"


def reported(name: str, dom0: Dom0, roots: dict[str, str | None]) -> str | None:
    """What the root of a qube says that it runs."""
    have = dom0.look(Qube(name))
    if have is None:
        return None
    if have.template:
        return reported(have.template, dom0, roots)
    if name not in roots:
        roots[name] = dom0.feature(name, "os-distribution")
    return roots[name]


def of_root(fleet: Fleet, name: str, tree: Tree, means: Means) -> dict[str, Any]:
    """The status of one root: what it was given against what is declared, and what is less hard."""
    have = means.dom0.look(Qube(name))
    found = {"system": tree.digest[:12], **deployment_status(name, have, tree, means)}
    weaker = {
        container: lines
        for container in fleet_roots.containers_on(fleet, name)
        if (lines := weakened(fleet.containers[container]))
    }
    return {**found, **({"weakened": weaker} if weaker else {})}


def deployment_status(name: str, have: Have | None, tree: Tree, means: Means) -> dict[str, str]:
    """Whether the root was given what is declared, by what dom0 remembers."""
    before = deploy.deployed_digest(name, means) if have else None
    if before == tree.digest:
        return {"status": "deployed"}
    return {"status": "outdated", "deployed": before[:12]} if before else {"status": "missing"}


def weakened(container: Mapping[str, Any]) -> list[str]:
    """Each default of the hardening that a container takes back, with what it has instead."""
    said, limits = container.get("hardening", {}), container.get("limits", {})
    weaker = [key for key in sorted(said) if said[key] != DEFAULT_HARDENING[key]]
    wider = [
        key for key in sorted(limits) if limits[key] is None or limits[key] > DEFAULT_LIMITS[key]
    ]
    return [
        *(f"{key}: {setting(said[key])}" for key in weaker),
        *(f"{key}: {setting(limits[key])}" for key in wider),
    ]


def setting(value: Any) -> str:
    """A value in the words of a declaration."""
    if value is None:
        return "no limit"
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
