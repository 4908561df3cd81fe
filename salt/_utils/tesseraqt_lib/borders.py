# SPDX-License-Identifier: MIT
"""The borders that a wire between two qubes may not cross, or only if that is said.

What the declaration leaves open is judged once the machine was looked at (``seen.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tesseraqt_lib import lineage, wires
from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.links import path_of
from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.wires import Bound


@dataclass(frozen=True)
class Declared:
    """What the declaration alone says of a qube; ``None`` where it does not."""

    fleet: Fleet

    def klass(self, name: str) -> str | None:
        """The class of the qube."""
        qube = self.fleet.all.get(name)
        return None if qube is None else qube.klass or (None if qube.adopt else words.APP)

    def label(self, name: str) -> str | None:
        """The label of the qube."""
        qube = self.fleet.all.get(name)
        return qube.label if qube else None

    def makes_disposables(self, name: str) -> bool | None:
        """Whether disposables are made of the qube."""
        said = self.pref(name, "template_for_dispvms")
        return None if said is None else said == "True"

    def netvm(self, name: str) -> str | None:
        """The qube that gives it network; empty for none."""
        if self.klass(name) == words.TEMPLATE and self.pref(name, "netvm") is None:
            return ""
        return self.pref(name, "netvm")

    def whonix(self, name: str) -> bool | None:
        """Whether the qube runs Whonix."""
        system = lineage.system(self.fleet, name)
        return None if system is None else system == words.WHONIX

    def pref(self, name: str, key: str) -> str | None:
        """A property, where it is declared."""
        qube = self.fleet.all.get(name, Qube(name))
        return qube.prefs.get(key)


def check(known: Declared, problems: Problems) -> None:
    """Nothing is wrong with any wire between two qubes, as far as they are known."""
    for one in crossing(known.fleet):
        if why := disposable(known, one) or linked(known, one) or upwards(known, one):
            problems.value(one.path, one.wire.to, why)
    for path, text in untouched(known):
        problems.add(path, text)


def crossing(declared: Fleet) -> Iterator[Bound]:
    """Every wire between two qubes that are both declared to be there."""
    for qube in declared.qubes.values():
        for one in () if qube.absent else wires.bound(qube):
            other = declared.qubes.get(one.provider[0])
            if one.crosses and other is not None and not other.absent:
                yield one


def untouched(known: Declared) -> Iterator[tuple[str, str]]:
    """Where a Whonix qube is declared to get what would make it another one, and what."""
    for name, has in wires.parts(known.fleet).items():
        if has and known.whonix(name):
            yield f"qubes.{name}.containers", "a Whonix qube gets no containers and no wires"
    for name, qube in known.fleet.all.items():
        if qube.nixos and not qube.absent and known.whonix(name):
            yield f"{path_of(known.fleet, name)}.nixos", "a Whonix qube stays Whonix"


def disposable(known: Declared, one: Bound) -> str:
    """Why the wire has a disposable at an end where none can be; empty if it has not.

    Policy is about names, and so a disposable that Qubes names has no wire of its own.
    """
    if known.makes_disposables(one.qube):
        why = "its disposables would be other qubes, and Qubes would deny their calls"
        return f"leads out of the disposable template {one.qube!r}: {why}"
    if known.makes_disposables(one.provider[0]):
        return "leads to a disposable template: give its API to a qube of its own"
    if known.klass(one.provider[0]) == words.DISP:
        return "leads to a disposable, which keeps nothing that it is told"
    return ""


def upwards(known: Declared, one: Bound) -> str:
    """Why the wire leads from a less trusted label to a more trusted one; empty if
    it does not, or may."""
    low, high, trust = known.label(one.qube), known.label(one.provider[0]), known.fleet.trust
    how = "set `trust: true` if that is meant"
    if one.wire.trust or low is None or high is None or low == high:
        return ""
    for label in (low, high):
        if label not in trust:
            return f"joins labels of which {label!r} is not in `trust:`; add it there, or {how}"
    if trust.index(low) < trust.index(high):
        return f"leads from label {low!r} to {high!r}, which is trusted more; {how}"
    return ""


def linked(known: Declared, one: Bound) -> str:
    """Why the wire would join an anonymous identity to another one; empty if it would not."""
    here, there = gateway(known, one.qube), gateway(known, one.provider[0])
    if here is None or there is None or here == there:
        return ""
    ends = f"{one.qube!r} is {behind(here)}, {one.provider[0]!r} is {behind(there)}"
    return f"would link identities: {ends}"


def behind(gateway_: str) -> str:
    """Where a qube is, in words."""
    return f"behind the Whonix gateway {gateway_!r}" if gateway_ else "behind none"


def gateway(known: Declared, name: str) -> str | None:
    """The first Whonix qube on the way of a qube to the network; empty if there is none."""
    seen = set[str]()
    at: str | None = name
    while at is not None and at not in seen:
        seen.add(at)
        at = known.netvm(at)
        if not at:
            return at
        if (anonymous_ := known.whonix(at)) is not False:
            return at if anonymous_ else None
    return None
