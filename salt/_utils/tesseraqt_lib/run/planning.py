# SPDX-License-Identifier: MIT
"""The plan of each state: looks at what is there or predicted, and has ``plan`` decide.

Nothing here acts. A test run counts each plan as carried out from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from tesseraqt_lib.model import Have, Plan, Qube, RunningSystem, Settings, Value
from tesseraqt_lib.plan import global_properties as global_planner
from tesseraqt_lib.plan import power
from tesseraqt_lib.plan import qube as planner
from tesseraqt_lib.policy import plan as policy_planner
from tesseraqt_lib.policy.plan import Found
from tesseraqt_lib.policy.rules import Rule
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.roots import deploy, record
from tesseraqt_lib.roots.phases import Root
from tesseraqt_lib.run import predicted, validate
from tesseraqt_lib.run.predicted import look, remember
from tesseraqt_lib.run.session import Run
from tesseraqt_lib.sls.state import State

#: Where the context has what a test run would have made of the policy file by now.
PREDICTED_POLICY = "tesseraqt.predicted_policy"


def present(run: Run, want: Qube) -> Plan:
    """The steps to this qube, from what is there or, in a test run, would be by now."""
    have = look(run, want)
    source = None
    if want.source and (have is None or have.half):
        source = look(run, predicted.as_source(want, want))
        if source is None:
            why = f"{want.source}, of which {want.name} would be a copy, is not there"
            return Plan(want.name, refusals=(why,))
    spool = str(run.dom0.spool)
    plan = planner.present(want, have, source, spool)
    if have is not None and (name := unreachable_netvm(run, want, have, plan)):
        plan = planner.present(want, have, source, spool, name)
    return remember(run, want, refused_if_serving(run, plan))


def unreachable_netvm(run: Run, want: Qube, have: Have, plan: Plan) -> str:
    """The netvm that a running qube is to get and that is off: Qubes refuses that."""
    if have.halted or all(step.what != "prefs.netvm" for step in plan.steps):
        return ""
    name = want.prefs["netvm"]
    if name is None:
        name = run.dom0.global_properties()["default_netvm"].text
    same = have.prefs.get("netvm", Value("", True)).text == name
    return name if predicted.is_off(run, name) and not same else ""


def refused_if_serving(run: Run, plan: Plan) -> Plan:
    """The plan, but not if it halts a qube through which others have their network just now."""
    if not any(map(power.halts, plan.steps)):
        return plan
    default = run.dom0.global_properties()["default_netvm"].text
    served = power.served(plan.name, predicted.running_qubes(run), default)
    return power.refused_to_halt(plan, served) if served else plan


def absent(run: Run, want: Qube) -> Plan:
    """The steps after which the qube is gone; in a test run, it counts as gone from then on."""
    have = look(run, want)
    named_by = [] if have is None else users(run, want.name)
    seen = have is not None and want.name in run.dom0.classes()
    lost = run.dom0.lost_with(want.name) if seen and not named_by else []
    return remember(run, want, planner.absent(want, have, named_by, lost))


def users(run: Run, name: str) -> list[str]:
    """Who names the qube, as Qubes counts that: explicitly, and not the qube itself."""
    found = []
    for other in run.dom0.classes():
        have = look(run, Qube(other)) if other != name else None
        if have is not None:
            found += [f"{key} of {other}" for key in planner.references_to(have, name)]
    own = predicted.global_properties(run)
    return found + [f"the global {key}" for key, value in own.items() if value.text == name]


def running(run: Run, want: Qube) -> Plan:
    """The step after which the qube runs, be it there or only predicted."""
    return remember(run, want, power.running(want.name, look(run, want)))


def halted(run: Run, want: Qube) -> Plan:
    """The step after which the qube is off, be it there or only predicted."""
    plan = power.halted(want.name, look(run, want))
    return remember(run, want, refused_if_serving(run, plan))


def global_properties(run: Run, want: Settings) -> Plan:
    """The steps to the declared global properties."""
    predicted.remember_globals(run, want)
    plan = global_planner.global_properties(want, run.dom0.global_properties())
    if all(step.what != "prefs.default_netvm" for step in plan.steps):
        return plan
    name = want["default_netvm"] or ""
    off = predicted.is_off(run, name)
    following = global_planner.following(predicted.running_qubes(run)) if off else []
    return global_planner.refused_to_follow(plan, name, following) if following else plan


def restarted(run: Run, want: RunningSystem) -> Plan:
    """The restart after which the qube runs what is declared, or the note that it needs one."""
    have = look(run, Qube(want.name))
    if not run.test and run.dom0.look(Qube(want.root)) is None:
        return Plan(want.name, refusals=(f"{want.root}, the root of {want.name}, does not exist",))
    old = record.outdated(want, have, recorded_parts(run, want.root)) if have else []
    root = run.dom0.look(Qube(want.root)) if set(old) & set(want.parts) else None
    waits = root is not None and power.changes_when_halted(root)
    plan = refused_if_serving(run, power.restarted(want, have, old, waits))
    return remember(run, Qube(want.name), plan)


def outdated(run: Run, states: Iterable[State]) -> dict[str, list[str]]:
    """What each qube needs a restart for, by the states that would see to it."""
    found = {}
    for state in states:
        want = RunningSystem(state.name, **state.arguments)
        have = look(run, Qube(state.name))
        if have and (old := record.outdated(want, have, recorded_parts(run, want.root))):
            found[state.name] = old
    return found


def recorded_parts(run: Run, root: str) -> dict[str, record.Part]:
    """The parts that a root was given, as dom0 remembers; none if it is not there."""
    if run.dom0.look(Qube(root)) is None:
        return {}
    return record.read(run.dom0.feature(root, record.PARTS))


def policy_narrowed(run: Run, rules: tuple[Rule, ...]) -> Plan:
    """The step after which policy allows nothing that is not declared."""
    return policy_plan(run, rules, policy_planner.narrowed)


def policy(run: Run, rules: tuple[Rule, ...]) -> Plan:
    """The step after which policy is as declared."""
    return policy_plan(run, rules, policy_planner.exact)


def policy_plan(
    run: Run, rules: tuple[Rule, ...], decide: Callable[[tuple[Rule, ...], Found], Plan]
) -> Plan:
    """The plan for the policy file; a test run counts it as carried out from then on."""
    found = run.context.get(PREDICTED_POLICY) if run.test else None
    found = run.policy_file.look() if found is None else found
    plan = decide(rules, found)
    if run.test:
        run.context[PREDICTED_POLICY] = policy_planner.applied(found, plan)
    return plan


def deployed(run: Run, state: State) -> Plan:
    """The first command of a deployment, which sends the tree."""
    said = dict(state.arguments)
    on = said.get("configuration", "auto")
    tree = run.files.tree(said["system"], said["modules"], on)
    plan = Plan(state.name, tuple(deploy.steps(Root(state.name, tree), run.means)))
    return planner.guarded(plan, look(run, Qube(state.name)))


def compiled(run: Run, state: State) -> Plan:
    """The steps of one state that pillar compiled to."""
    return BY_FUNCTION[state.function](run, state)


def rules_of(state: State) -> tuple[Rule, ...]:
    """The rules that a compiled state of policy declares."""
    return validate.policy_rules(state.arguments["rules"], Problems())


BY_FUNCTION: Mapping[str, Callable[[Run, State], Plan]] = {
    "absent": lambda run, state: absent(run, Qube(state.name, **state.arguments)),
    "deployed": deployed,
    "globals": lambda run, state: global_properties(run, dict(state.arguments["prefs"])),
    "halted": lambda run, state: halted(run, Qube(state.name)),
    "locked": lambda run, state: Plan(state.name),
    "policy": lambda run, state: policy(run, rules_of(state)),
    "policy_narrowed": lambda run, state: policy_narrowed(run, rules_of(state)),
    "present": lambda run, state: present(run, state.qube),
    "restarted": lambda run, state: restarted(run, RunningSystem(state.name, **state.arguments)),
    "running": lambda run, state: running(run, Qube(state.name)),
    "template_installed": lambda run, state: present(run, state.qube),
    "valid": lambda run, state: Plan(state.name),
}


def intended(run: Run, want: Qube) -> Plan:
    """All that would be done about one declared qube, its power included."""
    if want.absent:
        return absent(run, want)
    if not want.managed:
        return Plan(want.name)
    plan = present(run, want)
    have = look(run, want)
    if plan.refusals or want.running is None or have is None:
        return plan
    last = power.running if want.running else power.halted
    return replace(plan, steps=(*plan.steps, *last(want.name, have).steps))
