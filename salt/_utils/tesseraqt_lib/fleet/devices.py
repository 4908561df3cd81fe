# SPDX-License-Identifier: MIT
"""What the keys of declared devices mean: ports, and what is in them.

A device is ``backend:port:identity`` to qubesd, with ``*`` for any port or any identity
(``qubes/device_protocol.py``). A declaration without an identity is about the port.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tesseraqt_lib.model import Device

ANY = "*"
#: Kinds whose devices stay in their ports: which device that is says the port alone.
FIXED = ("mic", "pci")

Assigned = Mapping[str, Device]


def parts(key: str) -> tuple[str, str, str]:
    """Backend, port and identity of a device; any identity where none is said."""
    backend, _, rest = key.partition(":")
    port, _, identity = rest.partition(":")
    return backend, port, identity or ANY


def covers(one: str, other: str) -> bool:
    """Whether every device that ``other`` stands for is one that ``one`` stands for."""
    pairs = zip(parts(one), parts(other), strict=True)
    return all(mine in (ANY, theirs) for mine, theirs in pairs)


def meant(key: str, declared: Iterable[str], assigned: Iterable[str]) -> list[str]:
    """Those of the ``assigned`` devices that a declared key is about.

    One without an identity is about its port, whatever is assigned there, unless another
    of the ``declared`` keys is about just that.
    """
    if parts(key)[2] != ANY:
        return [one for one in assigned if one == key]
    others = set(declared) - {key}
    return [one for one in assigned if parts(one)[:2] == parts(key)[:2] and one not in others]


def as_declared(kind: str, device: Device, there: Device) -> bool:
    """Whether an assignment that the declaration is about is as declared.

    Where devices come and go, one that is declared by its port is not the one that was in it
    once.
    """
    same = (device.absent, device.mode, device.options) == (there.absent, there.mode, there.options)
    pinned = kind not in FIXED and parts(device.port)[2] != parts(there.port)[2]
    return same and not pinned


def ended(kind: str, want: Assigned, have: Assigned) -> Iterator[tuple[str, Device]]:
    """The assignments that are not as declared, each with its key in the declaration."""
    for key, device in sorted(want.items()):
        for one in meant(key, want, have):
            if not as_declared(kind, device, have[one]):
                yield key, have[one]


def begun(kind: str, want: Assigned, have: Assigned) -> Iterator[Device]:
    """The declared assignments that are not there yet."""
    for key, device in sorted(want.items()):
        there = any(as_declared(kind, device, have[one]) for one in meant(key, want, have))
        if not device.absent and not there:
            yield device


def after(kind: str, want: Assigned, have: Assigned) -> dict[str, Device]:
    """The assignments once they are as declared."""
    gone = {one.port for _, one in ended(kind, want, have)}
    kept = {port: one for port, one in have.items() if port not in gone}
    return {**kept, **{one.port: one for one in begun(kind, want, have)}}
