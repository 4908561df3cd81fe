# SPDX-License-Identifier: MIT
"""What of the declared roots can be judged only against the machine and Salt's files."""

from __future__ import annotations

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.check import ownership, references
from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.fleet import roots
from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.problems import Problems


def check(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """Every root that something goes into is declared, and tesseraqt's or to be handed over."""
    for root, qubes in roots.qubes_by_root(declared).items():
        at = (
            f"qubes.{qubes[0]}.containers"
            if qubes
            else f"{references.path_of(declared, root)}.nixos"
        )
        if at not in problems.blamed and (why := unfit(declared.all.get(root), dom0)):
            problems.add(at, f"goes into the root {root!r}, which is {why}")


def unfit(root: Qube | None, dom0: Dom0) -> str:
    """Why nothing can go into the root; empty if it can."""
    if root is None:
        return "not declared"
    klass = root.klass or dom0.classes().get(root.name)
    if klass in words.ROOTLESS:
        return f"class {klass} and has no root of its own: declare it in its template"
    how = "declare it with `adopt: true`, or a `clone:` of it"
    return "" if ownership.owned(root, dom0) else f"not tesseraqt's: {how}"
