# SPDX-License-Identifier: MIT
"""Where the root of a qube comes from, and what it therefore runs, as far as that is declared."""

from __future__ import annotations

from tesseraqt_lib.model import Fleet


def system(declared: Fleet, name: str) -> str | None:
    """What the qube called ``name`` is declared to run; ``None`` when nothing says so."""
    last = declared.all.get(line(declared, name)[-1])
    return last.os if last else None


def root(declared: Fleet, name: str) -> str:
    """The qube whose root volume ``name`` runs, as far as the declaration says."""
    last = declared.all.get(line(declared, name)[-1])
    return last.template or last.clone or last.name if last else name


def line(declared: Fleet, name: str) -> list[str]:
    """``name`` and the declared qubes that its root comes from, until one says what it runs."""
    found = [name]
    while (qube_ := declared.all.get(found[-1])) is not None and not qube_.os:
        parent = qube_.template or qube_.clone
        if parent is None or parent not in declared.all or parent in found:
            break
        found.append(parent)
    return found
