# SPDX-License-Identifier: MIT
"""How a qube knows which containers start in it, and where their slots lead. Pure.

A service flag (``/run/qubes-service/tesseraqt-web``, made at its start) lets a container
start; a ``vm-config`` value, which Qubes hands on while the qube runs, says where its slots
lead. Both are tesseraqt's own: what is not declared any more goes.
"""

from __future__ import annotations

from collections.abc import Iterator

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Have, Qube, Step
from tesseraqt_lib.steps import tag_steps

FLAG, SLOTS = f"service.{words.PART}", f"vm-config.{words.PART}"
#: Which start of the qube was before its flags changed, by the second of that start.
OUTDATED = "x-tesseraqt-outdated"
#: How the names of features start that are looked at together.
OWN = (FLAG, SLOTS, OUTDATED)


def flags(want: Qube) -> dict[str, str]:
    """The features that let the containers of the qube start."""
    return {f"{FLAG}{name}": "1" for name in named(want)}


def named(want: Qube) -> tuple[str, ...]:
    """The containers of the qube, and ``qube`` where it takes part itself."""
    return (*want.containers, *((words.ITSELF,) if want.itself else ()))


def slots(want: Qube) -> dict[str, str]:
    """The features that say where the slots lead, one for each container that has any."""
    found: dict[str, list[str]] = {}
    for place, wire in sorted(want.wires.items()):
        part, _, slot = place.partition(".")
        found.setdefault(f"{SLOTS}{part}", []).append(f"{slot}={wire.to}")
    return {name: " ".join(bound) for name, bound in found.items()}


def features(want: Qube, have: Have) -> dict[str, str | None]:
    """What the features of tesseraqt's own are to be; ``None`` for those that are to go."""
    if not want.parts:
        return {}
    wanted = {**flags(want), **slots(want)}
    stale = {name for name in have.features if name.startswith((FLAG, SLOTS))} - wanted.keys()
    return {**dict.fromkeys(sorted(stale)), **wanted}


def steps(want: Qube, have: Have) -> Iterator[Step]:
    """The steps to the declared containers and wires.

    The tag that says to look for such features is there as long as any of them, and as long
    as the qube has not been restarted without them.
    """
    wanted = features(want, have)
    changed = {name: new for name, new in wanted.items() if new != have.features.get(name)}
    some = any(new is not None for new in wanted.values())
    flagged = any(name.startswith(FLAG) for name in changed)
    if some:
        yield from tag_steps(want.name, {words.PARTS_TAG: True}, have.tags)
    if flagged:
        yield from outdated(have)
    for name, new in changed.items():
        yield step(want.name, name, have.features.get(name), new)
    waits = started(have) and (flagged or needs_restart(have))
    if want.parts and not some and not waits:
        yield from forgotten(have)


def needs_restart(have: Have) -> bool:
    """Whether the flags of the qube changed since its start."""
    return bool(started(have)) and have.features.get(OUTDATED) == started(have)


def forgotten(have: Have) -> Iterator[Step]:
    """The steps after which nothing says any more that the qube had containers once."""
    if OUTDATED in have.features:
        argv = ("qvm-features", "--unset", "--", have.name, OUTDATED)
        yield Step(f"features.{OUTDATED}", have.features[OUTDATED], None, argv)
    yield from tag_steps(have.name, {words.PARTS_TAG: False}, have.tags)


def outdated(have: Have) -> Iterator[Step]:
    """The step that notes, on a qube that runs, that it needs a restart to get its flags."""
    since, noted = started(have), have.features.get(OUTDATED)
    if since and since != noted:
        argv = ("qvm-features", "--", have.name, OUTDATED, since)
        yield Step(f"features.{OUTDATED}", noted, since, argv)


def started(have: Have) -> str:
    """When the qube was started, as Qubes tells it; empty if it is off."""
    found = have.prefs.get("start_time")
    return found.text if found and not have.halted else ""


def step(qube: str, name: str, old: str | None, new: str | None) -> Step:
    """The step that sets or unsets one of these features."""
    if name.startswith(FLAG):
        service = name.removeprefix("service.")
        option = "--unset" if new is None else "--enable"
        what = f"containers.{name.removeprefix(FLAG)}"
        return Step(what, old and "on", new and "on", ("qvm-service", option, "--", qube, service))
    what = f"wires.{name.removeprefix(SLOTS)}"
    if new is None:
        return Step(what, old, None, ("qvm-features", "--unset", "--", qube, name))
    return Step(what, old, new, ("qvm-features", "--", qube, name, new))
