# SPDX-License-Identifier: MIT
"""The steps to the declared containers and wires of a qube.

The features that say so are tesseraqt's own: what is not declared any more goes.
"""

from __future__ import annotations

from collections.abc import Iterator

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.fleet import containers
from tesseraqt_lib.fleet.containers import FLAG, OUTDATED, SLOTS
from tesseraqt_lib.model import Have, Qube, Step
from tesseraqt_lib.plan.steps import tag_steps


def taking(want: Qube, have: Have) -> Iterator[Step]:
    """The steps after which the qube has no flag and no wire that is not declared, or another.

    The tag that says to look for such features is there before any of them, and that a restart
    is needed is noted before a flag changes.
    """
    wanted, changed = features(want, have), changes(want, have)
    if any(new is not None for new in wanted.values()):
        yield from tag_steps(want.name, {words.CONTAINERS_TAG: True}, have.tags)
    if any(name.startswith(FLAG) for name in changed):
        yield from note_outdated(have)
    for name, new in changed.items():
        if new is None:
            yield step(want.name, name, have.features.get(name), new)


def giving(want: Qube, have: Have) -> Iterator[Step]:
    """The steps to the declared flags and wires.

    The tag is there as long as any of them, and as long as the qube has not been restarted
    without them.
    """
    wanted, changed = features(want, have), changes(want, have)
    for name, new in changed.items():
        if new is not None:
            yield step(want.name, name, have.features.get(name), new)
    some = any(new is not None for new in wanted.values())
    flagged = any(name.startswith(FLAG) for name in changed)
    waits = start_time(have) and (flagged or needs_restart(have))
    if want.all_containers and not some and not waits:
        yield from cleanup(have)


def changes(want: Qube, have: Have) -> dict[str, str | None]:
    """Those of the features of tesseraqt's own that are not as they are to be."""
    return {
        name: new for name, new in features(want, have).items() if new != have.features.get(name)
    }


def features(want: Qube, have: Have) -> dict[str, str | None]:
    """What the features of tesseraqt's own are to be; ``None`` for those that are to go."""
    if not want.all_containers:
        return {}
    wanted = {**containers.flags(want), **containers.slots(want)}
    stale = {name for name in have.features if name.startswith((FLAG, SLOTS))} - wanted.keys()
    return {**dict.fromkeys(sorted(stale)), **wanted}


def needs_restart(have: Have) -> bool:
    """Whether the flags of the qube changed since its start."""
    return bool(start_time(have)) and have.features.get(OUTDATED) == start_time(have)


def cleanup(have: Have) -> Iterator[Step]:
    """The steps after which nothing says any more that the qube had containers once."""
    if OUTDATED in have.features:
        argv = ("qvm-features", "--unset", "--", have.name, OUTDATED)
        yield Step(f"features.{OUTDATED}", have.features[OUTDATED], None, argv)
    yield from tag_steps(have.name, {words.CONTAINERS_TAG: False}, have.tags)


def note_outdated(have: Have) -> Iterator[Step]:
    """The step that notes, on a qube that runs, that it needs a restart to get its flags."""
    since, noted = start_time(have), have.features.get(OUTDATED)
    if since and since != noted:
        argv = ("qvm-features", "--", have.name, OUTDATED, since)
        yield Step(f"features.{OUTDATED}", noted, since, argv)


def start_time(have: Have) -> str:
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
