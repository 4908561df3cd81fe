# SPDX-License-Identifier: MIT
"""How roots and the qubes on them stand, as plain data: for ``tesseraqt.status``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tesseraqt_lib import deploy, render
from tesseraqt_lib.containers import HARDENED, LIMITED
from tesseraqt_lib.deploy import Means
from tesseraqt_lib.model import Fleet, Have, Qube
from tesseraqt_lib.tree import Tree


def root(fleet: Fleet, name: str, tree: Tree, means: Means) -> dict[str, Any]:
    """How one root stands: what it was given against what is declared, and what is less hard."""
    have = means.dom0.look(Qube(name))
    found = {"system": tree.digest[:12], **deployed(name, have, tree, means)}
    weaker = {
        container: lines
        for container in render.chosen(fleet, name)
        if (lines := weakened(fleet.containers[container]))
    }
    return {**found, **({"weakened": weaker} if weaker else {})}


def deployed(name: str, have: Have | None, tree: Tree, means: Means) -> dict[str, str]:
    """Whether the root was given what is declared, by what dom0 remembers."""
    before = deploy.done(name, means) if have else None
    if before == tree.digest:
        return {"status": "deployed"}
    return {"status": "outdated", "deployed": before[:12]} if before else {"status": "missing"}


def weakened(container: Mapping[str, Any]) -> list[str]:
    """Each default of the hardening that a container takes back, with what it has instead."""
    said, limits = container.get("hardening", {}), container.get("limits", {})
    weaker = [key for key in sorted(said) if said[key] != HARDENED[key]]
    wider = [key for key in sorted(limits) if limits[key] is None or limits[key] > LIMITED[key]]
    return [
        *(f"{key}: {shown(said[key])}" for key in weaker),
        *(f"{key}: {shown(limits[key])}" for key in wider),
    ]


def shown(value: Any) -> str:
    """A value in the words of a declaration."""
    if value is None:
        return "no limit"
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
