# SPDX-License-Identifier: MIT
"""What can be wrong between the containers of a fleet, and the wires that join them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.declare.features import QUBESDB_VALUE
from tesseraqt_lib.fleet import bindings
from tesseraqt_lib.fleet.bindings import Binding, Parts
from tesseraqt_lib.fleet.containers import SLOTS, slots
from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.problems import Problems, closest, nearest

#: A container of a qube, or the qube as such: what may have to start for a call.
Place = tuple[str, str]
#: What a slot is that is not declared: that was told already.
OPTIONAL: Mapping[str, bool] = {"optional": True}


def check(declared: Fleet, problems: Problems) -> None:
    """Every container that a qube has is declared, and every slot leads somewhere."""
    found = bindings.parts_by_qube(declared)
    for name, has in found.items():
        qube = declared.qubes[name]
        containers_declared(qube, declared.containers, problems)
        for part, said in has.items():
            slots_bound(qube, part, said, problems)
        for one in bindings.bindings(qube):
            if is_declared(declared, has, one.container):
                slot_exists(one, has[one.container], problems)
            provider_exists(declared, one, found, problems)


def is_declared(declared: Fleet, has: Mapping[str, Any], part: str) -> bool:
    """Whether there is a declaration that could have slots and APIs."""
    return part in has and (part == words.ITSELF or part in declared.containers)


def containers_declared(qube: Qube, containers: Mapping[str, Any], problems: Problems) -> None:
    """Every container of the qube is declared."""
    for name in qube.containers:
        if name not in containers and f"containers.{name}" not in problems.blamed:
            at = f"qubes.{qube.name}.containers"
            problems.value(at, name, f"is not declared{nearest(name, containers)}")


def slots_bound(qube: Qube, part: str, said: Mapping[str, Any], problems: Problems) -> None:
    """Every slot that is not optional has a wire, be it a wrong one."""
    at = f"qubes.{qube.name}.containers.{part}"
    for slot, consumed in said.get("consumes", {}).items():
        there = f"{part}.{slot}" in qube.wires or f"{at}.{slot}" in problems.blamed
        if not there and not (consumed and consumed.get("optional")):
            how = f"bind it as `{slot}: container.api`, or declare it `optional: true`"
            problems.add(at, f"the slot {slot!r} leads nowhere: {how}")


def slot_exists(one: Binding, said: Mapping[str, Any], problems: Problems) -> None:
    """The container has the slot."""
    slots = said.get("consumes", {})
    blamed = f"containers.{one.container}.consumes"
    if one.slot not in slots and not {blamed, f"{blamed}.{one.slot}"} & problems.blamed:
        problems.add(one.path, f"{one.container!r} has no such slot{nearest(one.slot, slots)}")


def provider_exists(declared: Fleet, one: Binding, found: Parts, problems: Problems) -> None:
    """The other end of the wire is an API of a container that its qube has."""
    qube, container, api = one.provider
    if qube not in found:
        if f"qubes.{qube}" not in problems.blamed:
            why = f"leads to {missing_provider(declared, qube)}{nearest(qube, found)}"
            problems.value(one.path, one.wire.to, why)
    elif container not in found[qube]:
        if why := missing_container(declared, qube, container):
            problems.value(one.path, one.wire.to, why)
    elif is_declared(declared, found[qube], container):
        apis = found[qube][container].get("provides", {})
        blamed = f"containers.{container}.provides"
        if api not in apis and not {blamed, f"{blamed}.{api}"} & problems.blamed:
            near = nearest(api, apis)
            problems.value(one.path, one.wire.to, f"leads to an API that {container!r} lacks{near}")


def missing_container(declared: Fleet, qube: str, name: str) -> str:
    """Why no wire leads there; empty if it is named there with a typo, which is told already."""
    has = set(declared.qubes[qube].containers)
    if closest(name, has - declared.containers.keys()):
        return ""
    known = name == words.ITSELF or name in declared.containers
    how = f"; add it to `qubes.{qube}.containers`" if known else nearest(name, has)
    return f"leads to a container that {qube!r} has not{how}"


def missing_provider(declared: Fleet, name: str) -> str:
    """What the name stands for that is no qube which could provide anything."""
    if name in declared.templates:
        return "a template"
    return "a qube that is declared absent" if name in declared.qubes else "an undeclared qube"


def conflicts(declared: Fleet, problems: Problems) -> None:
    """No start waits for itself, and every qube can be told all of its wires."""
    start_cycles(declared, problems)
    ask_conflicts(declared, problems)
    ask_without_effect(declared, problems)
    for name, qube in declared.qubes.items():
        for feature, said in () if qube.absent else slots(qube).items():
            if len(said) > QUBESDB_VALUE:
                at = f"qubes.{name}.containers.{feature.removeprefix(SLOTS)}"
                text = f"its wires are {len(said)} characters, and Qubes hands on {QUBESDB_VALUE}"
                problems.add(at, f"{text}: use fewer slots, or shorter names")


def start_cycles(declared: Fleet, problems: Problems) -> None:
    """No container needs, by slots that are not optional, what in the end needs it.

    Each starts at the first call, so two of them would wait for each other.
    """
    needs = required_wires(declared)
    told: set[Place] = set()
    for start in sorted(needs):
        ring = [] if start in told else shortest_cycle(start, needs)
        told |= {(one.qube, one.container) for one in ring}
        if ring:
            shown = " -> ".join(f"{one.qube}/{one.container}" for one in (*ring, ring[0]))
            how = "declare one of the slots `optional: true`"
            problems.add(ring[0].path, f"a cycle of starts: {shown}; {how}")


def ask_conflicts(declared: Fleet, problems: Problems) -> None:
    """No qube is asked about for one of its containers and not for another one.

    Policy knows qubes, and not which of their containers calls.
    """
    asks: dict[tuple[str, ...], Binding] = {}
    for one in bindings.between_qubes(declared):
        first = asks.setdefault((one.qube, *one.provider), one)
        if first.wire.ask != one.wire.ask:
            why = f"leads where {first.container}.{first.slot} leads: one asks and one does not"
            problems.value(one.path, one.wire.to, f"{why}; Qubes cannot tell them apart")


def ask_without_effect(declared: Fleet, problems: Problems) -> None:
    """Whoever declares a question that is never asked is told so."""
    for qube in declared.qubes.values():
        for one in () if qube.absent else bindings.bindings(qube):
            if one.wire.ask and not one.crosses:
                problems.warn(
                    one.path, "stays in its qube, where Qubes asks nobody: `ask` does nothing"
                )


def required_wires(declared: Fleet) -> dict[Place, list[Binding]]:
    """By container, the wires without which it is not ready."""
    found = bindings.parts_by_qube(declared)
    needs: dict[Place, list[Binding]] = {}
    for name, has in found.items():
        for one in bindings.bindings(declared.qubes[name]):
            slot = has.get(one.container, {}).get("consumes", {}).get(one.slot, OPTIONAL)
            if not (slot and slot.get("optional")):
                needs.setdefault((name, one.container), []).append(one)
    return needs


def shortest_cycle(start: Place, needs: Mapping[Place, list[Binding]]) -> list[Binding]:
    """The fewest wires that lead from ``start`` to itself; none if they do not."""
    reached: dict[Place, list[Binding]] = {start: []}
    waiting = [start]
    for place in waiting:
        for one, next_ in next_places(place, needs):
            if next_ == start:
                return [*reached[place], one]
            if next_ not in reached:
                reached[next_] = [*reached[place], one]
                waiting.append(next_)
    return []


def next_places(
    place: Place, needs: Mapping[Place, list[Binding]]
) -> Iterator[tuple[Binding, Place]]:
    """The wires that start at a place, and where each ends."""
    for one in needs.get(place, ()):
        yield one, one.provider[:2]
