# SPDX-License-Identifier: MIT
"""Collects the files of which the tree for a root consists."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tesseraqt_lib.tree import Tree, packed

OURS = "salt://tesseraqt/files"
#: What is beside ``nixos/`` in each tree: how it builds on the root's own configuration.
ROOTS = ("root.nix", "flake-root.nix")

Read = Callable[[str], bytes]


def tree(
    system: str | Mapping[str, Any], ours: Iterable[str], theirs: Iterable[str], read: Read
) -> Tree:
    """The tree of a root.

    :param system: its document, as text or as data
    :param ours: the NixOS modules of the formula, by their paths below its ``nixos/``
    :param theirs: the user's own NixOS modules, as ``salt://`` addresses
    :param read: from a ``salt://`` address to the content there
    """
    document = system if isinstance(system, str) else json.dumps(system, sort_keys=True, indent=2)
    files = {"system.json": document.encode("utf-8")}
    files |= {name: read(f"{OURS}/guest/{name}") for name in ROOTS}
    files |= {f"nixos/{path}": read(f"{OURS}/nixos/{path}") for path in ours}
    files |= {f"modules/{url.removeprefix('salt://')}": read(url) for url in theirs}
    return packed(files)
