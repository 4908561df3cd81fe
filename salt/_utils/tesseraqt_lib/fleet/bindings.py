# SPDX-License-Identifier: MIT
"""Every slot of the fleet with the wire that binds it, and what stands at both ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.fleet import roots
from tesseraqt_lib.fleet.containers import parts_of
from tesseraqt_lib.model import Fleet, Qube, Wire

#: The containers that each qube has, and what is declared of each.
Parts = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Binding:
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


def bindings(qube: Qube) -> Iterator[Binding]:
    """Every wire of the qube, in the order of its slots."""
    for place, wire in sorted(qube.wires.items()):
        container, _, slot = place.partition(".")
        yield Binding(qube.name, container, slot, wire)


def parts_by_qube(declared: Fleet) -> Parts:
    """By qube, what takes part in wires there: its containers, and itself where it says so."""
    return {
        name: {part: declared_part(declared, qube, part) for part in parts_of(qube)}
        for name, qube in declared.qubes.items()
        if not qube.absent
    }


def declared_part(declared: Fleet, qube: Qube, part: str) -> Mapping[str, Any]:
    """What is declared of a container, or of the root of the qube for the qube as such."""
    if part != words.ITSELF:
        return declared.containers.get(part, {})
    root = declared.all.get(roots.root_of(declared.all, qube.name))
    return root.nixos.declared if root and root.nixos else {}


def between_qubes(declared: Fleet) -> Iterator[Binding]:
    """Every wire between two qubes that are both declared to be there."""
    for qube in declared.qubes.values():
        for one in () if qube.absent else bindings(qube):
            other = declared.qubes.get(one.provider[0])
            if one.crosses and other is not None and not other.absent:
                yield one
