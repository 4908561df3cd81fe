# SPDX-License-Identifier: MIT
"""What one Salt run shares: the connection to Qubes, and what a test run has predicted.

Salt's ``__context__`` lives as long as the run and is the same for the functions called
while SLS files render and for the states that they compile to.
"""

from __future__ import annotations

import time
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tesseraqt_lib import foresight, machine, power, record, roots, schema, seen
from tesseraqt_lib import plan as planner
from tesseraqt_lib.dom0 import Dom0
from tesseraqt_lib.model import Fleet, Have, Plan, Qube, Settings, Value
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.states import State

#: Seconds for which what was seen of the machine is taken for granted.
FRESH = 600


@dataclass(frozen=True)
class Foretold:
    """What a test run would have done to a qube: the declaration, and its steps."""

    want: Qube
    plan: Plan
    #: How much of what is foretold of the qube's source it was made after.
    of_source: int


Context = MutableMapping[str, Any]
Opts = Mapping[str, Any]

DOM0 = "tesseraqt.dom0"
#: What a test run would have done by now, by qube.
FORETOLD = "tesseraqt.foretold"
GLOBALS = "tesseraqt.globals"
CHECKED = "tesseraqt.checked"


def place(opts: Opts) -> Path:
    """Where tesseraqt keeps its notes: in Salt's cache, which only root can read."""
    return Path(opts["cachedir"]) / "tesseraqt"


def lock_path(opts: Opts) -> Path:
    """The lock that makes applies wait for each other."""
    return place(opts) / "lock"


def job(opts: Opts) -> str:
    """What this run is called, for others to read."""
    return f"job {opts.get('jid') or 'of salt-call'}"


def dom0(context: Context, opts: Opts) -> Dom0:
    """The run's one connection to Qubes.

    A minion that runs its jobs as threads keeps ``__context__`` from job to job: whatever
    was seen some minutes ago is looked at again.
    """
    found: Dom0 | None = context.get(DOM0)
    if found is None or time.monotonic() - found.since > FRESH:
        found = context[DOM0] = Dom0(place(opts))
    return found


def checked(
    context: Context, opts: Opts, pillar: Any, there: Callable[[str], bool]
) -> tuple[Fleet, Problems]:
    """The declared fleet, and what is wrong with it.

    The machine is asked only if the declaration by itself is sound. A run that renders
    several SLS parses the same pillar once.

    :param there: whether there is a file, by its ``salt://`` address or path in dom0
    """
    key = (repr(pillar), id(dom0(context, opts)))
    if context.get(CHECKED, (None,))[0] != key:
        problems = Problems()
        declared = schema.fleet(pillar, problems)
        if pillar is None:
            problems.warn("tesseraqt", "is not in pillar; does a top.sls name it for dom0?")
        if not problems.found:
            machine.check(declared, dom0(context, opts), problems)
            roots.files(declared, there, problems)
            seen.check(declared, dom0(context, opts), problems)
            roots.check(declared, dom0(context, opts), problems)
        context[CHECKED] = (key, declared, problems)
    _, found, wrong = context[CHECKED]
    return found, wrong


def rehearsal(context: Context, opts: Opts) -> Context:
    """A context of its own for who only asks: what that foretells no later state believes."""
    return {DOM0: dom0(context, opts)}


def present(context: Context, opts: Opts, want: Qube) -> Plan:
    """The steps to this qube, from what is there or, in a test run, would be by now."""
    have = look(context, opts, want)
    source = None
    if want.source and (have is None or have.half):
        source = look(context, opts, as_source(want, want))
        if source is None:
            why = f"{want.source}, of which {want.name} would be a copy, is not there"
            return Plan(want.name, refusals=(why,))
    spool = str(dom0(context, opts).spool)
    plan = planner.present(want, have, source, spool)
    if have is not None and (name := unreachable(context, opts, want, have, plan)):
        plan = planner.present(want, have, source, spool, name)
    return foretell(context, opts, want, unused(context, opts, plan))


def absent(context: Context, opts: Opts, want: Qube) -> Plan:
    """The steps after which the qube is gone; in a test run, it counts as gone from then on."""
    have = look(context, opts, want)
    named_by = [] if have is None else users(context, opts, want.name)
    return foretell(context, opts, want, planner.absent(want, have, named_by))


def users(context: Context, opts: Opts, name: str) -> list[str]:
    """Who names the qube, as Qubes counts that: explicitly, and not the qube itself."""
    found = []
    for other in dom0(context, opts).classes():
        have = look(context, opts, Qube(other)) if other != name else None
        if have is not None:
            found += [f"{key} of {other}" for key in planner.names_as(have, name)]
    machine = {**dom0(context, opts).global_properties(), **context.get(GLOBALS, {})}
    return found + [f"the global {key}" for key, value in machine.items() if value.text == name]


def unreachable(context: Context, opts: Opts, want: Qube, have: Have, plan: Plan) -> str:
    """The netvm that a running qube is to get and that is off: Qubes refuses that."""
    if have.halted or all(step.what != "prefs.netvm" for step in plan.steps):
        return ""
    name = want.prefs["netvm"]
    if name is None:
        name = dom0(context, opts).global_properties()["default_netvm"].text
    same = have.prefs.get("netvm", Value("", True)).text == name
    return name if off(context, opts, name) and not same else ""


def off(context: Context, opts: Opts, name: str) -> bool:
    """Whether there is a qube of this name, and it does not run."""
    have = look(context, opts, Qube(name)) if name else None
    return have is not None and have.halted


