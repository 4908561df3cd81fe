# SPDX-License-Identifier: MIT
"""Which other qubes a declared qube names, and the cycles of such references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Qube


@dataclass(frozen=True)
class Reference:
    """One qube names another: where that stands, and as what."""

    key: str
    name: str

    @property
    def hard(self) -> bool:
        """Whether the named qube must exist before the naming one can be made at all."""
        return self.key in ("template", "clone")


def references(qube: Qube) -> Iterator[Reference]:
    """Every other qube that ``qube`` names; dom0 is always there and is left out."""
    for key, name in (("template", qube.template), ("clone", qube.clone)):
        if name:
            yield Reference(key, name)
    for key in words.QUBE_REFERENCES:
        name = qube.prefs.get(key)
        if name and name != "dom0":
            yield Reference(f"prefs.{key}", name)
    for kind, devices in qube.devices.items():
        for port in devices:
            backend = port.partition(":")[0]
            if backend != "dom0":
                yield Reference(f"devices.{kind}.{port}", backend)


def cycles(qubes: Mapping[str, Qube], key: str) -> list[list[str]]:
    """Every cycle of references of one kind: its names, the first one again at the end."""
    nexts = {
        name: found.name
        for name, qube in sorted(qubes.items())
        for found in references(qube)
        if found.key == key
    }
    seen: set[str] = set()
    found: list[list[str]] = []
    for start in nexts:
        trail: dict[str, None] = {}
        name = start
        while name in nexts and name not in seen:
            seen.add(name)
            trail[name] = None
            name = nexts[name]
        if name in trail:
            ring = list(trail)[list(trail).index(name) :]
            first = ring.index(min(ring))
            found.append([*ring[first:], *ring[: first + 1]])
    return found
