# SPDX-License-Identifier: MIT
"""The files of Salt's file roots, and the trees for roots that are made of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salt.exceptions import CommandExecutionError

from tesseraqt_lib import render
from tesseraqt_lib.model import Fleet
from tesseraqt_lib.tree import Tree, packed

#: Where the formula has what goes into roots, below Salt's file roots.
FORMULA = "tesseraqt/files"
#: What is beside ``nixos/`` in each tree: how it builds on the root's own configuration.
ROOTS = ("root.nix", "flake-root.nix")


@dataclass(frozen=True)
class Files:
    """Salt's file roots, through the functions of Salt (``__salt__``)."""

    salt: Mapping[str, Callable[..., Any]]

    def read(self, source: str) -> bytes:
        """The content of a file.

        :param source: a ``salt://`` address, or an absolute path in dom0
        :raises CommandExecutionError: there is no such file
        """
        path = self.salt["cp.cache_file"](source)
        if not path:
            raise CommandExecutionError(f"{source} is not among Salt's files")
        return Path(path).read_bytes()

    def there(self, source: str) -> bool:
        """Whether there is such a file."""
        return bool(self.salt["cp.cache_file"](source))

    def script(self, name: str) -> str:
        """The text of one of the formula's guest scripts."""
        return self.read(f"salt://{FORMULA}/guest/{name}").decode("ascii")

    @functools.cached_property
    def ours(self) -> dict[str, bytes]:
        """The NixOS modules of the formula and the files that they name, by name."""
        below = f"{FORMULA}/nixos/"
        found: list[str] = self.salt["cp.list_master"](prefix=below)
        names = sorted(path.removeprefix(below) for path in found if path.startswith(below))
        if "default.nix" not in names:
            raise CommandExecutionError(f"there are no NixOS modules in salt://{below}")
        return {name: self.read(f"salt://{below}{name}") for name in names}

    def tree_of(self, fleet: Fleet, root: str) -> Tree:
        """The tree of a declared root."""
        modules = sorted(render.modules(fleet, root).values())
        on = render.configuration(fleet, root)
        return self.tree(render.document(fleet, root), modules, on)

    def tree(
        self, document: Mapping[str, Any], modules: Iterable[str], configuration: str = "auto"
    ) -> Tree:
        """The tree of a root.

        :param document: its ``system.json``, as data
        :param modules: the sources of the user's own NixOS modules
        :param configuration: which one of the root's own it is built on; another one, another tree
        """
        on = {} if configuration == "auto" else {"configuration": configuration.encode("ascii")}
        ours, theirs = self.ours, {render.module(one): self.read(one) for one in modules}
        files = {f"nixos/{name}": content for name, content in ours.items()} | theirs
        files |= {name: self.read(f"salt://{FORMULA}/guest/{name}") for name in ROOTS}
        files |= {"system.json": render.text(document).encode("utf-8"), **on}
        return packed(files, render.fingerprints(document, ours | on, theirs))
