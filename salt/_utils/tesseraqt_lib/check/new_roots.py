# SPDX-License-Identifier: MIT
"""The NixOS-only rule for roots that are still to be made, of which nobody says what they will run.

Made, such a root would be refused ever after: so it is not made at all.
"""

from __future__ import annotations

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.check import facts
from tesseraqt_lib.check.nixos_only import reported
from tesseraqt_lib.check.references import path_of
from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.fleet import roots
from tesseraqt_lib.model import Fleet
from tesseraqt_lib.problems import Problems


def check(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """Every root that is to be made is declared to run something, or a copy of what says so."""
    for name in declared.all if declared.nixos_only != "off" else ():
        root = unknown_root(declared, name, dom0)
        at, text = path_of(declared, root), reported(root, None)
        if root and declared.nixos_only == "warn":
            problems.warn(at, text)
        elif root:
            how = "declare only NixOS and Whonix qubes, or set `nixos_only: warn`"
            problems.add(at, f"{text}; {how}")


def unknown_root(declared: Fleet, name: str, dom0: Dom0) -> str:
    """The root that a qube is to run, if it is still to be made and nobody says what of; or empty.

    What it would be a copy of, and is not there either, is told already.
    """
    if declared.all[name].absent or roots.declared_system(declared, name) is not None:
        return ""
    root = facts.root_of(declared, dom0, name, dom0.classes())
    qube = declared.all.get(root)
    new = qube is not None and root not in dom0.classes() and not qube.existing
    return root if qube and new and qube.klass in words.ROOTED else ""
