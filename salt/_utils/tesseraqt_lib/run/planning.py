# SPDX-License-Identifier: MIT
"""The plan of each state: looks at what is there or predicted, and has ``plan`` decide.

Nothing here acts. A test run counts each plan as carried out from then on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.dom0 import inventory
from tesseraqt_lib.model import Have, Plan, Qube, RunningSystem, Settings
from tesseraqt_lib.plan import global_properties as global_planner
from tesseraqt_lib.plan import power
from tesseraqt_lib.plan import qube as planner
from tesseraqt_lib.roots import record
from tesseraqt_lib.run import predicted, users
from tesseraqt_lib.run.predicted import look, remember
from tesseraqt_lib.run.session import Run
from tesseraqt_lib.sls.state import State


def present(run: Run, want: Qube) -> Plan:
    """The steps to this qube, from what is there or, in a test run, would be by now."""
    have = look(run, want)
    source = None
    if not has_label(run, want, have):
        why = f"{want.label} is not a label of this machine"
        return Plan(want.name, refusals=(why,))
    if want.source and (have is None or have.half):
        source = look(run, predicted.as_source(want, want))
        if source is None:
            why = f"{want.source}, of which {want.name} would be a copy, is not there"
            return Plan(want.name, refusals=(why,))
    spool = str(run.dom0.spool)
    plan = planner.present(want, have, source, spool)
    if have is not None and (name := unreachable_netvm(run, want, have, plan)):
        plan = planner.present(want, have, source, spool, name)
    if have is not None:
        plan = refused_if_used(run, have, plan)
    return remember(run, want, refused_if_serving(run, plan))


def has_label(run: Run, want: Qube, have: Have | None) -> bool:
    """Whether the machine has the label that the qube is to get; the client does not ask."""
    given = want.label in ("", None, *words.LABELS) or (
        have is not None and have.label == want.label
    )
    return given or want.label in run.dom0.labels()


def unreachable_netvm(run: Run, want: Qube, have: Have, plan: Plan) -> str:
    """The netvm that a running qube is to get and that is off: Qubes refuses that."""
    if have.halted or all(step.what != "prefs.netvm" for step in plan.steps):
        return ""
    name = want.prefs["netvm"]
    if name is None:
        name = run.dom0.global_properties()["default_netvm"].text
    same = have.pref("netvm").text == name
    return name if predicted.is_off(run, name) and not same else ""


def refused_if_serving(run: Run, plan: Plan) -> Plan:
    """The plan, but not if it halts a qube that others which run need just now."""
    if not any(map(power.halts, plan.steps)):
        return plan
    served = predicted.running_qubes(run).served(plan.name)
    return power.refused_to_halt(plan, served) if served else plan


def refused_if_used(run: Run, have: Have, plan: Plan) -> Plan:
    """The plan, but not if it takes from a qube what others need it for just now."""
    setting = {step.what: step.new for step in plan.steps}
    if "template" in setting and have.is_on("template_for_dispvms"):
        disposables = predicted.running_qubes(run).disposables(plan.name)
        if disposables:
            return power.refused_below(plan, disposables)
    used = [
        user
        for key, using in users.GIVEN_UP.items()
        if have.is_on(key) and setting.get(f"prefs.{key}", "True") != "True"
        for user in using(run, plan.name)
    ]
    return Plan(plan.name, refusals=tuple(planner.still_used(plan.name, used))) if used else plan


def absent(run: Run, want: Qube) -> Plan:
    """The steps after which the qube is gone; in a test run, it counts as gone from then on."""
    have = look(run, want)
    named_by = [] if have is None else users.naming(run, want.name)
    seen = have is not None and want.name in run.dom0.classes()
    lost = inventory.lost_with(run.dom0, want.name) if seen and not named_by else []
    return remember(run, want, planner.absent(want, have, named_by, lost))


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
    running = predicted.running_qubes(run).qubes if off else {}
    following = global_planner.following(running.values())
    return global_planner.refused_to_follow(plan, name, following) if following else plan


def restarted(run: Run, want: RunningSystem) -> Plan:
    """The restart after which the qube runs what is declared, or the note that it needs one."""
    if not run.test and run.dom0.look(Qube(want.root)) is None:
        return Plan(want.name, refusals=(f"{want.root}, the root of {want.name}, does not exist",))
    plan = refused_if_serving(run, restart(run, want))
    return remember(run, Qube(want.name), plan)


def restart(run: Run, want: RunningSystem) -> Plan:
    """The restart that the qube needs, whoever needs it just now, or the note that it does."""
    have = look(run, Qube(want.name))
    old = record.outdated(want, have, recorded_parts(run, want.root)) if have else []
    root = run.dom0.look(Qube(want.root)) if set(old) & set(want.parts) else None
    return power.restarted(want, have, old, root is not None and power.changes_when_halted(root))


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
