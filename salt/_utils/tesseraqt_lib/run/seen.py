# SPDX-License-Identifier: MIT
"""Looks at the declared qubes before their states are made: who is there, and which chains of
qubes have to be off as a whole while one of them changes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace

from tesseraqt_lib.model import Fleet, Plan, Qube
from tesseraqt_lib.plan import confinement, power
from tesseraqt_lib.plan.chain import Running, goes_when_halted
from tesseraqt_lib.run import compiled, planning, predicted
from tesseraqt_lib.run.session import Run
from tesseraqt_lib.sls import qubes as sls_qubes
from tesseraqt_lib.sls import refusals
from tesseraqt_lib.sls.seen import Seen
from tesseraqt_lib.sls.state import id_of

#: Where the context has what was seen, and of which machine.
SEEN = "tesseraqt.seen"


def of_machine(run: Run, declared: Fleet, speaks_against: Mapping[str, str]) -> Seen:
    """What of the machine decides about the order of states, and about more states.

    All SLS files that render in a run ask; it is found out once, as long as nothing changes.

    :param speaks_against: the qubes that are not changed for what they say, and why
    """
    key = (id(run.dom0), run.dom0.changes, id(declared))
    if run.context.get(SEEN, (None,))[0] != key:
        run.context[SEEN] = (key, looked_at(run, declared, speaks_against), declared)
    found: Seen = run.context[SEEN][1]
    return found


def looked_at(run: Run, declared: Fleet, speaks_against: Mapping[str, str]) -> Seen:
    """The declared qubes as they are on the machine, and the chains among them."""
    looked = {name: run.dom0.look(reduced(qube)) for name, qube in kept(declared).items()}
    there = {name: have for name, have in looked.items() if have is not None}
    seen = Seen(there, default_netvm(run, declared))
    return replace(seen, halted_for_change=halted_for_change(run, declared, seen, speaks_against))


def kept(declared: Fleet) -> dict[str, Qube]:
    """The declared qubes that stay."""
    return {name: qube for name, qube in declared.all.items() if not qube.absent}


def reduced(qube: Qube) -> Qube:
    """As much of a declaration as power depends on: what is read by one call."""
    return Qube(qube.name, template=qube.template, prefs=qube.prefs)


def default_netvm(run: Run, declared: Fleet) -> str | None:
    """The default netvm as it will be, asked for only if a declared qube is to follow it."""
    said = declared.globals.get("default_netvm")
    if said is not None or not any(map(follows_default, declared.all.values())):
        return said
    return run.dom0.global_properties()["default_netvm"].text


def follows_default(qube: Qube) -> bool:
    """Whether the qube is declared to have the default netvm."""
    return qube.prefs.get("netvm", "") is None


def halted_for_change(
    run: Run, declared: Fleet, seen: Seen, speaks_against: Mapping[str, str]
) -> tuple[str, ...]:
    """The qubes that run and have to be off while one of them changes, each before whoever
    serves it: chains of which every member may be restarted.

    One alone is not among them, for its own state halts it; nor is a chain with somebody in it
    who may not be halted, for that is refused.
    """
    causes = {
        name: changing
        for name, qube in kept(declared).items()
        if name not in speaks_against
        and (changing := needs(run, sls_qubes.set_early(qube, declared, seen), seen))
    }
    if not causes:
        return ()
    running = predicted.running_qubes(run)
    allowed = {name for name, qube in kept(declared).items() if may_be_halted(qube, seen)}
    chains = {
        name: chain
        for name, changing in causes.items()
        if (chain := chain_of(name, changing, running)) and allowed.issuperset(chain)
    }
    said = functools.partial(refused, run, declared, speaks_against)
    while stuck := chains.keys() & said(halting(seen, chains, running)):
        chains = {name: chain for name, chain in chains.items() if name not in stuck}
    return halting(seen, chains, running).halted_for_change


def halting(seen: Seen, chains: Mapping[str, list[str]], running: Running) -> Seen:
    """The same, with all of these chains halted."""
    names = {name for chain in chains.values() for name in chain}
    return replace(seen, halted_for_change=tuple(running.chain(names)))


def refused(run: Run, declared: Fleet, speaks_against: Mapping[str, str], seen: Seen) -> set[str]:
    """The qubes that would not change in spite of that, be it that somebody whom they need
    would not: nobody is halted for these."""
    states = refusals.applied(sls_qubes.qubes(declared, seen), declared, speaks_against)
    planned = compiled.in_order(run.dry_run(), (*states["templates"], *states["qubes"]))
    found = {id_ for id_, plan in planned if plan.refusals or plan.waits_for}
    return {name for name in kept(declared) if id_of("qube", name) in found}


def needs(run: Run, want: Qube, seen: Seen) -> list[str]:
    """What of the qube is to change and cannot while it, or a disposable of it, runs."""
    have = seen.there.get(want.name)
    if have is None or not (have.owned or want.adopt):
        return []
    steps = (
        *confinement.root_steps(want, have),
        *confinement.pref(want, have, "maxmem"),
        *confinement.pref(want, have, "netvm"),
    )
    found = [step.what for step in steps if power.needs_halted(step, have)]
    if planning.unreachable_netvm(run, want, have, Plan(want.name, steps)):
        found.append("prefs.netvm")
    return [] if have.halted and "template" not in found else found


def chain_of(name: str, changing: list[str], running: Running) -> list[str]:
    """Who has to be off while the qube changes; nobody if that is the qube alone, at most."""
    below = running.disposables(name) if "template" in changing else []
    found = running.chain([name, *below])
    return [] if found == [name] else found


def may_be_halted(qube: Qube, seen: Seen) -> bool:
    """Whether the declaration lets the qube be halted, and Qubes does not remove it then."""
    have = seen.there.get(qube.name)
    if have is None or goes_when_halted(have) or not (have.owned or qube.adopt):
        return False
    return qube.restart == "when_needed" or qube.running is False
