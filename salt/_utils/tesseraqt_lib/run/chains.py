# SPDX-License-Identifier: MIT
"""The plans of states about several qubes: chains that are halted and started as a whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from tesseraqt_lib.model import Chain, Plan, Qube, Restarts, Step
from tesseraqt_lib.plan import power
from tesseraqt_lib.plan.chain import Running, goes_when_halted
from tesseraqt_lib.run import planning, predicted
from tesseraqt_lib.run.session import Run


def halted_for_change(run: Run, want: Chain) -> Plan:
    """The steps after which none of these qubes runs."""
    return together(
        run, [halting(run, name, name in want.for_good) for name in want.qubes], want.adopt
    )


def halting(run: Run, name: str, for_good: bool) -> Plan:
    """The steps after which one qube is off."""
    plan = power.halted(name, predicted.look(run, Qube(name)))
    return plan if for_good else replace(plan, steps=power.restarting(plan.steps))


def started_again(run: Run, want: Chain) -> Plan:
    """The steps after which those of the qubes run that were halted for a change."""
    found = (power.started_again(name, predicted.look(run, Qube(name))) for name in want.qubes)
    return together(run, found, want.adopt)


def halted_for_restart(run: Run, want: Restarts) -> Plan:
    """The steps after which chains are off that have somebody in them who needs a restart.

    A chain with somebody in it who may not be restarted is left alone: the state of whoever
    needs the restart names who is in the way.
    """
    needing = [one.name for one in want.systems if planning.restart(run, one).steps]
    if not needing:
        return Plan("")
    running = predicted.running_qubes(run)
    chains = [running.chain([name]) for name in needing]
    halted = [one for found in chains if restartable(found, want, running) for one in found]
    return together(run, [halting(run, name, False) for name in dict.fromkeys(halted)])


def restartable(found: Sequence[str], want: Restarts, running: Running) -> bool:
    """Whether it is a chain, and each of its qubes may be restarted and is there again then."""
    stays = not any(goes_when_halted(running.qubes[name]) for name in found)
    return len(found) > 1 and stays and set(found) <= set(want.allowed)


def together(run: Run, plans: Iterable[Plan], adopt: Collection[str] = ()) -> Plan:
    """One plan of several: the name of each qube is in what its steps change.

    :param adopt: the qubes that are declared to be taken over
    """
    steps, refusals = list[Step](), list[str]()
    for plan in plans:
        made = predicted.remember(run, Qube(plan.name), replace(plan, adopts=plan.name in adopt))
        steps += [replace(step, what=f"{step.what}.{plan.name}") for step in made.steps]
        refusals += made.refusals
    return Plan("", () if refusals else tuple(steps), tuple(refusals))
