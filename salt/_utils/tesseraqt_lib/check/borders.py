# SPDX-License-Identifier: MIT
"""Where a qube has a way around its own network: disposables that it opens, and wires."""

from __future__ import annotations

from collections.abc import Iterator

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.check.facts import Declared, Observed
from tesseraqt_lib.check.references import path_of
from tesseraqt_lib.check.trust import whonix_gateway
from tesseraqt_lib.fleet import bindings
from tesseraqt_lib.fleet.bindings import Binding
from tesseraqt_lib.model import Qube
from tesseraqt_lib.problems import Problems


def disposables(known: Observed, problems: Problems) -> None:
    """No qube that is cut off, or anonymous, opens things in disposables that are not."""
    for name, qube in known.fleet.all.items():
        if qube.managed and not qube.absent and known.klass(name) != words.TEMPLATE:
            for text in leaks(known, qube):
                problems.warn(path_of(known.fleet, name), text)


def leaks(known: Observed, qube: Qube) -> Iterator[str]:
    """In which network the disposables are that a qube opens, if that is another one."""
    here, source = gateway(known, qube.name), default_dispvm(known, qube)
    if here is None or not source:
        return
    there = gateway(known, source)
    if there in (here, OFFLINE):
        return
    what = f"what it opens in a disposable of {source!r} is {place(there)}"
    how = "give it a `default_dispvm` with the same network, or none"
    yield f"is {place(here)}, and {what}: {how}"


#: No network at all; a name that no qube can have.
OFFLINE = "no network"


def gateway(known: Declared, name: str) -> str | None:
    """Behind which Whonix gateway a qube is, or ``OFFLINE``; ``None`` if it is free."""
    return OFFLINE if offline(known, name) else whonix_gateway(known, name) or None


def place(gateway_: str | None) -> str:
    """Where a qube is, in words."""
    if gateway_ == OFFLINE:
        return "without network"
    return f"behind the Whonix gateway {gateway_!r}" if gateway_ else "in the open network"


def offline(known: Declared, name: str) -> bool:
    """Whether a qube is known to have no network, and to be none."""
    return known.netvm(name) == "" and known.pref(name, "provides_network") != "True"


def default_dispvm(known: Observed, qube: Qube) -> str:
    """Of which qube a qube opens disposables, as declared, as it is, or by default."""
    key = "default_dispvm"
    if said := qube.prefs.get(key):
        return said
    have = known.have(qube.name)
    if key in qube.prefs and qube.prefs[key] is not None:
        return ""
    if have is not None and key not in qube.prefs:
        return have.prefs[key].text if key in have.prefs else ""
    if qube.klass == words.DISP:
        return qube.template or ""
    said = known.fleet.globals.get(key)
    return known.dom0.global_properties()[key].text if said is None else said


def wires(known: Declared, problems: Problems) -> None:
    """Nobody joins a qube without network to one that has it, unknowingly."""
    for one in bindings.between_qubes(known.fleet):
        if text := joins(known, one):
            problems.warn(one.path, text)


def joins(known: Declared, one: Binding) -> str:
    """Which end of a wire has no network while the other one has; empty if that is meant."""
    ends = (one.qube, one.provider[0])
    cut = [name for name in ends if offline(known, name)]
    free = [name for name in ends if known.netvm(name)]
    if one.wire.trust or not cut or not free:
        return ""
    how = "set `trust: true` if that is meant"
    return f"joins {cut[0]!r}, which has no network, to {free[0]!r}, which has; {how}"
