# SPDX-License-Identifier: MIT
"""The plan of each state that pillar compiled to, by the function that the state calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from salt.exceptions import CommandExecutionError

from tesseraqt_lib.model import Chain, Plan, Qube, Restarts, RunningSystem
from tesseraqt_lib.plan import qube as planner
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.roots import deploy
from tesseraqt_lib.roots.phases import Root
from tesseraqt_lib.run import chains, planning, validate, wiring
from tesseraqt_lib.run.predicted import look
from tesseraqt_lib.run.session import Run
from tesseraqt_lib.sls.state import State


def deployed(run: Run, state: State) -> Plan:
    """The first command of a deployment, which sends the tree."""
    said = dict(state.arguments)
    on = said.get("configuration", "auto")
    document = validate.document(said["system"], Problems())
    tree = run.files.tree(document, said["modules"], on)
    plan = Plan(state.name, tuple(deploy.steps(Root(state.name, tree), run.means)))
    return planner.guarded(plan, look(run, Qube(state.name)))


def plan(run: Run, state: State, failed: Collection[str]) -> Plan:
    """The steps of one state that pillar compiled to, or why its qube cannot be looked at.

    :param failed: the states before it that would fail or be skipped
    """
    if state.function in ("policy", "policy_narrowed"):
        return wiring.compiled(run, state, failed)
    try:
        return BY_FUNCTION[state.function](run, state)
    except CommandExecutionError as error:
        return Plan(state.name, refusals=(str(error.strerror),))


def valid(state: State) -> Plan:
    """Nothing to do, but to say what is wrong."""
    why = state.arguments.get("problems")
    return Plan(state.name, refusals=tuple(why.splitlines()) if why else ())


def chain(state: State) -> Chain:
    """The qubes that a compiled state halts, or starts again."""
    return validate.chain(state.arguments, Problems())


def running_system(state: State) -> RunningSystem:
    """What a compiled state says that its qube is to run."""
    return RunningSystem(state.name, **state.arguments)


def restarts(state: State) -> Restarts:
    """What a compiled state says that qubes are to run."""
    return validate.restarts(state.arguments, Problems())


BY_FUNCTION: Mapping[str, Callable[[Run, State], Plan]] = {
    "absent": lambda run, state: planning.absent(run, Qube(state.name, **state.arguments)),
    "deployed": deployed,
    "globals": lambda run, state: planning.global_properties(run, dict(state.arguments["prefs"])),
    "halted_for_change": lambda run, state: chains.halted_for_change(run, chain(state)),
    "halted_for_restart": lambda run, state: chains.halted_for_restart(run, restarts(state)),
    "halted": lambda run, state: planning.halted(run, Qube(state.name)),
    "locked": lambda run, state: Plan(state.name),
    "present": lambda run, state: planning.present(run, state.qube),
    "restarted": lambda run, state: planning.restarted(
        run, RunningSystem(state.name, **state.arguments)
    ),
    "running": lambda run, state: planning.running(run, Qube(state.name)),
    "started_again": lambda run, state: chains.started_again(run, chain(state)),
    "template_installed": lambda run, state: planning.present(run, state.qube),
    "valid": lambda run, state: valid(state),
}


def in_order(run: Run, states: Iterable[State]) -> Iterator[tuple[str, Plan]]:
    """The plan of each state by its ID, in the order of an apply, which skips what requires a
    state that failed.

    :param run: a test run, in which each plan counts as carried out
    """
    blocked: set[str] = set()
    for state in states:
        missing = tuple(id_ for id_ in state.requires if id_ in blocked)
        made = Plan(state.name, waits_for=missing) if missing else plan(run, state, blocked)
        if missing or made.refusals:
            blocked.add(state.id)
        yield state.id, made
