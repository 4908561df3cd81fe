# SPDX-License-Identifier: MIT
"""Whose root volume a declared qube runs, and what goes into each root.

A root is the qube whose root volume holds the system: a template, or a qube with a root volume
of its own. The AppVMs and disposables on a template run its root.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.fleet import containers
from tesseraqt_lib.model import Fleet, Qube


def root_of(qubes: Mapping[str, Qube], name: str) -> str:
    """The qube whose root volume ``name`` runs, as far as ``qubes`` say.

    Only AppVMs and disposables run another's: a clone, or a standalone qube made from a
    template, has a copy.
    """
    seen: set[str] = set()
    while (qube := qubes.get(name)) is not None and name not in seen:
        seen.add(name)
        if (qube.klass or words.APP) in words.ROOTLESS and qube.template:
            name = qube.template
    return name


def declared_system(declared: Fleet, name: str) -> str | None:
    """What the qube called ``name`` is declared to run; ``None`` when nothing says so."""
    last = declared.all.get(origins(declared, name)[-1])
    return last.os if last else None


def origin(declared: Fleet, name: str) -> str:
    """Where the root of ``name`` comes from in the end, by template and clone, declared or not."""
    last = declared.all.get(origins(declared, name)[-1])
    return last.template or last.clone or last.name if last else name


def origins(declared: Fleet, name: str) -> list[str]:
    """``name`` and the declared qubes that its root comes from, until one says what it runs."""
    found = [name]
    while (qube_ := declared.all.get(found[-1])) is not None and not qube_.os:
        parent = qube_.template or qube_.clone
        if parent is None or parent not in declared.all or parent in found:
            break
        found.append(parent)
    return found


def qubes_by_root(fleet: Fleet) -> dict[str, tuple[str, ...]]:
    """Each root whose NixOS is declared, and the qubes with containers on it; both sorted."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, qube in sorted(fleet.all.items()):
        if qube.nixos is not None and not qube.absent:
            found[name] += []
        if containers.parts_of(qube) and not qube.absent:
            found[root_of(fleet.all, name)].append(name)
    return {root: tuple(qubes) for root, qubes in sorted(found.items())}


def containers_on(fleet: Fleet, root: str) -> tuple[str, ...]:
    """The containers of all qubes on the root, each once, sorted."""
    qubes = qubes_by_root(fleet).get(root, ())
    return tuple(sorted({name for qube in qubes for name in fleet.all[qube].containers}))


def unknown_root(fleet: Fleet, root: str) -> str:
    """Why there is nothing to render for ``root``; empty if there is."""
    known: Iterable[str] = qubes_by_root(fleet)
    if root in known:
        return ""
    if not known:
        return f"{root!r} has no NixOS declared; no declared qube has any"
    return f"{root!r} has no NixOS declared; the roots that have are: {', '.join(known)}"
