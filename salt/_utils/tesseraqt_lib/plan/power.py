# SPDX-License-Identifier: MIT
"""The steps that start, halt and restart qubes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Have, Plan, Qube, RunningSystem, Step, Value


def running(name: str, have: Have | None) -> Plan:
    """The step after which the qube runs."""
    if have is None:
        return Plan(name, refusals=(f"{name} does not exist",))
    if have.state in ("Running", "Transient"):
        return Plan(name)
    if have.state == "Paused":
        argv = ("qvm-unpause", "--", name)
        return Plan(name, (Step("power", "Paused", "Running", argv),))
    if not have.halted:
        return Plan(name, refusals=(f"{name} is {have.state.lower()}: wait, and apply again",))
    return Plan(name, (started(name, have.state),))


def halted(name: str, have: Have | None) -> Plan:
    """The step after which the qube is halted; a qube that is not there is."""
    off = have is None or have.halted
    return Plan(name) if off else Plan(name, (shutdown(name, have.state if have else ""),))


def changes_when_halted(root: Have) -> bool:
    """Whether it is a template that is on: its qubes get its root volume once it is off."""
    return root.klass == words.TEMPLATE and not root.halted


def restarted(want: RunningSystem, have: Have | None, old: Sequence[str], waits: bool) -> Plan:
    """The restart that a qube needs, or the note that it needs one; ``old`` says what for.

    Its template has to be off for that, which ``waits`` says that it is not.

    A restart that was cut off is finished.
    """
    if have is not None and have.halted and have.stopped:
        return Plan(want.name, (replace(started(want.name, "Halted"), what="restart"),))
    if have is None or not old:
        return Plan(want.name)
    if waits or want.restart != "when_needed":
        first = f" once {want.root} is halted" if waits else ""
        why = f"{want.name} needs a restart{first}, to get what changed: {', '.join(old)}"
        return Plan(want.name, notes=(why,))
    off, on = shutdown(want.name, have.state), started(want.name, "Halted")
    return Plan(want.name, (replace(off, what="restart"), replace(on, what="restart")))


def halts(step: Step) -> bool:
    """Whether the step halts a qube, for good or for those that follow."""
    return step.argv[0] == "qvm-shutdown"


def served(name: str, running: Iterable[Have], default: str) -> list[str]:
    """Those of the ``running`` qubes that have their network through the one called ``name``.

    ``default`` is the default netvm: what follows it may be predicted, and not known by name.
    """
    return [have.name for have in running if netvm_of(have, default) == name != have.name]


def netvm_of(have: Have, default: str) -> str:
    """The netvm of a qube; none for one that Qubes preloaded, for it may be cut off."""
    netvm = have.prefs.get("netvm", Value("", False))
    if have.prefs.get("is_preload", Value("", True)).text == "True":
        return ""
    unknown = netvm.default and not netvm.text and have.klass != words.TEMPLATE
    return default if unknown else netvm.text


def refused_to_halt(plan: Plan, served: Sequence[str]) -> Plan:
    """Nothing is done, for Qubes halts no qube through which others have their network."""
    what = f"{plan.name} cannot be halted while it is the netvm of {', '.join(served)}"
    how = f"halt what runs (qvm-shutdown --wait {' '.join(served)}) and apply again"
    return Plan(plan.name, refusals=(f"{what}: {how}",))


def started(name: str, state: str) -> Step:
    """The step after which the qube runs."""
    return Step("power", state, "Running", ("qvm-start", "--skip-if-running", "--", name))


def shutdown(name: str, state: str) -> Step:
    """The step after which the qube is halted; Qubes waits its ``shutdown_timeout`` for it."""
    return Step("power", state, "Halted", ("qvm-shutdown", "--wait", "--", name))


def halted_if_needed(want: Qube, have: Have, steps: Iterable[Step], unreachable: str = "") -> Plan:
    """The plan with its qube halted around the steps that need that, if it may be."""
    planned = tuple(steps)
    needing = [step.what for step in planned if needs_halted(step, have)]
    if unreachable:
        needing.append(f"prefs.netvm ({unreachable} is off)")
    on = () if want.running is False else (replace(started(want.name, "Halted"), what="restart"),)
    if have.halted and have.stopped:
        return Plan(want.name, (*planned, *on))
    if have.halted or not needing:
        return Plan(want.name, planned)
    if want.restart != "when_needed" and want.running is not False:
        what = " and ".join(needing)
        return Plan(
            want.name,
            refusals=(
                f"{want.name} is {have.state.lower()}, and its {what} can change only while it is"
                f" halted: halt it (qvm-shutdown --wait {want.name}) and apply again,"
                " or declare `restart: when_needed`",
            ),
        )
    off = replace(shutdown(want.name, have.state), what="restart")
    return Plan(want.name, (off, *planned, *on))


def needs_halted(step: Step, have: Have) -> bool:
    """Whether qubesd refuses this step on a qube that runs (``vm/appvm.py``, ``vm/qubesvm.py``)."""
    return step.what == "template" or (step.what == "prefs.maxmem" and not have.hotplug)
