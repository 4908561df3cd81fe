# SPDX-License-Identifier: MIT
"""Whether this machine takes what is to be set: properties, kernels, pools, memory.

Only what is not set already is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.check.references import path_of
from tesseraqt_lib.declare.properties import PROPERTIES
from tesseraqt_lib.dom0 import inventory
from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.problems import Problems, nearest

#: Words of Qubes' own Salt modules and of earlier releases, and what to write instead.
OTHER_WORDS = {
    "dispvm_allowed": "it is `template_for_dispvms` now",
    "dispvm_netvm": "declare the `netvm` of the qube that `default_dispvm` names",
    "internal": "it is a feature: `features: {internal: true}`",
    "mem": "did you mean 'memory'?",
    "pci_strictreset": "it is an option of a device:"
    ' `devices: {pci: {"dom0:00_14.0": {options: {no-strict-reset: true}}}}`',
    "pcidevs": "devices stand below `devices: {pci: ...}`",
    "uses_default_kernel": "for the default of Qubes, write `kernel: null`",
    "uses_default_kernelopts": "for the default of Qubes, write `kernelopts: null`",
    "uses_default_netvm": "for the default of Qubes, write `netvm: null`",
}


#: Properties that not every supported release of Qubes has; the others are not asked about.
NEWER = frozenset(("appvm_default_bootmode", "auto_cleanup", "bootmode", "devices_denied"))
EVERYWHERE = PROPERTIES.keys() - NEWER


def check(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """Everything that is to be set exists here and fits."""
    kept = [qube for qube in declared.all.values() if qube.managed and not qube.absent]
    for qube in kept:
        for key, text in (*unknown_properties(qube, dom0), *too_much_memory(declared, qube, dom0)):
            problems.add(placed(declared, qube, key), text)
    clock(declared, kept, dom0, problems)
    kernels(declared, kept, dom0, problems)
    pools(declared, dom0, problems)


def placed(declared: Fleet, qube: Qube, key: str) -> str:
    """Where a property stands: in the qube's own declaration, or in the defaults."""
    common = declared.defaults.prefs
    same = qube.name in declared.qubes and key in common and common[key] == qube.prefs[key]
    return f"{'defaults' if same else path_of(declared, qube.name)}.prefs.{key}"


def unknown_properties(qube: Qube, dom0: Dom0) -> Iterator[tuple[str, str]]:
    """The properties that a qube of this class does not have here, each with what to do."""
    names = [name for name in qube.prefs if name not in EVERYWHERE]
    known = properties(qube, dom0) if names else frozenset[str]()
    for name in names:
        if known and name not in known:
            how = OTHER_WORDS.get(name)
            hint = f"; {how}" if how else nearest(name, known - words.COMPUTED)
            yield name, f"is no property of a qube of class {class_of(qube, dom0)} here{hint}"


def class_of(qube: Qube, dom0: Dom0) -> str:
    """The class that the qube has, or is made with."""
    return dom0.classes().get(qube.name) or qube.klass or words.APP


def properties(qube: Qube, dom0: Dom0) -> frozenset[str]:
    """The properties that a qube has or will have, as far as other qubes show; empty if none can.

    Disposables come and go, so none of them is asked. What another class has not may still be one
    of this class, if Qubes has it at all.
    """
    have = dom0.look(Qube(qube.name))
    if have is not None:
        return frozenset(have.prefs)
    there, klass = dom0.classes(), qube.klass or words.APP
    usual = [name for name in sorted(there) if there[name] in words.CLASSES]
    stable = [name for name in usual if there[name] != words.DISP]
    alike = [name for name in stable if there[name] == klass]
    for sample in (*alike, *stable)[:1]:
        seen = dom0.look(Qube(sample))
        found = frozenset(seen.prefs) if seen else frozenset()
        return found if alike or not found else found | PROPERTIES.keys()
    return frozenset()


def is_set(qube: Qube, key: str, dom0: Dom0) -> bool:
    """Whether the property has its declared value already."""
    have = dom0.look(Qube(qube.name))
    value = have.prefs.get(key) if have else None
    return value is not None and not value.default and value.text == qube.prefs[key]


