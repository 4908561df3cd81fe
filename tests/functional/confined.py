# SPDX-License-Identifier: MIT
"""How confined a qube is, for tests: whatever goes wrong, it is nowhere less so than it was
before or is declared to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Marks of Qubes, and of tesseraqt itself.
MARKS = ("created-by-", "tesseraqt", "audiovm-", "guivm-")

#: What follows the machine, whatever that has.
DEFAULT = "(default)"


@dataclass(frozen=True)
class Reach:
    """What a qube may reach, and who may reach it."""

    netvm: str
    rules: tuple[str, ...]
    disposables: str
    autostart: bool
    serves: frozenset[str]
    devices: frozenset[str]
    tags: frozenset[str]

    def online_within(self, other: Reach) -> bool:
        """Whether it reaches no network that the other does not reach."""
        return not self.netvm or (self.netvm, self.rules) == (other.netvm, other.rules)

    def network_within(self, other: Reach) -> bool:
        """The same of itself and of the disposables that it may call."""
        return self.online_within(other) and self.disposables in ("", other.disposables)

    def devices_within(self, other: Reach) -> bool:
        """The same of what is plugged in, together with the network."""
        return self.netvm in ("", other.netvm) and self.devices <= other.devices


def reach(world: Any, name: str) -> Reach | None:
    """The reach of a qube of this world; ``None`` if there is none."""
    if name not in world.qubes():
        return None
    qube = world.qube(name)
    said, unsaid = qube["properties"], "" if qube["klass"] == "TemplateVM" else DEFAULT
    ports = (one["port_id"] for found in qube["assignments"].values() for one in found)
    return Reach(
        netvm=said.get("netvm", unsaid) or "",
        rules=tuple(qube["firewall"]),
        disposables=said.get("default_dispvm", DEFAULT) or "",
        autostart=bool(said.get("autostart")),
        serves=frozenset(
            key for key in ("provides_network", "template_for_dispvms") if said.get(key)
        ),
        devices=frozenset(ports),
        tags=frozenset(tag for tag in qube["tags"] if not tag.startswith(MARKS)),
    )


def less_confined(now: Reach | None, before: Reach | None, declared: Reach | None) -> list[str]:
    """In which respect a qube is less confined than both; nothing if it is in none."""
    either = [one for one in (before, declared) if one]
    if now is None:
        return []
    within = {
        "network": any(map(now.network_within, either)),
        "devices": any(map(now.devices_within, either)),
        "serves": any(now.serves <= one.serves for one in either),
        "tags": any(now.tags <= one.tags for one in either),
        "autostart": not now.autostart or now == declared or bool(before and before.autostart),
    }
    return [what for what, kept in within.items() if not kept]


def reaches(world, names):
    return {name: reach(world, name) for name in names}


def unsettled(run, kind):
    """The numbers of those calls after which a qube is still being made, and those after which
    it is not confined yet: Qubes makes it with the default netvm, and a tool that copies makes
    many calls. Whoever dies before a call leaves what the one before it did."""
    made, confined_, number = set(), set(), 0
    late = 1 if kind == "die" else 0
    for one in run.ran:
        calls = range(number + 1 + late, number + len(one.writes) + 1 + late)
        number += len(one.writes)
        if one.what == "qube" and one.argv[0] != "qvm-remove":
            made |= set(calls)
        elif one.confines:
            confined_ |= set(calls)
    return made, confined_ - made
