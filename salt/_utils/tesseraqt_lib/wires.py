# SPDX-License-Identifier: MIT
"""What can be wrong between the containers of a fleet, and the wires that join them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tesseraqt_lib import order
from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Fleet, Qube, Wire
from tesseraqt_lib.parts import named
from tesseraqt_lib.problems import Problems, closest, nearest

#: The containers that each qube has, and what is declared of each.
Parts = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Bound:
    """One slot of one container in one qube, and the wire that it is bound to."""

    qube: str
    container: str
    slot: str
    wire: Wire

    @property
    def path(self) -> str:
        """Where the wire stands in pillar."""
        return f"qubes.{self.qube}.containers.{self.container}.{self.slot}"

    @property
    def provider(self) -> tuple[str, str, str]:
        """Qube, container and API at the other end."""
        place, slash, end = self.wire.to.rpartition("/")
        container, _, api = end.partition(".")
        return (place if slash else self.qube, container, api)

    @property
    def crosses(self) -> bool:
        """Whether the wire leaves its qube."""
        return self.provider[0] != self.qube


def bound(qube: Qube) -> Iterator[Bound]:
    """Every wire of the qube, in the order of its slots."""
    for place, wire in sorted(qube.wires.items()):
        container, _, slot = place.partition(".")
        yield Bound(qube.name, container, slot, wire)


def parts(declared: Fleet) -> Parts:
    """By qube, what takes part in wires there: its containers, and itself where it says so."""
    return {
        name: {part: declaration(declared, qube, part) for part in named(qube)}
        for name, qube in declared.qubes.items()
        if not qube.absent
    }


def declaration(declared: Fleet, qube: Qube, part: str) -> Mapping[str, Any]:
    """What is declared of a container, or of the root of the qube for the qube as such."""
    if part != words.ITSELF:
        return declared.containers.get(part, {})
    root = declared.all.get(order.root_of(declared.all, qube.name))
    return root.nixos.said if root and root.nixos else {}


def check(declared: Fleet, problems: Problems) -> None:
    """Every container that a qube has is declared, and every slot leads somewhere."""
    found = parts(declared)
    for name, has in found.items():
        qube = declared.qubes[name]
        known(qube, declared.containers, problems)
        for part, said in has.items():
            unbound(qube, part, said, problems)
        for one in bound(qube):
            if known_part(declared, has, one.container):
                slot_there(one, has[one.container], problems)
            provider_there(declared, one, found, problems)


def known_part(declared: Fleet, has: Mapping[str, Any], part: str) -> bool:
    """Whether there is a declaration that could have slots and APIs."""
    return part in has and (part == words.ITSELF or part in declared.containers)


def known(qube: Qube, containers: Mapping[str, Any], problems: Problems) -> None:
    """Every container of the qube is declared."""
    for name in qube.containers:
        if name not in containers and f"containers.{name}" not in problems.blamed:
            at = f"qubes.{qube.name}.containers"
            problems.value(at, name, f"is not declared{nearest(name, containers)}")


def unbound(qube: Qube, part: str, said: Mapping[str, Any], problems: Problems) -> None:
    """Every slot that is not optional has a wire, be it a wrong one."""
    at = f"qubes.{qube.name}.containers.{part}"
    for slot, consumed in said.get("consumes", {}).items():
        there = f"{part}.{slot}" in qube.wires or f"{at}.{slot}" in problems.blamed
        if not there and not (consumed and consumed.get("optional")):
            how = f"bind it as `{slot}: container.api`, or declare it `optional: true`"
            problems.add(at, f"the slot {slot!r} leads nowhere: {how}")


def slot_there(one: Bound, said: Mapping[str, Any], problems: Problems) -> None:
    """The container has the slot."""
    slots = said.get("consumes", {})
    blamed = f"containers.{one.container}.consumes"
    if one.slot not in slots and not {blamed, f"{blamed}.{one.slot}"} & problems.blamed:
        problems.add(one.path, f"{one.container!r} has no such slot{nearest(one.slot, slots)}")


def provider_there(declared: Fleet, one: Bound, found: Parts, problems: Problems) -> None:
    """The other end of the wire is an API of a container that its qube has."""
    qube, container, api = one.provider
    if qube not in found:
        if f"qubes.{qube}" not in problems.blamed:
            why = f"leads to {no_provider(declared, qube)}{nearest(qube, found)}"
            problems.value(one.path, one.wire.to, why)
    elif container not in found[qube]:
        if why := no_container(declared, qube, container):
            problems.value(one.path, one.wire.to, why)
    elif known_part(declared, found[qube], container):
        apis = found[qube][container].get("provides", {})
        blamed = f"containers.{container}.provides"
        if api not in apis and not {blamed, f"{blamed}.{api}"} & problems.blamed:
            near = nearest(api, apis)
            problems.value(one.path, one.wire.to, f"leads to an API that {container!r} lacks{near}")


def no_container(declared: Fleet, qube: str, name: str) -> str:
    """Why no wire leads there; empty if it is named there with a typo, which is told already."""
    has = set(declared.qubes[qube].containers)
    if closest(name, has - declared.containers.keys()):
        return ""
    known = name == words.ITSELF or name in declared.containers
    how = f"; add it to `qubes.{qube}.containers`" if known else nearest(name, has)
    return f"leads to a container that {qube!r} has not{how}"


def no_provider(declared: Fleet, name: str) -> str:
    """What the name stands for that is no qube which could provide anything."""
    if name in declared.templates:
        return "a template"
    return "a qube that is declared absent" if name in declared.qubes else "an undeclared qube"
