# SPDX-License-Identifier: MIT
"""Plans and states of the fleet as plain data that reads well and is easy to parse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.dom0 import Dom0
from tesseraqt_lib.model import Fleet, Have, Plan, Qube, Step
from tesseraqt_lib.states import State


def steps(plan: Plan) -> list[dict[str, Any]]:
    """The steps of a plan: what changes, from what to what, and the command."""
    return [step(one) for one in plan.steps]


def step(one: Step) -> dict[str, Any]:
    """One step as data."""
    said: dict[str, Any] = {
        "what": one.what,
        "old": one.old,
        "new": one.new,
        "argv": list(one.argv),
    }
    return said if one.stdin is None else {**said, "stdin": one.stdin}


def in_turn(states: Iterable[State], decide: Callable[[State], Plan]) -> Iterator[tuple[str, Plan]]:
    """The plan of each state by its id, in the order of an apply, which skips what requires a
    state that failed."""
    blocked: set[str] = set()
    for state in states:
        missing = tuple(id_ for id_ in state.requires if id_ in blocked)
        plan = Plan(state.name, waits_for=missing) if missing else decide(state)
        if missing or plan.refusals:
            blocked.add(state.id)
        yield state.id, plan


def planned(plans: Iterable[tuple[str, Plan]]) -> dict[str, Any]:
    """Every plan that says anything, by the id of its state."""
    found: dict[str, Any] = {}
    for id_, plan in plans:
        if plan.refusals:
            found[id_] = {"refused": list(plan.refusals)}
        elif plan.waits_for:
            found[id_] = {"skipped": [f"requires {other}" for other in plan.waits_for]}
        elif plan.steps:
            found[id_] = {"steps": steps(plan)}
        elif plan.notes:
            found[id_] = {"notes": list(plan.notes)}
    return found


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


def with_restarts(
    found: dict[str, dict[str, Any]], restarts: Mapping[str, list[str]]
) -> dict[str, dict[str, Any]]:
    """The same, with what the qubes need a restart for."""
    return {
        name: {**one, **({"restart": restarts[name]} if name in restarts else {})}
        for name, one in found.items()
    }


def drift(one: Step) -> str:
    """One difference between declared and live, in a line."""
    return f"{one.what}: {shown(one, one.old)} -> {shown(one, one.new)}"


def shown(one: Step, value: str | None) -> str:
    """A value for a line of text: what has a default is never without a value."""
    if value is None:
        return "(default)" if one.what.startswith("prefs.") else "(none)"
    return value or "(empty)"


def undeclared(fleet: Fleet, dom0: Dom0) -> dict[str, dict[str, Any]]:
    """Every qube on the machine that pillar does not speak of; nothing ever touches these."""
    found: dict[str, dict[str, Any]] = {}
    roots: dict[str, str | None] = {}
    for name, klass in sorted(dom0.classes().items()):
        if name in fleet.all or klass == "AdminVM":
            continue
        owned = words.OWNER_TAG in dom0.tags(name)
        system = reported(name, dom0, roots)
        found[name] = {
            "class": klass,
            "owned": owned,
            "system": system or "unknown",
            "nixos_rule": "kept" if system in (words.NIXOS, words.WHONIX) else "broken",
        }
    return found


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


def prunable(fleet: Fleet, dom0: Dom0) -> list[str]:
    """Owned qubes that pillar no longer declares and that are off: users before the used."""
    return [
        name
        for name, klass in sorted(dom0.classes().items())
        if name not in fleet.all
        and klass != "AdminVM"
        and dom0.state(name) == "Halted"
        and words.OWNER_TAG in dom0.tags(name)
    ]
