# SPDX-License-Identifier: MIT
"""Look, decide, stop here if this is only a test, act, look again: once, for every state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from salt.exceptions import CommandExecutionError, SaltInvocationError

from tesseraqt_lib.dom0 import lock, tools
from tesseraqt_lib.dom0.kinds import halts
from tesseraqt_lib.dom0.tools import StepFailed
from tesseraqt_lib.model import Plan, Step
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.run import validate
from tesseraqt_lib.run.session import Run

Wanted = TypeVar("Wanted")
Decide = Callable[[], Plan]
Changes = dict[str, dict[str, Any]]


class Door(Protocol):
    """Whatever can carry out steps: Qubes, or the policy file."""

    def look_again(self, name: str) -> None:
        """The next look is a true one."""

    def carry_out(self, name: str, steps: Iterable[Step], adopts: bool = False) -> list[Step]:
        """All steps are done, in their order; else ``StepFailed`` is raised.

        :param adopts: whether what nobody owns may be changed
        """

    def finished(self, name: str) -> None:
        """Nothing that was begun is unfinished."""


@dataclass
class Outcome:
    """What a state returns, without its name."""

    result: bool | None
    comment: str
    changes: Changes = field(default_factory=dict)


def returned(name: str, act: Callable[[], Outcome]) -> dict[str, Any]:
    """What a state returns to Salt, be it that the declaration is wrong or the world said no."""
    try:
        outcome = act()
    except (SaltInvocationError, CommandExecutionError) as error:
        outcome = Outcome(False, str(error.strerror))
    except lock.Held as error:
        outcome = Outcome(False, f"{error}; wait for it to end, and apply again")
    return {
        "name": name,
        "result": outcome.result,
        "changes": outcome.changes,
        "comment": outcome.comment,
    }


def converged(
    run: Run,
    name: str,
    read: Callable[[Problems], Wanted],
    decide: Callable[[Run, Wanted], Plan],
) -> dict[str, Any]:
    """What a state about a qube returns to Salt.

    :param read: makes of the state's arguments what is wanted
    :param decide: the plan to that; asked again before and after acting
    """
    return returned(name, lambda: outcome(run, name, read, decide, lambda: run.dom0))


def outcome(
    run: Run,
    name: str,
    read: Callable[[Problems], Wanted],
    decide: Callable[[Run, Wanted], Plan],
    door: Callable[[], Door],
) -> Outcome:
    """What came of a state: in test mode, it stops here.

    :param door: opens what carries out the steps, once this run has the lock
    """
    want = validate.accepted(read)
    if run.test:
        return predict(name, lambda: decide(run, want))
    run.take_lock()
    return apply(name, lambda: decide(run, want), door())


def locked(run: Run) -> Outcome:
    """This run has the lock, so that no other one applies; a test run needs none."""
    if not run.test:
        run.take_lock()
    return Outcome(True, "no other apply runs")


def predict(name: str, decide: Decide) -> Outcome:
    """What ``apply`` would do, and nothing done."""
    plan = decide()
    if plan.refusals:
        return refused(plan)
    if not plan.steps:
        return as_declared(name, plan)
    return Outcome(None, f"{name} would change:\n{commands(plan.steps)}", changes(plan.steps))


def apply(name: str, decide: Decide, door: Door) -> Outcome:
    """The plan is carried out, and a second look finds nothing left of it.

    What the first look saw may be as old as the run, so what is to change is looked at
    afresh before it is touched.
    """
    plan = decide()
    if plan.steps:
        door.look_again(name)
        plan = decide()
    if plan.refusals:
        return refused(plan)
    if not plan.steps:
        door.finished(name)
        return as_declared(name, plan)
    try:
        done = door.carry_out(name, plan.steps, plan.adopts)
    except StepFailed as error:
        return failed(error, plan, decide)
    return verified(name, done, decide)


def verified(name: str, done: list[Step], decide: Decide) -> Outcome:
    """Success only if the world now shows what was promised."""
    left = decide()
    if left.refusals or left.steps:
        text = "\n".join((*left.refusals, commands(left.steps)))
        lost = f"every command succeeded, and yet {name} is not as declared:\n{text}"
        return Outcome(False, lost, changes(done))
    return Outcome(True, f"{name} is now as declared ({counted(done)})", changes(done))


def failed(error: StepFailed, tried: Plan, decide: Decide) -> Outcome:
    """The failure, and what was done before it, or in spite of it.

    A reply can get lost after its effect: whether the failed step took place is asked of
    the world, not of the reply.
    """
    done = list(error.done)
    try:
        plan = decide()
    except CommandExecutionError:
        return Outcome(False, str(error.strerror), changes(done))
    left = {(step.what, step.argv) for step in plan.steps}
    known = not plan.refusals and error.step in tried.steps and not halts(error.step)
    if known and (error.step.what, error.step.argv) not in left:
        done.append(error.step)
    return Outcome(False, str(error.strerror), changes(done))


def refused(plan: Plan) -> Outcome:
    """Nothing was done, and why."""
    return Outcome(False, "\n".join(plan.refusals))


def as_declared(name: str, plan: Plan) -> Outcome:
    """Nothing had to be done."""
    return Outcome(True, "\n".join(plan.notes) or f"{name} is as declared")


def changes(steps: Iterable[Step]) -> Changes:
    """What changed, from its first value to its last."""
    found: Changes = {}
    for step in steps:
        first = found.get(step.what, {"old": step.old})
        found[step.what] = {"old": first["old"], "new": step.new}
    return found


def commands(steps: Iterable[Step]) -> str:
    """The steps as the commands that they are, one a line."""
    return "\n".join(f"  {tools.shown(step.argv)}" for step in steps)


def counted(steps: list[Step]) -> str:
    """How many steps, in words."""
    return "1 change" if len(steps) == 1 else f"{len(steps)} changes"
