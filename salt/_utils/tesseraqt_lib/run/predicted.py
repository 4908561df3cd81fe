# SPDX-License-Identifier: MIT
"""Looks at qubes as they are or, in a test run, as they would be by now.

In a test run nothing that is planned gets made, so a later state that needs it would find
nothing. Each plan is counted as carried out for the rest of the run.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tesseraqt_lib.model import Have, Plan, Qube, Settings, Value
from tesseraqt_lib.plan import predict, qube
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
            have = replace(have, state=str(step.new))
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
        known = run.context.setdefault(PREDICTED, {})
        of_source = len(known.get(str(want.source), ()))
        known.setdefault(want.name, []).append(Predicted(want, plan, of_source))
    return plan


def global_properties(run: Run) -> Mapping[str, Value]:
    """The machine's own properties as they are or, in a test run, would be by now."""
    return {**run.dom0.global_properties(), **run.context.get(PREDICTED_GLOBALS, {})}


def remember_globals(run: Run, want: Settings) -> None:
    """A test run counts these properties of the machine as set from now on."""
    if run.test:
        found = {name: predict.after_set(text) for name, text in want.items()}
        run.context[PREDICTED_GLOBALS] = found


def running_qubes(run: Run) -> list[Have]:
    """Every qube that runs; in a test run, that would by now."""
    found = [look(run, Qube(name)) for name in run.dom0.classes()]
    return [have for have in found if have is not None and not have.halted]


def is_off(run: Run, name: str) -> bool:
    """Whether there is a qube of this name, and it does not run."""
    have = look(run, Qube(name)) if name else None
    return have is not None and have.halted
