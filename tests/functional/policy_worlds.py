# SPDX-License-Identifier: MIT
"""Two roots, wires between the qubes on them, and what policy has of these."""

from __future__ import annotations

import copy
from typing import Any

NARROWED, POLICY = "tesseraqt/policy/narrowed", "tesseraqt/policy"
HEADER = (
    "# tesseraqt keeps this file: whatever is changed here is changed back.\n"
    "# These are the wires between qubes that pillar declares (qubesctl tesseraqt.wires).\n"
)
REST = "tesseraqt.Api * * * deny"
FLEET: dict[str, Any] = {
    "containers": {
        "web": {"consumes": {name: {"optional": True} for name in ("a", "b")}},
        "srv": {"provides": {"x": {"tcp": 1}}},
    },
    "templates": {"nixos": {"os": "nixos", "adopt": True}, "evil": {"os": "nixos"}},
    "defaults": {"template": "nixos", "label": "blue"},
    "qubes": {
        "g1": {"containers": ["srv"]},
        "g2": {"containers": {"web": {"a": "g1/srv.x", "b": "lair/srv.x"}}, "running": True},
        "lair": {"template": "evil", "containers": ["srv"]},
        "craft": {"template": "evil", "containers": {"web": {"a": "g1/srv.x"}}},
    },
}


def rule(source: str, target: str) -> str:
    """The line of policy that lets one qube call the other."""
    return f"tesseraqt.Api +srv.x {source} {target} allow"


G2_G1, G2_LAIR, CRAFT_G1 = rule("g2", "g1"), rule("g2", "lair"), rule("craft", "g1")


def without(qube: str, slot: str, fleet: dict[str, Any] | None = None) -> dict[str, Any]:
    """The fleet without the wire at this slot."""
    fleet = copy.deepcopy(FLEET if fleet is None else fleet)
    del fleet["qubes"][qube]["containers"]["web"][slot]
    return fleet


def lines(world: Any) -> set[str] | None:
    """The rules of the file but for the denial of the rest, which is the last of them."""
    path = world.policy / "30-tesseraqt.policy"
    if not path.exists():
        return None
    found = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert found[-1] == REST
    return set(found[:-1])


def allow(world: Any, *rules: str) -> None:
    """Policy has these rules by now."""
    path = world.policy / "30-tesseraqt.policy"
    path.write_text(HEADER + "".join(f"{line}\n" for line in (*sorted(rules), REST)))
    path.chmod(0o664)


def begin(world: Any) -> None:
    """The second root is there."""
    system = {"os-distribution": "nixos"}
    world.add_qube("evil", "TemplateVM", label="black", features=system, tags=["tesseraqt"])


def recorded(world: Any, minion: Any, fleet: dict[str, Any], *roots: str) -> None:
    """dom0 remembers that the roots were given what is declared."""
    plan = minion.call(world, fleet, "tesseraqt.plan")
    parts: dict[str, dict[str, str]] = {}
    for state in minion.call(world, fleet, "tesseraqt.fleet", "restarts"):
        said = {key: value for one in state["arguments"] for key, value in one.items()}
        parts.setdefault(said["root"], {}).update(said["parts"])
    for root in roots:
        (step,) = plan[f"tesseraqt/root/{root}"]["steps"]
        words = " ".join(f"{name}={word}@1" for name, word in sorted(parts[root].items()))
        features = {"x-tesseraqt-system": step["new"], "x-tesseraqt-parts": words}
        world.edit(root, features=features)
