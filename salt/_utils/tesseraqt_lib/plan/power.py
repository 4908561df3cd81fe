# SPDX-License-Identifier: MIT
"""The steps that start, halt and restart qubes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Have, Plan, Qube, RunningSystem, Step
from tesseraqt_lib.plan.chain import goes_when_halted

#: Why a disposable that Qubes cleans up cannot be restarted.
GOES = "Qubes removes it once it is halted (auto_cleanup): halt it yourself"


def running(name: str, have: Have | None) -> Plan:
    """The step after which the qube runs."""
    if have is None:
        return Plan(name, refusals=(f"{name} does not exist",))
    if have.state in ("Running", "Transient"):
        return Plan(name)
    if have.state == "Paused":
        return Plan(name, (unpaused(name),))
    if not have.halted:
        return Plan(name, refusals=(f"{name} is {have.state.lower()}: wait, and apply again",))
    return Plan(name, (started(name, have.state),))


def halted(name: str, have: Have | None) -> Plan:
    """The step after which the qube is halted; a qube that is not there is."""
    off = have is None or have.halted
    return Plan(name) if off else Plan(name, shutdown(name, have.state if have else ""))


def changes_when_halted(root: Have) -> bool:
    """Whether it is a template that is on: its qubes get its root volume once it is off."""
    return root.klass == words.TEMPLATE and not root.halted


def restarted(want: RunningSystem, have: Have | None, old: Sequence[str], waits: bool) -> Plan:
    """The restart that a qube needs, or the note that it needs one; ``old`` says what for.

    Its template has to be off for that, which ``waits`` says that it is not.

    A restart that was cut off is finished.
    """
    if have is not None and have.halted and have.stopped:
        return started_again(want.name, have)
    if have is None or not old:
        return Plan(want.name)
    if waits or want.restart != "when_needed":
        first = f" once {want.root} is halted" if waits else ""
        why = f"{want.name} needs a restart{first}, to get what changed: {', '.join(old)}"
        return Plan(want.name, notes=(why,))
    if goes_when_halted(have):
        return Plan(want.name, refusals=(f"{want.name} needs a restart, and {GOES}",))
    off, on = shutdown(want.name, have.state), started(want.name, "Halted")
    return Plan(want.name, restarting((*off, on)))


def started_again(name: str, have: Have | None) -> Plan:
    """The step after which a qube runs that tesseraqt halted for a change."""
    if have is None or not (have.halted and have.stopped):
        return Plan(name)
    return Plan(name, restarting([started(name, "Halted")]))


def halts(step: Step) -> bool:
    """Whether the step halts a qube, for good or for those that follow."""
    return step.argv[0] == "qvm-shutdown"


def refused_to_halt(plan: Plan, served: Mapping[str, str]) -> Plan:
    """Nothing is done, for Qubes halts no qube that serves others which run.

    :param served: these, each with as what it serves them
    """
    roles = [
        f"the {role} of {', '.join(name for name in sorted(served) if served[name] == role)}"
        for role in sorted(set(served.values()))
    ]
    what = f"{plan.name} cannot be halted while it is {' and '.join(roles)}"
    how = f"halt what runs (qvm-shutdown --wait {' '.join(sorted(served))}) and apply again"
    return Plan(plan.name, refusals=(f"{what}: {how}",))


def refused_below(plan: Plan, disposables: Sequence[str]) -> Plan:
    """Nothing is done, for Qubes changes no template below disposables that run."""
    names = ", ".join(disposables)
    what = f"the template of {plan.name} cannot change while disposables of it run: {names}"
    how = f"halt them (qvm-shutdown --wait {' '.join(disposables)}) and apply again"
    also = "or declare `restart: when_needed` for each of them"
    return Plan(plan.name, refusals=(f"{what}; {how}, {also}",))


def started(name: str, state: str) -> Step:
    """The step after which the qube runs."""
    return Step("power", state, "Running", ("qvm-start", "--skip-if-running", "--", name))


def unpaused(name: str) -> Step:
    """The step after which a paused qube goes on."""
    return Step("power", "Paused", "Running", ("qvm-unpause", "--", name))


def shutdown(name: str, state: str) -> tuple[Step, ...]:
    """The steps after which the qube is halted; Qubes waits its ``shutdown_timeout`` for it.

    It shuts no paused qube down (``QubesVM.shutdown``): that would not hear of it.
    """
    off = Step("power", state, "Halted", ("qvm-shutdown", "--wait", "--", name))
    if state == "Paused":
        return unpaused(name), replace(off, old="Running")
    return (off,)


def restarting(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The same steps, as those that halt a qube for others or start it again after them."""
    return tuple(replace(step, what="restart") for step in steps)


def halted_if_needed(want: Qube, have: Have, steps: Iterable[Step], unreachable: str = "") -> Plan:
    """The plan with its qube halted around the steps that need that, if it may be."""
    planned = tuple(steps)
    needing = [step.what for step in planned if needs_halted(step, have)]
    if unreachable:
        needing.append(f"prefs.netvm ({unreachable} is off)")
    on = () if want.running is False else restarting([started(want.name, "Halted")])
    if have.halted and have.stopped:
        return Plan(want.name, (*planned, *on))
    if have.halted or not needing:
        return Plan(want.name, planned)
    if why := not_to_be_halted(want, have, needing):
        return Plan(want.name, refusals=(why,))
    return Plan(want.name, (*restarting(shutdown(want.name, have.state)), *planned, *on))


def not_to_be_halted(want: Qube, have: Have, needing: Sequence[str]) -> str:
    """Why the qube may not be halted for what needs that; empty if it may."""
    if want.restart == "when_needed" or want.running is False:
        return f"{' and '.join(needing)} of {want.name}: {GOES}" if goes_when_halted(have) else ""
    return (
        f"{want.name} is {have.state.lower()}, and its {' and '.join(needing)} can change only"
        f" while it is halted: halt it (qvm-shutdown --wait {want.name}) and apply again,"
        " or declare `restart: when_needed`"
    )


def needs_halted(step: Step, have: Have) -> bool:
    """Whether qubesd refuses this step on a qube that runs (``vm/appvm.py``, ``vm/qubesvm.py``)."""
    return step.what == "template" or (step.what == "prefs.maxmem" and not have.hotplug)
