# SPDX-License-Identifier: MIT
"""Which qube comes before which, and the cycles that make that impossible."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Qube


@dataclass(frozen=True)
class Reference:
    """One qube names another: where that stands, and as what."""

    key: str
    name: str

    @property
    def hard(self) -> bool:
        """Whether the named qube must exist before the naming one can be made at all."""
        return self.key in ("template", "clone")


def references(qube: Qube) -> Iterator[Reference]:
    """Every other qube that ``qube`` names; dom0 is always there and is left out."""
    for key, name in (("template", qube.template), ("clone", qube.clone)):
        if name:
            yield Reference(key, name)
    for key in words.QUBE_REFERENCES:
        name = qube.prefs.get(key)
        if name and name != "dom0":
            yield Reference(f"prefs.{key}", name)
    for kind, devices in qube.devices.items():
        for port in devices:
            backend = port.partition(":")[0]
            if backend != "dom0":
                yield Reference(f"devices.{kind}.{port}", backend)


def first_to_last(qubes: Mapping[str, Qube]) -> list[str]:
    """The names of ``qubes``, each after those it names; ties in the order of the alphabet.

    Two qubes may name each other (disposable templates do). Then one comes too early for
    the other's reference, but never before its own template or the source of its copy.
    """
    waiting = {name: needed(qube, qubes) for name, qube in qubes.items()}
    done: dict[str, None] = {}
    ready = sorted(name for name, found in waiting.items() if not found)
    possible = sorted(name for name, found in waiting.items() if not any(found.values()))
    users = users_of(waiting)
    heapq.heapify(possible)
    while len(done) < len(qubes):
        ready = ready or [too_early(waiting, possible, done)]
        done |= dict.fromkeys(ready)
        freed = set()
        for made, user in pairs(ready, users):
            if waiting[user].pop(made) and not any(waiting[user].values()):
                heapq.heappush(possible, user)
            freed |= set() if waiting[user] else {user}
        ready = sorted(freed - done.keys())
    return list(done)


def pairs(names: Iterable[str], users: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Each of ``names`` with each of its users."""
    return ((name, user) for name in names for user in users[name])


def needed(qube: Qube, qubes: Mapping[str, Qube]) -> dict[str, bool]:
    """Those of ``qubes`` that ``qube`` names, and whether it cannot be made before them.

    Whom its source names counts too: a qube inherits that, if it is said of its source by then.
    """
    found: dict[str, bool] = {}
    source = qubes.get(qube.source or "")
    inherited = (one for one in references(source) if not one.hard) if source else ()
    for one in (*references(qube), *inherited):
        if one.name in qubes and one.name != qube.name:
            found[one.name] = one.hard or found.get(one.name, False)
    return found


def users_of(waiting: Mapping[str, Mapping[str, bool]]) -> dict[str, list[str]]:
    """Who names whom, the other way round."""
    users: dict[str, list[str]] = {name: [] for name in waiting}
    for name, found in waiting.items():
        for other in found:
            users[other].append(name)
    return users


def too_early(
    waiting: Mapping[str, Mapping[str, bool]], possible: list[str], done: Mapping[str, None]
) -> str:
    """The name that comes next where every one waits for another.

    One of ``possible``, which can be made at least, if there is one: a cycle of templates is
    told as a problem elsewhere, and still has some order.
    """
    while possible:
        name = heapq.heappop(possible)
        if name not in done:
            return name
    return min(name for name in waiting if name not in done)


def cycles(qubes: Mapping[str, Qube], key: str) -> list[list[str]]:
    """Every cycle of references of one kind: its names, the first one again at the end."""
    nexts = {
        name: found.name
        for name, qube in sorted(qubes.items())
        for found in references(qube)
        if found.key == key
    }
    seen: set[str] = set()
    found: list[list[str]] = []
    for start in nexts:
        trail: dict[str, None] = {}
        name = start
        while name in nexts and name not in seen:
            seen.add(name)
            trail[name] = None
            name = nexts[name]
        if name in trail:
            ring = list(trail)[list(trail).index(name) :]
            first = ring.index(min(ring))
            found.append([*ring[first:], *ring[: first + 1]])
    return found


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


def split(qube: Qube, later: frozenset[str]) -> tuple[Qube, Qube | None]:
    """The qube without the properties that name one of ``later``, and those by themselves."""
    early = [
        found.key.removeprefix("prefs.")
        for found in references(qube)
        if found.key.startswith("prefs.") and found.name in later
    ]
    if not early:
        return qube, None
    kept = {key: value for key, value in qube.prefs.items() if key not in early}
    rest = Qube(qube.name, prefs={key: qube.prefs[key] for key in early})
    return replace(qube, prefs=kept), rest
