# SPDX-License-Identifier: MIT
"""All that can be wrong with a declaration by itself, without a look at the machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.check import facts as check_known
from tesseraqt_lib.check import nixos_only, qube, references, root_config, trust, wires
from tesseraqt_lib.check.references import class_of, path_of
from tesseraqt_lib.fleet import containers
from tesseraqt_lib.fleet.devices import covers
from tesseraqt_lib.model import Device, Fleet
from tesseraqt_lib.problems import Problems, joined

#: ``disp-mgmt-<name>`` is cut to 31 characters: longer names can share a management disposable.
MANAGEMENT_PREFIX = 21


def check(declared: Fleet, problems: Problems) -> None:
    """Everything that is wrong within and between the declarations is in ``problems``."""
    common = set(qube.contradictions(declared.defaults))
    for problem in common:
        problems.add(joined("defaults", problem.path), problem.text)
    for name, qube_ in declared.all.items():
        klass = class_of(declared, qube_, problems)
        for problem in {*qube.contradictions(qube_), *qube.misplaced(qube_, klass)} - common:
            problems.add(joined(path_of(declared, name), problem.path), problem.text)
        qube.complete(declared, qube_, klass, problems)
    names(declared, problems)
    references.check(declared, problems)
    devices(declared, problems)
    nixos_only.check_declared(declared, problems)
    root_known(declared, problems)
    root_config.check(declared, problems)
    wires.check(declared, problems)
    wires.conflicts(declared, problems)
    trust.check(check_known.Declared(declared), problems)


def names(declared: Fleet, problems: Problems) -> None:
    """No two qubes share a name, or one that people and file systems confuse."""
    for name in declared.templates.keys() & declared.qubes.keys():
        problems.add(f"qubes.{name}", "is declared below `templates:` too")
    seen: dict[str, str] = {}
    for name in sorted(declared.all):
        other = seen.setdefault(name.lower(), name)
        if other != name:
            problems.add(path_of(declared, name), f"differs from {other!r} only in its case")
    for prefix, alike in by_prefix(declared).items():
        problems.warn(
            path_of(declared, alike[0]),
            f"and {alike[1]!r} share their first {len(prefix)} characters:"
            " `qubesctl --targets` would manage both through one disposable",
        )


def by_prefix(declared: Fleet) -> dict[str, list[str]]:
    """Names that ``disp-mgmt-<name>`` cannot tell apart, by what they share."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(declared.all):
        if len(name) >= MANAGEMENT_PREFIX:
            groups[name[:MANAGEMENT_PREFIX]].append(name)
    return {prefix: alike for prefix, alike in groups.items() if len(alike) > 1}


def devices(declared: Fleet, problems: Problems) -> None:
    """No device is given to two qubes, unless somebody is asked which of them gets it."""
    given: dict[str, list[tuple[str, Device]]] = defaultdict(list)
    for name, kind, device in assignments(declared):
        if other := next(filter(None, (given_too(name, device, one) for one in given[kind])), ""):
            at = f"{path_of(declared, name)}.devices.{kind}.{device.port}"
            problems.add(at, f"is given to {other!r} too")
        given[kind].append((name, device))


def given_too(name: str, device: Device, one: tuple[str, Device]) -> str:
    """The other qube that an assignment gives the same device to; empty if it does not."""
    other, held = one
    same = covers(device.port, held.port) or covers(held.port, device.port)
    asked = device.mode == held.mode == "ask-to-attach"
    return other if same and other != name and not asked else ""


def assignments(declared: Fleet) -> Iterator[tuple[str, str, Device]]:
    """Every device that is to be assigned, with its qube and its kind."""
    for name, qube_ in sorted(declared.all.items()):
        for kind, found in () if qube_.absent else qube_.devices.items():
            for device in found.values():
                if not device.absent:
                    yield name, kind, device


def root_known(declared: Fleet, problems: Problems) -> None:
    """It is said of every qube with containers which root they go into."""
    for name, qube_ in declared.qubes.items():
        known = qube_.template or qube_.klass in words.ROOTED or qube_.absent
        if (
            containers.parts_of(qube_)
            and not known
            and not {f"qubes.{name}.template"} & problems.blamed
        ):
            how = "say the `template:` of the qube, or its `class:` if it has a root of its own"
            problems.add(f"qubes.{name}.containers", f"go into a root: {how}")