def unused(context: Context, opts: Opts, plan: Plan) -> Plan:
    """The plan, but not if it halts a qube through which others have their network just now."""
    if not any(map(power.halts, plan.steps)):
        return plan
    default = dom0(context, opts).global_properties()["default_netvm"].text
    served = power.served(plan.name, those_that_run(context, opts), default)
    return power.refused_to_halt(plan, served) if served else plan


def those_that_run(context: Context, opts: Opts) -> list[Have]:
    """Every qube that runs; in a test run, that would by now."""
    found = [look(context, opts, Qube(name)) for name in dom0(context, opts).classes()]
    return [have for have in found if have is not None and not have.halted]


def planned(context: Context, opts: Opts, state: State) -> Plan:
    """The steps of one compiled state."""
    if state.function in ("turns", "sound"):
        return Plan(state.name)
    if state.function == "current":
        return current(context, opts, record.Runs(state.name, **state.arguments))
    if state.function == "globals":
        return global_properties(context, opts, dict(state.arguments["prefs"]))
    if state.function == "absent":
        return absent(context, opts, Qube(state.name, **state.arguments))
    if state.function == "running":
        return running(context, opts, Qube(state.name))
    if state.function == "halted":
        return halted(context, opts, Qube(state.name))
    return present(context, opts, state.qube)


def intended(context: Context, opts: Opts, want: Qube) -> Plan:
    """All that would be done about one declared qube, its power included."""
    if want.absent:
        return absent(context, opts, want)
    if not want.managed:
        return Plan(want.name)
    plan = present(context, opts, want)
    have = look(context, opts, want)
    if plan.refusals or want.running is None or have is None:
        return plan
    last = power.running if want.running else power.halted
    return replace(plan, steps=(*plan.steps, *last(want.name, have).steps))


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


def look(context: Context, opts: Opts, want: Qube, after: int | None = None) -> Have | None:
    """The qube as it is; in a test run, as it would be by now, or ``after`` so many plans."""
    have = dom0(context, opts).look(want)
    for foretold in context.get(FORETOLD, {}).get(want.name, ())[:after]:
        have = foreseen(context, opts, have, foretold, want)
    return have


def foreseen(
    context: Context, opts: Opts, have: Have | None, foretold: Foretold, want: Qube
) -> Have | None:
    """The qube once the plan is carried out, as far as its declaration and ``want`` speak of it."""
    done = foretold.want
    for step in foretold.plan.steps:
        if step.what == "qube" and step.new is None:
            have = None
        elif step.what == "qube":
            copied = as_source(done, done, want) if done.source else None
            source = look(context, opts, copied, foretold.of_source) if copied else None
            have = foresight.blank(done, source)
        elif have is not None and step.what in ("power", "restart"):
            have = replace(have, state=str(step.new))
    return None if have is None else foresight.after(done, have, foretold.plan.steps)


def foretell(context: Context, opts: Opts, want: Qube, plan: Plan) -> Plan:
    """The same plan; a test run counts it as carried out from now on."""
    if opts["test"] and plan.steps:
        known = context.setdefault(FORETOLD, {})
        of_source = len(known.get(str(want.source), ()))
        known.setdefault(want.name, []).append(Foretold(want, plan, of_source))
    return plan


def current(context: Context, opts: Opts, want: record.Runs) -> Plan:
    """The restart after which the qube runs what is declared, or the note that it needs one."""
    have = look(context, opts, Qube(want.name))
    if not opts["test"] and dom0(context, opts).look(Qube(want.root)) is None:
        return Plan(want.name, refusals=(f"{want.root}, the root of {want.name}, does not exist",))
    old = record.outdated(want, have, deployed(context, opts, want.root)) if have else []
    root = dom0(context, opts).look(Qube(want.root)) if set(old) & set(want.parts) else None
    waits = root is not None and power.hands_on_later(root)
    plan = unused(context, opts, power.current(want, have, old, waits))
    return foretell(context, opts, Qube(want.name), plan)


def outdated(context: Context, opts: Opts, states: Iterable[State]) -> dict[str, list[str]]:
    """What each qube needs a restart for, by the states that would see to it."""
    found = {}
    for state in states:
        want = record.Runs(state.name, **state.arguments)
        have = look(context, opts, Qube(state.name))
        if have and (old := record.outdated(want, have, deployed(context, opts, want.root))):
            found[state.name] = old
    return found


def deployed(context: Context, opts: Opts, root: str) -> dict[str, record.Part]:
    """The parts that a root was given, as dom0 remembers; none if it is not there."""
    if dom0(context, opts).look(Qube(root)) is None:
        return {}
    return record.read(dom0(context, opts).feature(root, record.PARTS))


def running(context: Context, opts: Opts, want: Qube) -> Plan:
    """The step after which the qube runs, be it there or only foretold."""
    return foretell(context, opts, want, power.running(want.name, look(context, opts, want)))


def halted(context: Context, opts: Opts, want: Qube) -> Plan:
    """The step after which the qube is off, be it there or only foretold."""
    plan = power.halted(want.name, look(context, opts, want))
    return foretell(context, opts, want, unused(context, opts, plan))


def global_properties(context: Context, opts: Opts, want: Settings) -> Plan:
    """The steps to the declared global properties."""
    if opts["test"]:
        context[GLOBALS] = {name: foresight.after_set(text) for name, text in want.items()}
    plan = planner.global_properties(want, dom0(context, opts).global_properties())
    if all(step.what != "prefs.default_netvm" for step in plan.steps):
        return plan
    name = want["default_netvm"] or ""
    following = power.following(those_that_run(context, opts)) if off(context, opts, name) else []
    return power.refused_to_follow(plan, name, following) if following else plan
