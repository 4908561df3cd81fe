# SPDX-License-Identifier: MIT
"""What of a declaration can be judged only against the machine: looks, and never acts."""

from __future__ import annotations

from collections.abc import Mapping

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.check import references as check_references
from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.fleet import references as fleet_references
from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.problems import Problems, nearest


def check(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """Whatever the fleet names and does not declare is on the machine, and fits."""
    there = dom0.classes()
    for qube in declared.all.values():
        if not qube.absent:
            references(declared, qube, dom0, problems)
            existing(declared, qube, there, problems)
    global_references(declared, dom0, problems)
    labels(declared, dom0, problems)


def references(declared: Fleet, qube: Qube, dom0: Dom0, problems: Problems) -> None:
    """Every undeclared qube that this one names exists, and is of a class and a use that fit."""
    there = dom0.classes()
    for found in fleet_references.references(qube):
        if found.name in declared.all:
            continue
        at = check_references.place(declared, qube, found)
        if found.name not in there:
            near = nearest(found.name, {*there, *declared.all})
            problems.value(at, found.name, f"is neither declared nor on this machine{near}")
        elif why := misfit(found.key, qube, there[found.name]) or unfit(found, qube, dom0):
            problems.value(at, found.name, why)


def unfit(found: fleet_references.Reference, qube: Qube, dom0: Dom0) -> str:
    """Why an undeclared qube does not serve as what it is named for; empty if it does.

    What is so already is not asked about: Qubes lets nobody take it away.
    """
    key = found.key.removeprefix("prefs.")
    needed = needed_for(key if key != "template" or qube.klass == words.DISP else "")
    have = dom0.look(Qube(qube.name)) if needed else None
    now = have and (have.template if key == "template" else have.pref(key).text)
    return "" if now == found.name else lacks(found.name, needed, dom0)


def needed_for(key: str) -> str:
    """The property that a qube must have to be named by this one; empty if it needs none."""
    if key in ("netvm", "default_netvm"):
        return "provides_network"
    disposable = key in words.DISPOSABLE_REFERENCES or key == "template"
    return "template_for_dispvms" if disposable else ""


def lacks(name: str, needed: str, dom0: Dom0) -> str:
    """What of a qube on this machine is missing; empty if nothing is."""
    have = dom0.look(Qube(name)) if needed else None
    if have is None or have.is_on(needed):
        return ""
    what = {"provides_network": "provides no network"}.get(needed, "is no disposable template")
    return f"{what} (qvm-prefs {name} {needed} True)"


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
        at = check_references.path_of(declared, qube.name)
        how = near or "; give it `clone:` or `install:`"
        problems.add(at, f"is not on this machine{how}")


def global_references(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """Every undeclared qube that a global property names exists, and serves as that."""
    there = dom0.classes()
    for key in words.GLOBAL_REFERENCES:
        name = declared.globals.get(key)
        if not name or name in declared.all or name == "dom0":
            continue
        if name not in there:
            near = nearest(name, {*there, *declared.all})
            problems.value(f"globals.{key}", name, f"is neither declared nor on this machine{near}")
        elif why := global_misfit(key, name, dom0):
            problems.value(f"globals.{key}", name, why)


def global_misfit(key: str, name: str, dom0: Dom0) -> str:
    """Why an undeclared qube cannot be this global property; empty if it can, or is."""
    klass = dom0.classes()[name]
    if key == "default_template":
        fits = klass == words.TEMPLATE
        return "" if fits else f"is class {klass}, and not {words.TEMPLATE}"
    needed = needed_for(key)
    if not needed or dom0.global_properties()[key].text == name:
        return ""
    return lacks(name, needed, dom0)


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
            at = f"{'defaults' if common else check_references.path_of(declared, name)}.label"
            problems.value(at, label, f"is not a label of this machine{nearest(label, there)}")
