# SPDX-License-Identifier: MIT
"""The plan of each state that pillar compiled to, by the function that the state calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from salt.exceptions import CommandExecutionError

from tesseraqt_lib.model import Chain, Plan, Qube, Restarts, RunningSystem
from tesseraqt_lib.policy.rules import Rule
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.roots import deploy
from tesseraqt_lib.roots.phases import Root
from tesseraqt_lib.run import chains, planning, validate
from tesseraqt_lib.run.session import Run
from tesseraqt_lib.sls.state import State


def deployed(run: Run, state: State) -> Plan:
    """The first command of a deployment, which sends the tree."""
    said = dict(state.arguments)
    on = said.get("configuration", "auto")
    tree = run.files.tree(said["system"], said["modules"], on)
    return Plan(state.name, tuple(deploy.steps(Root(state.name, tree), run.means)))


def plan(run: Run, state: State) -> Plan:
    """The steps of one state that pillar compiled to, or why its qube cannot be looked at."""
    try:
        return BY_FUNCTION[state.function](run, state)
    except CommandExecutionError as error:
        return Plan(state.name, refusals=(str(error.strerror),))


def rules_of(state: State) -> tuple[Rule, ...]:
    """The rules that a compiled state of policy declares."""
    return validate.policy_rules(state.arguments["rules"], Problems())


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
    "policy": lambda run, state: planning.policy(run, rules_of(state)),
    "policy_narrowed": lambda run, state: planning.policy_narrowed(run, rules_of(state)),
    "present": lambda run, state: planning.present(run, state.qube),
    "restarted": lambda run, state: planning.restarted(
        run, RunningSystem(state.name, **state.arguments)
    ),
    "running": lambda run, state: planning.running(run, Qube(state.name)),
    "started_again": lambda run, state: chains.started_again(run, chain(state)),
    "template_installed": lambda run, state: planning.present(run, state.qube),
    "valid": lambda run, state: Plan(state.name),
}


def in_order(run: Run, states: Iterable[State]) -> Iterator[tuple[str, Plan]]:
    """The plan of each state by its ID, in the order of an apply, which skips what requires a
    state that failed.

    :param run: a test run, in which each plan counts as carried out
    """
    blocked: set[str] = set()
    for state in states:
        missing = tuple(id_ for id_ in state.requires if id_ in blocked)
        made = Plan(state.name, waits_for=missing) if missing else plan(run, state)
        if missing or made.refusals:
            blocked.add(state.id)
        yield state.id, made
