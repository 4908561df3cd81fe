# SPDX-License-Identifier: MIT
"""Which declared qubes the machine has already, and whether each can be what is declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tesseraqt_lib import marks
from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.check.references import path_of
from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.fleet import roots
from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.problems import Problems, joined


def check(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """Every declared qube is new, tesseraqt's, or handed over, and of the class that it has."""
    there = dom0.classes()
    told_with_roots = roots.qubes_by_root(declared)
    for name, qube in declared.all.items():
        at = path_of(declared, name)
        for key, text in (
            *other_class(qube, there),
            *other_case(qube, there),
            *not_to_be_made(qube, there),
        ):
            problems.add(joined(at, key) if key else at, text)
        looked_at = qube.managed and name in there and name not in told_with_roots
        if looked_at and not owned(qube, dom0):
            tell = problems.warn if qube.absent else problems.add
            tell(at, f"{whose(name, dom0)}: {handed_over(qube)}")


def whose(name: str, dom0: Dom0) -> str:
    """That a qube is not ours, though it may look so: a copy has the tags of its source."""
    tags = dom0.tags(name)
    if marks.owner(name, tags) == "copy":
        copied = ", ".join(marks.others(tags, ""))
        return f"is a copy of a qube of tesseraqt's (it has the tag {copied})"
    return "exists on this machine and is not tesseraqt's"


def handed_over(qube: Qube) -> str:
    """What to do about a qube that is not ours; one that is to go harms nobody by staying."""
    if qube.absent:
        return "it stays, unless you declare `adopt: true`, too"
    return "declare `adopt: true` to hand it over, or choose another name"


def owned(qube: Qube, dom0: Dom0) -> bool:
    """Whether tesseraqt may change a qube of this name, or will make it."""
    have = dom0.look(Qube(qube.name))
    return have is None or have.owned or qube.adopt


def other_class(qube: Qube, there: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Why a qube that is there cannot become what is declared."""
    klass = there.get(qube.name)
    if klass and qube.klass and not qube.absent and klass != qube.klass:
        how = "remove it (its data goes with it) or declare it as it is"
        key = "" if qube.klass == words.TEMPLATE else "class"
        yield key, f"is {klass} on this machine, and cannot become {qube.klass}: {how}"


def other_case(qube: Qube, there: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """With which qube people and file systems would confuse a new one."""
    if qube.absent or qube.name in there:
        return
    for other in sorted(there):
        if other.lower() == qube.name.lower():
            yield "", f"differs only in its case from {other!r}, which is on this machine"


def not_to_be_made(qube: Qube, there: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is missing to make a qube that would be taken over if it were there."""
    if not qube.adopt or qube.absent or qube.name in there or qube.clone or qube.install:
        return
    klass = qube.klass or words.APP
    missing = [
        *(["template"] if klass in words.ROOTLESS and not qube.template else []),
        *(["label"] if klass != words.TEMPLATE and not qube.label else []),
    ]
    if missing and not qube.existing:
        keys = " and no ".join(f"`{key}:`" for key in missing)
        yield "adopt", f"is not on this machine, and has no {keys} to make it with"
