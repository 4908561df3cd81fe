# SPDX-License-Identifier: MIT
"""What a wire between two qubes may not join, or only if that is said: labels, disposables, Whonix;
and whether there is anybody to ask.

What the declaration leaves open is judged once the machine was looked at (``facts.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.check.facts import Declared, Told
from tesseraqt_lib.check.references import path_of
from tesseraqt_lib.fleet import bindings, roots
from tesseraqt_lib.fleet.bindings import Binding
from tesseraqt_lib.problems import Problems, shown


def check(known: Declared, problems: Problems) -> None:
    """Nothing is wrong with any wire between two qubes, as far as they are known."""
    for one in bindings.between_qubes(known.fleet):
        if (
            why := disposable_end(known, one)
            or identities_linked(known, one)
            or label_raised(known, one)
            or nobody_to_ask(known, one)
        ):
            problems.value(one.path, one.wire.to, why)
    for _, path, text in whonix_unchanged(known):
        problems.add(path, text)


def check_told(known: Told, problems: Problems) -> None:
    """What is wrong only by the word of a root speaks against the qubes that run it, and those
    that have their network through them; nothing is wrong with the declaration."""
    for one in bindings.between_qubes(known.fleet):
        why = identities_linked(known, one) if one.path not in problems.blamed else ""
        for end in (one.qube, one.provider[0]) if why else ():
            if whonix_gateway(known, end):
                problems.refuse(end, one.path, f"{shown(one.wire.to)} {why}")
    for name, path, text in whonix_unchanged(known):
        for refused in {name, roots.root_of(known.fleet.all, name)} & known.fleet.all.keys():
            problems.refuse(refused, path, text)


def whonix_unchanged(known: Declared) -> Iterator[tuple[str, str, str]]:
    """Which Whonix qubes are declared to get what would make them others; where, and what."""
    for name, has in bindings.parts_by_qube(known.fleet).items():
        if has and known.whonix(name):
            at = f"qubes.{name}.containers"
            yield name, at, "a Whonix qube gets no containers and no wires"
    for name, qube in known.fleet.all.items():
        if qube.nixos and not qube.absent and known.whonix(name):
            at = f"{path_of(known.fleet, name)}.nixos"
            yield name, at, "a Whonix qube stays Whonix"


def disposable_end(known: Declared, one: Binding) -> str:
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


def nobody_to_ask(known: Declared, one: Binding) -> str:
    """Why nobody would be asked, and so each call be denied; empty if somebody would.

    The question is put where the windows of the caller are (``qrexec_policy_exec.py``).
    """
    if not one.wire.ask or known.guivm(one.qube) != "":
        return ""
    return f"asks, and {one.qube!r} has no GUI VM where Qubes could ask: it denies every call"


def label_raised(known: Declared, one: Binding) -> str:
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


def identities_linked(known: Declared, one: Binding) -> str:
    """Why the wire would join an anonymous identity to another one; empty if it would not."""
    here, there = whonix_gateway(known, one.qube), whonix_gateway(known, one.provider[0])
    if here is None or there is None or here == there:
        return ""
    ends = f"{one.qube!r} is {behind_gateway(here)}, {one.provider[0]!r} is {behind_gateway(there)}"
    return f"would link identities: {ends}"


def behind_gateway(gateway_: str) -> str:
    """Where a qube is, in words."""
    return f"behind the Whonix gateway {gateway_!r}" if gateway_ else "behind none"


def whonix_gateway(known: Declared, name: str) -> str | None:
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
