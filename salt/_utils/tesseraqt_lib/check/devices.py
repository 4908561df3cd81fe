# SPDX-License-Identifier: MIT
"""Whether this machine has the PCI devices that are to be assigned, and nobody else has them.

What can be unplugged may come later, so nothing is said of that here.
"""

from __future__ import annotations

from collections.abc import Iterator

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.check.references import path_of
from tesseraqt_lib.dom0 import inventory
from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.fleet.devices import begun, covers, meant, parts
from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.problems import Problems, nearest

PCI = "pci"


def check(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """Every PCI device that is to be assigned is there, and no other qube keeps it."""
    wanted = list(to_assign(declared, dom0))
    if not wanted:
        return
    exposed = inventory.exposed(dom0, "dom0", PCI)
    others = [name for name, klass in dom0.classes().items() if klass in words.CLASSES]
    holders = {name: inventory.dedicated(dom0, name, PCI) for name in others}
    for name, key in wanted:
        at = f"{path_of(declared, name)}.devices.{PCI}.{key}"
        if exposed and (why := not_there(key, exposed)):
            problems.add(at, why)
        for other, held in holders.items():
            if other != name and keeps(declared, other, key, held):
                how = f"take it back there (qvm-pci unassign {other} {key}), or declare that"
                problems.add(at, f"is assigned to {other!r}: {how}")


def kinds(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """Every kind of devices that is declared is one that this machine can give away."""
    said = [(name, kind) for name, qube in declared.all.items() for kind in qube.devices]
    there = inventory.device_kinds(dom0) if said else frozenset()
    for name, kind in said:
        if kind not in there:
            text = "is no kind of devices that this machine can give away"
            problems.warn(f"{path_of(declared, name)}.devices.{kind}", text)


def to_assign(declared: Fleet, dom0: Dom0) -> Iterator[tuple[str, str]]:
    """Every qube and key of a PCI device that it has not yet as declared."""
    for name, qube in sorted(declared.all.items()):
        want = {} if qube.absent else qube.devices.get(PCI, {})
        if any(not device.absent for device in want.values()):
            have = dom0.look(Qube(name, devices={PCI: {}}))
            for device in begun(PCI, want, have.devices[PCI] if have else {}):
                yield name, device.port


def not_there(key: str, exposed: frozenset[str]) -> str:
    """Why the device cannot be assigned; empty if it can."""
    if any(covers(key, one) for one in exposed):
        return ""
    ports = {":".join(parts(one)[:2]): parts(one)[2] for one in exposed}
    port = ":".join(parts(key)[:2])
    if port in ports:
        return f"has another device in its port on this machine: {ports[port]}"
    return f"is no PCI device of this machine{nearest(port, ports)}"


def keeps(declared: Fleet, other: str, key: str, held: frozenset[str]) -> bool:
    """Whether another qube has the device, and is not declared to give it away."""
    qube = declared.all.get(other, Qube(other))
    same = [one for one in held if covers(key, one) or covers(one, key)]
    said = {} if qube.absent else qube.devices.get(PCI, {})
    given = {one for port, device in said.items() for one in meant(port, said, held)}
    return not qube.absent and any(one not in given for one in same)