def kernels(declared: Fleet, kept: list[Qube], dom0: Dom0, problems: Problems) -> None:
    """Every kernel that is to be set is installed."""
    wanted = {
        placed(declared, qube, "kernel"): str(qube.prefs["kernel"])
        for qube in kept
        if qube.prefs.get("kernel") and not is_set(qube, "kernel", dom0)
    }
    own = declared.globals.get("default_kernel")
    if own and own != global_text(dom0, "default_kernel"):
        wanted["globals.default_kernel"] = own
    there = inventory.kernels(dom0) if wanted else frozenset()
    for at, kernel in wanted.items():
        if there and kernel not in there:
            text = "is not a kernel of this machine (/var/lib/qubes/vm-kernels)"
            problems.value(at, kernel, f"{text}{nearest(kernel, there)}")


def clock(declared: Fleet, kept: Iterable[Qube], dom0: Dom0, problems: Problems) -> None:
    """No service ``clocksync`` is declared otherwise than qubesd sets it with the clockvm:
    ``on_property_pre_set_clockvm`` and ``on_property_set_clockvm`` in ``qubes/app.py``."""
    name = declared.globals.get("clockvm")
    said = {qube.name: qube.services["clocksync"] for qube in kept if "clocksync" in qube.services}
    if not name or not said:
        return
    before = global_text(dom0, "clockvm")
    for qube, value in said.items():
        at = f"{path_of(declared, qube)}.services.clocksync"
        if qube == name and value is None:
            problems.add(at, "is turned on by `globals.clockvm`: leave it out, or say false")
        elif qube == before != name and value:
            problems.add(at, f"is taken away when {name} becomes the clockvm: leave it out")


def pools(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """Every pool that a global property is to name exists."""
    wanted = {
        key: name
        for key, name in declared.globals.items()
        if key.startswith("default_pool") and name and name != global_text(dom0, key)
    }
    there = inventory.pools(dom0) if wanted else frozenset()
    for key, name in wanted.items():
        if name not in there:
            problems.value(
                f"globals.{key}", name, f"is no pool of this machine{nearest(name, there)}"
            )


def global_text(dom0: Dom0, key: str) -> str:
    """A property of the machine as it is."""
    value = dom0.global_properties().get(key)
    return value.text if value else ""


def too_much_memory(declared: Fleet, qube: Qube, dom0: Dom0) -> Iterator[tuple[str, str]]:
    """Why a qube on a template would have more memory than it may ever have.

    Without a ``maxmem`` of its own it has that of its template; with PCI devices there is none
    (``qubes.vm.qubesvm._default_maxmem``).
    """
    memory, most = qube.prefs.get("memory"), qube.prefs.get("maxmem")
    if not (memory and most is None and qube.template) or qube.devices.get("pci"):
        return
    if (qube.klass or words.APP) not in words.ROOTLESS or is_set(qube, "memory", dom0):
        return
    least = template_maxmem(declared, qube, dom0)
    if 0 < least < int(memory):
        how = "declare `maxmem` too, or 0 for no balancing"
        yield "memory", f"{memory} is more than the maxmem that it has, {least}: {how}"


def template_maxmem(declared: Fleet, qube: Qube, dom0: Dom0) -> int:
    """The ``maxmem`` of a new qube on this template; 0 if that is not known, or there is none."""
    have = dom0.look(Qube(qube.name))
    if have is not None and "maxmem" not in qube.prefs and not have.prefs["maxmem"].default:
        return number(have.prefs["maxmem"].text)
    said: Mapping[str, str | None] = declared.all.get(str(qube.template), Qube("")).prefs
    if said.get("maxmem"):
        return number(str(said["maxmem"]))
    template = dom0.look(Qube(str(qube.template)))
    return number(template.prefs["maxmem"].text) if template else 0


def number(text: str) -> int:
    """A property that is a number; 0 where it is none."""
    return int(text) if text.isascii() and text.isdecimal() else 0
