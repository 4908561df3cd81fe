# SPDX-License-Identifier: MIT
"""What else the machine has: pools, kernels and devices that a declaration may name, and what
would be lost with a qube.

Each is asked for anew, and only where it matters.
"""

from __future__ import annotations

from tesseraqt_lib.dom0 import read
from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.dom0.connection import asking


def lost_with(dom0: Dom0, name: str) -> list[str]:
    """What would go with a qube: how much it keeps, and what is known of its last backup."""
    with asking(name):
        return read.lost_with(dom0.app.domains[name])


def pools(dom0: Dom0) -> frozenset[str]:
    """The storage pools that the machine has."""
    with asking("the list of pools"):
        return frozenset(str(pool) for pool in dom0.app.pools)


def kernels(dom0: Dom0) -> frozenset[str]:
    """The kernels that dom0 has for qubes; none if it keeps them elsewhere."""
    pool = dom0.global_properties()["default_pool_kernel"].text
    with asking("the list of kernels"):
        there = dom0.app.pools[pool].volumes if pool in dom0.app.pools else ()
        return frozenset(one.vid for one in there)


def device_kinds(dom0: Dom0) -> frozenset[str]:
    """The kinds of devices that this machine can give away."""
    with asking("the list of kinds of devices"):
        return frozenset(dom0.app.list_deviceclass())


def exposed(dom0: Dom0, name: str, kind: str) -> frozenset[str]:
    """The devices of a kind that a qube could give away, as ``backend:port:identity``."""
    with asking(name):
        found = dom0.app.domains[name].devices[kind].get_exposed_devices()
        return frozenset(f"{name}:{one.port_id}:{one.device_id}" for one in found)


def dedicated(dom0: Dom0, name: str, kind: str) -> frozenset[str]:
    """The devices of a kind that a qube was given for good, or has just now."""
    with asking(name):
        held = dom0.app.domains[name].devices[kind]
        now = () if dom0.app.domains[name].is_halted() else held.get_attached_devices()
        every = (*held.get_assigned_devices(), *now)
        return frozenset(str(one.virtual_device) for one in every)
