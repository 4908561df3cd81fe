# SPDX-License-Identifier: MIT
"""What of a declaration can be judged only against the machine: looks, and never acts."""

from __future__ import annotations

from collections.abc import Mapping

from tesseraqt_lib import checks, lineage, links, order
from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.dom0 import Dom0
from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.problems import Problems, nearest


def check(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """Whatever the fleet names and does not declare is on the machine, and fits."""
    there = dom0.classes()
    for qube in declared.all.values():
        if not qube.absent:
            references(declared, qube, there, problems)
            existing(declared, qube, there, problems)
    globals_(declared, there, problems)
    labels(declared, dom0, problems)
    systems(declared, dom0, there, problems)


def references(declared: Fleet, qube: Qube, there: Mapping[str, str], problems: Problems) -> None:
    """Every undeclared qube that this one names exists, and is of a class that fits."""
    for found in order.references(qube):
        if found.name in declared.all:
            continue
        at = links.place(declared, qube, found)
        if found.name not in there:
            near = nearest(found.name, {*there, *declared.all})
            problems.value(at, found.name, f"is neither declared nor on this machine{near}")
        elif why := misfit(found.key, qube, there[found.name]):
            problems.value(at, found.name, why)


def misfit(key: str, qube: Qube, klass: str) -> str:
    """Why a qube of this class cannot be what it is named for; empty if it can."""
    disposable = key.removeprefix("prefs.") in words.DISPOSABLE_REFERENCES
    if disposable or (key == "template" and qube.klass == words.DISP):
        wanted: tuple[str, ...] = words.DISPOSABLE_SOURCES
    else:
        wanted = (words.TEMPLATE,) if key in ("template", "clone") else (klass,)
    return "" if klass in wanted else f"is class {klass}, and not {' or '.join(wanted)}"


def existing(declared: Fleet, qube: Qube, there: Mapping[str, str], problems: Problems) -> None:
    """A template that is only named is there."""
    if qube.existing and qube.name not in there:
        near = nearest(qube.name, there)
        at = links.path_of(declared, qube.name)
        how = near or "; give it `clone:` or `install:`"
        problems.add(at, f"is not on this machine{how}")


def globals_(declared: Fleet, there: Mapping[str, str], problems: Problems) -> None:
    """Every undeclared qube that a global property names exists."""
    for key in words.GLOBAL_REFERENCES:
        name = declared.globals.get(key)
        if name and name not in declared.all and name not in there:
            near = nearest(name, {*there, *declared.all})
            at = f"globals.{key}"
            problems.value(at, name, f"is neither declared nor on this machine{near}")


def labels(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """Every declared label is one that the machine has."""
    own = {
        name: qube.label
        for name, qube in declared.all.items()
        if qube.label and qube.label not in words.LABELS and not qube.absent
    }
    there = dom0.labels() if own else frozenset()
    for name, label in own.items():
        if label not in there:
            common = name in declared.qubes and label == declared.defaults.label
            at = f"{'defaults' if common else links.path_of(declared, name)}.label"
            problems.value(at, label, f"is not a label of this machine{nearest(label, there)}")


def systems(declared: Fleet, dom0: Dom0, there: Mapping[str, str], problems: Problems) -> None:
    """Every declared qube runs NixOS or Whonix, by declaration or by its template's word."""
    if declared.nixos_only == "off":
        return
    asked: dict[str, str | None] = {}
    for name, qube in declared.all.items():
        if qube.absent or lineage.system(declared, name) is not None:
            continue
        root = root_of(declared, dom0, name, there)
        if there.get(root) not in words.ROOTED:
            continue  # not there, or no template: told already
        if root not in asked:
            asked[root] = dom0.feature(root, "os-distribution")
        if asked[root] not in (words.NIXOS, words.WHONIX):
            checks.breaks_rule(declared, name, says(root, asked[root]), problems)


def says(root: str, system: str | None) -> str:
    """What a root that keeps the rule by neither word says of itself."""
    if system:
        return f"its root {root!r} reports {system!r}"
    return f"its root {root!r} does not say what it runs (declare it with `os: nixos` if it does)"


def root_of(declared: Fleet, dom0: Dom0, name: str, there: Mapping[str, str]) -> str:
    """The qube whose root volume ``name`` runs, declared or not."""
    name = lineage.root(declared, name)
    if name in there and there[name] in words.ROOTLESS:
        have = dom0.look(Qube(name))
        if have is not None and have.template:
            return root_of(declared, dom0, have.template, there)
    return name
