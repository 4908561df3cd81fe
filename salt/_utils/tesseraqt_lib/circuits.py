# SPDX-License-Identifier: MIT
"""What can be wrong with wires that are right one by one: cycles of them, and too many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tesseraqt_lib import borders, wires
from tesseraqt_lib.marks import QUBESDB_VALUE
from tesseraqt_lib.model import Fleet
from tesseraqt_lib.parts import SLOTS, slots
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.wires import Bound

#: A container of a qube, or the qube as such: what may have to start for a call.
Place = tuple[str, str]
#: What a slot is that is not declared: that was told already.
OPTIONAL: Mapping[str, bool] = {"optional": True}


def check(declared: Fleet, problems: Problems) -> None:
    """No start waits for itself, and every qube can be told all of its wires."""
    cycles(declared, problems)
    at_odds(declared, problems)
    unasked(declared, problems)
    for name, qube in declared.qubes.items():
        for feature, said in () if qube.absent else slots(qube).items():
            if len(said) > QUBESDB_VALUE:
                at = f"qubes.{name}.containers.{feature.removeprefix(SLOTS)}"
                text = f"its wires are {len(said)} characters, and Qubes hands on {QUBESDB_VALUE}"
                problems.add(at, f"{text}: use fewer slots, or shorter names")


def cycles(declared: Fleet, problems: Problems) -> None:
    """No container needs, by slots that are not optional, what in the end needs it.

    Each starts at the first call, so two of them would wait for each other.
    """
    needs = needed(declared)
    told: set[Place] = set()
    for start in sorted(needs):
        ring = [] if start in told else way_back(start, needs)
        told |= {(one.qube, one.container) for one in ring}
        if ring:
            shown = " -> ".join(f"{one.qube}/{one.container}" for one in (*ring, ring[0]))
            how = "declare one of the slots `optional: true`"
            problems.add(ring[0].path, f"a cycle of starts: {shown}; {how}")


def at_odds(declared: Fleet, problems: Problems) -> None:
    """No qube is asked about for one of its containers and not for another one.

    Policy knows qubes, and not which of their containers calls.
    """
    asks: dict[tuple[str, ...], Bound] = {}
    for one in borders.crossing(declared):
        first = asks.setdefault((one.qube, *one.provider), one)
        if first.wire.ask != one.wire.ask:
            why = f"leads where {first.container}.{first.slot} leads: one asks and one does not"
            problems.value(one.path, one.wire.to, f"{why}; Qubes cannot tell them apart")


def unasked(declared: Fleet, problems: Problems) -> None:
    """Whoever declares a question that is never asked is told so."""
    for qube in declared.qubes.values():
        for one in () if qube.absent else wires.bound(qube):
            if one.wire.ask and not one.crosses:
                problems.warn(
                    one.path, "stays in its qube, where Qubes asks nobody: `ask` does nothing"
                )


def needed(declared: Fleet) -> dict[Place, list[Bound]]:
    """By container, the wires without which it is not ready."""
    found = wires.parts(declared)
    needs: dict[Place, list[Bound]] = {}
    for name, has in found.items():
        for one in wires.bound(declared.qubes[name]):
            slot = has.get(one.container, {}).get("consumes", {}).get(one.slot, OPTIONAL)
            if not (slot and slot.get("optional")):
                needs.setdefault((name, one.container), []).append(one)
    return needs


def way_back(start: Place, needs: Mapping[Place, list[Bound]]) -> list[Bound]:
    """The fewest wires that lead from ``start`` to itself; none if they do not."""
    reached: dict[Place, list[Bound]] = {start: []}
    waiting = [start]
    for place in waiting:
        for one, next_ in onward(place, needs):
            if next_ == start:
                return [*reached[place], one]
            if next_ not in reached:
                reached[next_] = [*reached[place], one]
                waiting.append(next_)
    return []


def onward(place: Place, needs: Mapping[Place, list[Bound]]) -> Iterator[tuple[Bound, Place]]:
    """The wires that start at a place, and where each ends."""
    for one in needs.get(place, ()):
        yield one, one.provider[:2]
