# SPDX-License-Identifier: MIT
"""Files that a declaration names: plain ones of bounded size, there before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tesseraqt_lib.check import references
from tesseraqt_lib.dom0 import template_rpm
from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.model import Fleet, Package
from tesseraqt_lib.problems import Problems

#: Bytes of all modules together; each root may get all of them.
MOST = 1 << 24

#: From the address of a file to why it cannot be sent to a root, empty if it can, and its bytes.
Judge = Callable[[str], tuple[str, int]]


def modules(declared: Fleet, judge: Judge, problems: Problems) -> None:
    """Every NixOS module of the user's own is where it is said to be, and can be sent."""
    seen: dict[str, tuple[str, int]] = {}
    for at, one in parties(declared).items():
        for index, source in enumerate(one.get("modules", ())):
            if source not in seen:
                seen[source] = judge(source)
            if why := seen[source][0]:
                problems.value(f"{at}.modules[{index}]", source, why)
    if sum(size for _, size in seen.values()) > MOST:
        problems.add("", f"all files of `modules:` together are larger than {MOST >> 20} MiB")


def parties(declared: Fleet) -> dict[str, Mapping[str, Any]]:
    """What is said of each container and of each root, by its path."""
    said = {f"containers.{name}": one for name, one in declared.containers.items()}
    return said | {
        f"{references.path_of(declared, name)}.nixos": one.nixos.declared
        for name, one in declared.all.items()
        if one.nixos
    }


def packages(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """The package of every template that is to be installed is one that can be."""
    for name, one in declared.templates.items():
        if one.absent or not isinstance(one.install, Package) or name in dom0.classes():
            continue
        if why := template_rpm.unfit(one.install):
            at = f"{references.path_of(declared, name)}.install.rpm"
            problems.value(at, one.install.rpm, why)
