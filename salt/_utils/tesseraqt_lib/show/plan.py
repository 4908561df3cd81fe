# SPDX-License-Identifier: MIT
"""The plan of the next apply, as plain data that reads well and is easy to parse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from tesseraqt_lib.model import Fleet, Plan, Step
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.run import compiled, fleet_states
from tesseraqt_lib.run.session import Run
from tesseraqt_lib.sls import sections
from tesseraqt_lib.sls.state import id_of


def of_fleet(run: Run, declared: Fleet, problems: Problems) -> dict[str, Any]:
    """What the next apply would do, by the ID of each state: see ``tesseraqt.plan``."""
    states = chain.from_iterable(fleet_states.states(run, declared, problems).values())
    dry_run = run.dry_run()
    return {**nothing_declared(declared, problems), **told(compiled.in_order(dry_run, states))}


def nothing_declared(declared: Fleet, problems: Problems) -> dict[str, Any]:
    """Why there is no plan at all, as a note: it does not mean that the machine is as declared."""
    warnings = [] if declared.all or declared.globals else problems.warnings
    notes = [str(warning) for warning in sorted(set(warnings))]
    return {id_of("declaration"): {"notes": notes}} if notes else {}


def of_policy(run: Run, declared: Fleet, problems: Problems) -> Iterator[str]:
    """What the next apply would do although something is wrong with the declaration, in lines."""
    policy = run.policy_file.look() if problems.found else None
    for state in sections.narrowed_first(declared, policy, problems) if policy else ():
        plan = compiled.plan(run.dry_run(), state, ())
        yield from plan.refusals
        yield from (f"an apply takes this away all the same: {one.old}" for one in plan.steps)


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
        elif plan.steps or plan.notes:
            notes = {"notes": list(plan.notes)} if plan.notes else {}
            found[id_] = {**notes, **({"steps": steps(plan)} if plan.steps else {})}
    return found
