# SPDX-License-Identifier: MIT
"""Which qube comes before which; the order of the steps within one qube is in ``qube.py``."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from tesseraqt_lib.fleet import references
from tesseraqt_lib.model import Qube


def dependency_order(
    qubes: Mapping[str, Qube], servers: Mapping[str, Iterable[str]] | None = None
) -> list[str]:
    """The names of ``qubes``, each after those it names; ties in the order of the alphabet.

    Two qubes may name each other (disposable templates do). Then one comes too early for
    the other's reference, but never before its own template or the source of its copy.

    :param servers: by name, whom a qube needs besides to run, where it can be made without
    """
    waiting = {name: needed(qube, qubes) for name, qube in qubes.items()}
    for name, found in (servers or {}).items():
        others = (one for one in found if one in qubes and one != name)
        waiting[name] = {**dict.fromkeys(others, False), **waiting[name]}
    done: dict[str, None] = {}
    ready = sorted(name for name, found in waiting.items() if not found)
    possible = sorted(name for name, found in waiting.items() if not any(found.values()))
    users = users_of(waiting)
    heapq.heapify(possible)
    while len(done) < len(qubes):
        ready = ready or [broken_cycle(waiting, possible, done)]
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
    inherited = (one for one in references.references(source) if not one.hard) if source else ()
    for one in (*references.references(qube), *inherited):
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


def broken_cycle(
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


def split_off(qube: Qube, keys: Collection[str]) -> tuple[Qube, Qube | None]:
    """The qube without these properties, and those by themselves."""
    if not keys:
        return qube, None
    kept = {key: value for key, value in qube.prefs.items() if key not in keys}
    rest = Qube(qube.name, prefs={key: qube.prefs[key] for key in keys})
    return replace(qube, prefs=kept), rest


def split_late(qube: Qube, later: frozenset[str]) -> tuple[Qube, Qube | None]:
    """The qube without the properties that name one of ``later``, and those by themselves."""
    early = [
        found.key.removeprefix("prefs.")
        for found in references.references(qube)
        if found.key.startswith("prefs.") and found.name in later
    ]
    return split_off(qube, early)
