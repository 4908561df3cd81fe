# SPDX-License-Identifier: MIT
"""What can be wrong within one declared qube."""

from __future__ import annotations

from collections.abc import Iterator

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.check.references import path_of
from tesseraqt_lib.declare.schema import DEFAULTS
from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.problems import Problem, Problems

#: The Admin API takes 64 KiB; a rule list must stay below that.
FIREWALL_BYTES = 60_000


def check(declared: Qube, problems: Problems) -> None:
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
    yield from misplaced_root(declared, klass)
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


def misplaced_root(declared: Qube, klass: str | None) -> Iterator[Problem]:
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
    common = klass == words.APP and blamed_default("template", problems)
    if klass in words.ROOTLESS and not qube_.template and not common:
        problems.missing(at, "template")
    if not qube_.label and not blamed_default("label", problems):
        problems.missing(at, "label")


def blamed_default(key: str, problems: Problems) -> bool:
    """Whether something is known to be wrong with a default, or with a key that may be meant."""
    tops = {path.removeprefix("defaults.") for path in problems.blamed if path[:9] == "defaults."}
    unknown = {top for top in tops if top.isidentifier()} - DEFAULTS.fields.keys()
    return key in tops or bool(unknown)
