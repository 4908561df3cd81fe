# SPDX-License-Identifier: MIT
"""Looks at qubes as they are or, in a test run, as they would be by now.

In a test run nothing that is planned gets made, so a later state that needs it would find
nothing. Each plan is counted as carried out for the rest of the run.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass

from tesseraqt_lib.model import Have, Plan, Qube, Settings, Value
from tesseraqt_lib.plan import chain, power, predict, qube
from tesseraqt_lib.plan.chain import Running
from tesseraqt_lib.run.session import Run

#: Where the context has what a test run would have done by now: by qube, in order.
PREDICTED = "tesseraqt.predicted"
#: The same of the machine's own properties.
PREDICTED_GLOBALS = "tesseraqt.predicted_globals"


@dataclass(frozen=True)
class Predicted:
    """What a test run would have done to a qube: the declaration, and its steps."""

    want: Qube
    plan: Plan
    #: How many plans of the qube's source it was made after.
    of_source: int


def look(run: Run, want: Qube, after: int | None = None) -> Have | None:
    """The qube as far as ``want`` speaks of it; ``None`` if there is none.

    :param after: how many of its predicted plans count as carried out; all, if nothing is said
    """
    have = run.dom0.look(want)
    for predicted in run.context.get(PREDICTED, {}).get(want.name, ())[:after]:
        have = carried_out(run, have, predicted, want)
    return have


def carried_out(run: Run, have: Have | None, predicted: Predicted, want: Qube) -> Have | None:
    """The qube once the plan is carried out, as far as its declaration and ``want`` speak of it."""
    done = predicted.want
    for step in predicted.plan.steps:
        if step.what == "qube" and step.new is None:
            have = None
        elif step.what == "qube":
            copied = as_source(done, done, want) if done.source else None
            source = look(run, copied, predicted.of_source) if copied else None
            have = predict.after_creation(done, source)
        elif have is not None and step.what in ("power", "restart"):
            have = predict.after_power(have, step)
    return None if have is None else predict.after_steps(done, have, predicted.plan.steps)


def as_source(copy: Qube, *wants: Qube) -> Qube:
    """What to look at in the source of a copy, so that the copy is known as far as declared."""
    return Qube(
        str(copy.source),
        prefs=dict(ChainMap(*(dict(one.prefs) for one in wants))),
        features=dict(ChainMap(*(dict(one.features) for one in wants))),
        services=dict(ChainMap(*(dict(one.services) for one in wants))),
        volumes=dict(ChainMap(*(dict(one.volumes) for one in wants))),
        firewall=next((one.firewall for one in wants if one.firewall is not None), None),
        devices={kind: {} for one in wants for kind in one.devices},
    )


def remember(run: Run, want: Qube, plan: Plan) -> Plan:
    """The same plan, unless it is about somebody else's qube; a test run counts it as carried
    out from now on."""
    if plan.steps:
        plan = qube.guarded(plan, look(run, Qube(plan.name)))
    if run.test and plan.steps:
        counted(run, want, plan)
    return plan


def counted(run: Run, want: Qube, plan: Plan) -> None:
    """The plan counts as carried out from now on, and Qubes starts the netvms of who starts."""
    known = run.context.setdefault(PREDICTED, {})
    of_source = len(known.get(str(want.source), ()))
    known.setdefault(want.name, []).append(Predicted(want, plan, of_source))
    if plan.steps[-1].argv[0] == "qvm-start":
        netvms_started(run, want.name)


def netvms_started(run: Run, name: str) -> None:
    """A test run counts those through which the qube has its network as started with it."""
    have, default = look(run, Qube(name)), global_properties(run)["default_netvm"].text
    server = look(run, Qube(chain.netvm_of(have, default))) if have else None
    if server is not None and server.halted:
        plan = Plan(server.name, (power.started(server.name, server.state),))
        counted(run, Qube(server.name), plan)


def global_properties(run: Run) -> Mapping[str, Value]:
    """The machine's own properties as they are or, in a test run, would be by now."""
    return {**run.dom0.global_properties(), **run.context.get(PREDICTED_GLOBALS, {})}


def remember_globals(run: Run, want: Settings) -> None:
    """A test run counts these properties of the machine as set from now on."""
    if run.test:
        found = {name: predict.after_set(text) for name, text in want.items()}
        run.context[PREDICTED_GLOBALS] = found


def running_qubes(run: Run) -> Running:
    """Every qube that runs; in a test run, that would by now."""
    found = (look(run, Qube(name)) for name in every_name(run))
    there = {have.name: have for have in found if have is not None and not have.halted}
    return Running(there, global_properties(run)["default_netvm"].text)


def every_name(run: Run) -> list[str]:
    """Every qube of the machine, and those that a test run would have made by now."""
    return [*dict.fromkeys((*run.dom0.classes(), *run.context.get(PREDICTED, ())))]


def is_off(run: Run, name: str) -> bool:
    """Whether there is a qube of this name, and it does not run."""
    have = look(run, Qube(name)) if name else None
    return have is not None and have.halted
