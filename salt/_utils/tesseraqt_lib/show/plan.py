# SPDX-License-Identifier: MIT
"""The plan of the next apply, as plain data that reads well and is easy to parse."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from tesseraqt_lib.model import Fleet, Plan, Step
from tesseraqt_lib.run import compiled, fleet_states
from tesseraqt_lib.run.session import Run


def of_fleet(run: Run, declared: Fleet) -> dict[str, Any]:
    """What the next apply would do, by the ID of each state: see ``tesseraqt.plan``."""
    states = chain.from_iterable(fleet_states.states(run, declared).values())
    dry_run = run.dry_run()
    return told(compiled.in_order(dry_run, states))


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


def told(plans: Iterable[tuple[str, Plan]]) -> dict[str, Any]:
    """Every plan that says anything, by the ID of its state."""
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
