# SPDX-License-Identifier: MIT
"""What can be wrong between declared values: inside one qube, and across the fleet.

All of it is decided from the declaration alone. ``machine.py`` has what needs a look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tesseraqt_lib import borders, circuits, lineage, links, parts, wires
from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.links import class_of, path_of
from tesseraqt_lib.model import Device, Fleet, Qube
from tesseraqt_lib.problems import Problem, Problems, joined

#: The Admin API takes 64 KiB; a rule list must stay below that.
FIREWALL_BYTES = 60_000
#: ``disp-mgmt-<name>`` is cut to 31 characters: longer names can share a management disposable.
MANAGEMENT_PREFIX = 21


def fleet(declared: Fleet, problems: Problems) -> None:
    """Everything that is wrong within and between the declarations is in ``problems``."""
    common = set(contradictions(declared.defaults))
    for problem in common:
        problems.add(joined("defaults", problem.path), problem.text)
    for name, qube_ in declared.all.items():
        klass = class_of(declared, qube_, problems)
        for problem in {*contradictions(qube_), *misplaced(qube_, klass)} - common:
            problems.add(joined(path_of(declared, name), problem.path), problem.text)
        complete(declared, qube_, klass, problems)
    names(declared, problems)
    links.check(declared, problems)
    devices(declared, problems)
    systems(declared, problems)
    rooted(declared, problems)
    wires.check(declared, problems)
    circuits.check(declared, problems)
    borders.check(borders.Declared(declared), problems)


def qube(declared: Qube, problems: Problems) -> None:
    """Everything that is wrong within one declaration is in ``problems``."""
    for problem in (*contradictions(declared), *misplaced(declared, declared.klass)):
        problems.add(problem.path, problem.text)


def contradictions(declared: Qube) -> Iterator[Problem]:
    """What cannot be true at once, whatever the class of the qube."""
    if declared.clone and declared.install:
        yield Problem("clone", "is `clone:` beside `install:`; a template has one origin")
    memory = int(declared.prefs.get("memory") or 0)
    most = int(declared.prefs.get("maxmem") or 0)
    if 0 < most < memory:
        yield Problem("prefs.memory", f"{memory} is more than maxmem {most}")
    pci = [port for port, found in declared.devices.get("pci", {}).items() if not found.absent]
    if pci and declared.prefs.get("virt_mode") == "pvh":
        yield Problem("prefs.virt_mode", "pvh cannot have PCI devices; hvm can")
    if declared.absent and declared.running:
        yield Problem("running", "an absent qube cannot run")
    if len("\n".join(declared.firewall or ())) > FIREWALL_BYTES:
        yield Problem("firewall", "is longer than qubesd takes in one call")
    for kind, found in declared.devices.items():
        for port in found:
            if port.startswith(f"{declared.name}:"):
                yield Problem(f"devices.{kind}.{port}", "is the qube's own already")


def misplaced(declared: Qube, klass: str | None) -> Iterator[Problem]:
    """What is declared and does not exist on a qube of this class."""
    if klass == words.TEMPLATE and declared.template:
        yield Problem("template", "a TemplateVM has none; `clone:` copies another one")
    yield from unrooted(declared, klass)
    for name in words.TEMPLATES_VOLUMES.get(klass or "", ()):
        if name in declared.volumes:
            where = f"of class {klass} is the template's: declare it there"
            yield Problem(f"volumes.{name}", where)
    for name, owners in words.ONLY_ON.items():
        if name in declared.prefs and klass and klass not in owners:
            yield Problem(f"prefs.{name}", f"exists only on class {' and '.join(owners)}")
    for key in ("clone", "install"):
        if klass not in (None, words.TEMPLATE) and getattr(declared, key) is not None:
            yield Problem(key, f"is for templates; this is class {klass}")


def unrooted(declared: Qube, klass: str | None) -> Iterator[Problem]:
    """What is declared of a root and does not exist on one of this class."""
    if klass in words.ROOTLESS and declared.os:
        yield Problem("os", f"class {klass} runs what its template runs")
    if klass in words.ROOTLESS and declared.nixos:
        yield Problem("nixos", f"of class {klass} is the template's: declare it there")
    if klass == words.TEMPLATE and declared.nixos and declared.nixos.activation == "switch":
        yield Problem("nixos.activation", "'switch' is for a StandaloneVM; a TemplateVM has `boot`")


def complete(declared: Fleet, qube_: Qube, klass: str | None, problems: Problems) -> None:
    """What a new qube needs to be made is declared, unless the qube is there already."""
    at = path_of(declared, qube_.name)
    if qube_.absent or qube_.adopt or klass in (None, words.TEMPLATE):
        return
    common = klass == words.APP and "defaults.template" in problems.blamed
    if klass in words.ROOTLESS and not qube_.template and not common:
        problems.missing(at, "template")
    if not qube_.label and "defaults.label" not in problems.blamed:
        problems.missing(at, "label")


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
    owners: dict[tuple[str, str], tuple[str, Device]] = {}
    for name, kind, device in assignments(declared):
        other, held = owners.setdefault((kind, device.port), (name, device))
        asked = device.mode == held.mode == "ask-to-attach"
        if other != name and not asked:
            at = f"{path_of(declared, name)}.devices.{kind}.{device.port}"
            problems.add(at, f"is given to {other!r} too")


def assignments(declared: Fleet) -> Iterator[tuple[str, str, Device]]:
    """Every device that is to be assigned, with its qube and its kind."""
    for name, qube_ in sorted(declared.all.items()):
        for kind, found in () if qube_.absent else qube_.devices.items():
            for device in found.values():
                if not device.absent:
                    yield name, kind, device


def rooted(declared: Fleet, problems: Problems) -> None:
    """It is said of every qube with containers which root they go into."""
    for name, qube_ in declared.qubes.items():
        known = qube_.template or qube_.klass in words.ROOTED or qube_.absent
        if parts.named(qube_) and not known and not {f"qubes.{name}.template"} & problems.blamed:
            how = "say the `template:` of the qube, or its `class:` if it has a root of its own"
            problems.add(f"qubes.{name}.containers", f"go into a root: {how}")


def systems(declared: Fleet, problems: Problems) -> None:
    """No qube is declared to run anything but NixOS or Whonix, where that is the rule."""
    for name, qube_ in declared.all.items():
        if not qube_.absent and lineage.system(declared, name) == words.OTHER:
            breaks_rule(declared, name, "does not run NixOS", problems)


def breaks_rule(declared: Fleet, name: str, text: str, problems: Problems) -> None:
    """Told as a problem, a warning, or not at all, as ``nixos_only`` says.

    It is told of the qube that the root comes from, once for all that run it.
    """
    at = path_of(declared, lineage.line(declared, name)[-1])
    if declared.nixos_only == "enforce":
        how = "; declare only NixOS and Whonix qubes, or set `nixos_only: warn`"
        problems.add(at, f"{text}{how}")
    elif declared.nixos_only == "warn":
        problems.warn(at, text)
