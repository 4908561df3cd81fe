# SPDX-License-Identifier: MIT
"""What can be wrong between the containers of a fleet, and the wires that join them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.problems import Problems, nearest

#: The containers that each qube has.
Chosen = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Wire:
    """One slot of one container in one qube, and the API it is bound to."""

    qube: str
    container: str
    slot: str
    to: str

    @property
    def path(self) -> str:
        """Where the wire stands in pillar."""
        return f"qubes.{self.qube}.containers.{self.container}.{self.slot}"

    @property
    def provider(self) -> tuple[str, str, str]:
        """Qube, container and API at the other end."""
        place, slash, end = self.to.rpartition("/")
        container, _, api = end.partition(".")
        return (place if slash else self.qube, container, api)


def check(declared: Fleet, problems: Problems) -> None:
    """Every container that a qube has is declared, and every slot leads somewhere."""
    kept = {name: qube for name, qube in declared.qubes.items() if not qube.absent}
    chosen = {name: qube.containers for name, qube in kept.items()}
    for qube in kept.values():
        known(qube, declared.containers, problems)
        unbound(qube, declared.containers, problems)
        for wire in wires(qube):
            if wire.container in declared.containers:
                slot_there(wire, declared.containers[wire.container], problems)
            provider_there(wire, declared.containers, chosen, problems)


def wires(qube: Qube) -> Iterator[Wire]:
    """Every wire of the qube."""
    for slot, target in qube.wires.items():
        container, _, rest = slot.partition(".")
        yield Wire(qube.name, container, rest, target)


def known(qube: Qube, containers: Mapping[str, Any], problems: Problems) -> None:
    """Every container of the qube is declared."""
    for name in qube.containers:
        if name not in containers and f"containers.{name}" not in problems.blamed:
            at = f"qubes.{qube.name}.containers"
            problems.value(at, name, f"is not declared{nearest(name, containers)}")


def unbound(qube: Qube, containers: Mapping[str, Any], problems: Problems) -> None:
    """Every slot that is not optional has a wire, be it a wrong one."""
    for name in qube.containers:
        at = f"qubes.{qube.name}.containers.{name}"
        for slot, consumed in containers.get(name, {}).get("consumes", {}).items():
            bound = f"{name}.{slot}" in qube.wires or f"{at}.{slot}" in problems.blamed
            if not bound and not (consumed and consumed.get("optional")):
                how = f"bind it as `{slot}: container.api`, or declare it `optional: true`"
                problems.add(at, f"the slot {slot!r} leads nowhere: {how}")


def slot_there(wire: Wire, container: Mapping[str, Any], problems: Problems) -> None:
    """The container has the slot."""
    slots = container.get("consumes", {})
    blamed = f"containers.{wire.container}.consumes"
    if wire.slot not in slots and not {blamed, f"{blamed}.{wire.slot}"} & problems.blamed:
        problems.add(wire.path, f"{wire.container!r} has no such slot{nearest(wire.slot, slots)}")


def provider_there(
    wire: Wire, containers: Mapping[str, Any], chosen: Chosen, problems: Problems
) -> None:
    """The other end of the wire is an API of a container that its qube has."""
    qube, container, api = wire.provider
    if qube not in chosen:
        if f"qubes.{qube}" not in problems.blamed:
            near = nearest(qube, chosen)
            problems.value(wire.path, wire.to, f"leads to an undeclared qube{near}")
    elif container not in chosen[qube]:
        near = nearest(container, chosen[qube])
        problems.value(wire.path, wire.to, f"leads to a container that {qube!r} has not{near}")
    elif container in containers:
        apis = containers[container].get("provides", {})
        blamed = f"containers.{container}.provides"
        if api not in apis and not {blamed, f"{blamed}.{api}"} & problems.blamed:
            near = nearest(api, apis)
            problems.value(wire.path, wire.to, f"leads to an API that {container!r} lacks{near}")
