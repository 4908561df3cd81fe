# SPDX-License-Identifier: MIT
"""What dom0 remembers of a root: which system it was given last, and since when it has each part.

Both are features of the root that only dom0 writes, when all is done; nothing that a qube
says about itself ever counts as done.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tesseraqt_lib.model import Have, RunningSystem, Step, System
from tesseraqt_lib.plan import containers, power

#: The sha256 of the tree that was deployed last.
SYSTEM = "x-tesseraqt-system"
#: ``part=fingerprint@second``, one word for each part of the root; ``open`` for a second that
#: is not known yet: a template that was on hands its root volume on only once it is off.
PARTS = "x-tesseraqt-parts"
WORD = re.compile(r"([a-z][a-z0-9-]{0,31})=([0-9a-f]{12})@([0-9]{1,12}|open)")
OPEN = "open"
#: Characters of such a feature: more parts than that, no root has.
LONGEST = 1 << 20
#: In place of a second: what runs has it already.
ALWAYS = 0


@dataclass(frozen=True)
class Part:
    """A part of a root as it was deployed: its fingerprint, and the second since when it is so."""

    fingerprint: str
    since: int | None


def read(text: str | None) -> dict[str, Part]:
    """The parts that a root has, from its feature; what does not look like one is not there."""
    found = (WORD.fullmatch(word) for word in (text or "")[:LONGEST].split(" "))
    return {one[1]: Part(one[2], None if one[3] == OPEN else int(one[3])) for one in found if one}


def closed(found: Mapping[str, Part], second: int) -> dict[str, Part]:
    """The same parts, those of which it was open since when it is so since ``second``."""
    return {
        name: one if one.since is not None else Part(one.fingerprint, second)
        for name, one in found.items()
    }


def updated(old: Mapping[str, Part], now: Mapping[str, str], second: int | None) -> dict[str, Part]:
    """The parts that a root has now; who is as before is so since before."""
    return {
        name: old[name] if name in old and old[name].fingerprint == word else Part(word, second)
        for name, word in now.items()
    }


def written(found: Mapping[str, Part]) -> str:
    """The feature that says so."""
    words = (
        f"{name}={one.fingerprint}@{OPEN if one.since is None else one.since}"
        for name, one in sorted(found.items())
    )
    return " ".join(words)


def steps(root: str, old: Mapping[str, str | None], now: Mapping[str, str]) -> list[Step]:
    """The steps that remember ``now``, in its order."""
    return [
        Step(f"features.{key}", old[key], value, ("qvm-features", "--", root, key, value))
        for key, value in now.items()
        if old[key] != value
    ]


def unset(root: str, key: str, old: str) -> Step:
    """The step that forgets one of the features."""
    return Step(f"features.{key}", old, None, ("qvm-features", "--unset", "--", root, key))


def outdated(want: RunningSystem, have: Have, there: Mapping[str, Part]) -> list[str]:
    """The parts that a running qube has not as they are declared, sorted; none if it is off.

    Those that the root does not have yet count too: where it is only predicted that it will.
    """
    started = containers.start_time(have)
    if not started:
        return []
    flags = ["containers"] if containers.needs_restart(have) else []
    old = [
        name
        for name, fingerprint in want.parts.items()
        if name not in there or newer(there[name], fingerprint, float(started))
    ]
    return sorted(old) + flags


def newer(part: Part, fingerprint: str, started: float) -> bool:
    """Whether a qube that was started then cannot have the part as it is declared."""
    return part.fingerprint != fingerprint or part.since is None or part.since > started


def start_of(how: System, root: Have | None) -> int | None:
    """The second since when a start has what was deployed just now; ``None`` if it is to come."""
    if how.activation == "switch":
        return ALWAYS
    later = root is not None and power.changes_when_halted(root)
    return None if later else int(time.time())


def closing_steps(root: Have, known: Mapping[str, Part]) -> list[Step]:
    """The step that says since when starts have what was deployed while the root was on."""
    if not root.halted or all(one.since is not None for one in known.values()):
        return []
    now = written(closed(known, int(time.time())))
    return steps(root.name, {PARTS: written(known)}, {PARTS: now})
