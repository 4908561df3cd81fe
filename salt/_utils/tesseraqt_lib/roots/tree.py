# SPDX-License-Identifier: MIT
"""What is sent to a root: its document and modules, packed from Salt's file roots."""

from __future__ import annotations

import functools
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salt.exceptions import CommandExecutionError

from tesseraqt_lib.model import Fleet
from tesseraqt_lib.roots import system_json as roots_document

#: Where the formula has what goes into roots, below Salt's file roots.
FORMULA = "tesseraqt/files"
#: What is beside ``nixos/`` in each tree: how it builds on the root's own configuration.
ROOTS = ("root.nix", "flake-root.nix")


@dataclass(frozen=True)
class Tree:
    """Files for a root, packed, and the sha256 of the package: its name from now on."""

    packed: bytes
    digest: str
    #: The fingerprint of each part of the root (see ``system_json.fingerprints``).
    parts: Mapping[str, str] = field(default_factory=dict)


def packed(files: Mapping[str, bytes], parts: Mapping[str, str]) -> Tree:
    """The files as a tar without anything in it that differs from day to day.

    :param files: contents by path; relative, and checked by whoever made them
    """
    store = io.BytesIO()
    with tarfile.open(fileobj=store, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    content = store.getvalue()
    return Tree(content, hashlib.sha256(content).hexdigest(), parts)


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
        modules = sorted(roots_document.modules(fleet, root).values())
        on = roots_document.configuration(fleet, root)
        return self.tree(roots_document.document(fleet, root), modules, on)

    def tree(
        self, document: Mapping[str, Any], modules: Iterable[str], configuration: str = "auto"
    ) -> Tree:
        """The tree of a root.

        :param document: its ``system.json``, as data
        :param modules: the sources of the user's own NixOS modules
        :param configuration: which one of the root's own it is built on; another one, another tree
        """
        on = {} if configuration == "auto" else {"configuration": configuration.encode("ascii")}
        ours, theirs = self.ours, {roots_document.module(one): self.read(one) for one in modules}
        files = {f"nixos/{name}": content for name, content in ours.items()} | theirs
        files |= {name: self.read(f"salt://{FORMULA}/guest/{name}") for name in ROOTS}
        files |= {"system.json": roots_document.json_text(document).encode("utf-8"), **on}
        return packed(files, roots_document.fingerprints(document, ours | on, theirs))
