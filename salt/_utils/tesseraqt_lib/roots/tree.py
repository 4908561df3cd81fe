# SPDX-License-Identifier: MIT
"""What is sent to a root: its document and modules, packed from Salt's file roots."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salt.exceptions import CommandExecutionError

from tesseraqt_lib.bounded import files
from tesseraqt_lib.bounded.files import Unfit
from tesseraqt_lib.model import Fleet
from tesseraqt_lib.roots import system_json as roots_document

#: Where the formula has what goes into roots, below Salt's file roots.
FORMULA = "tesseraqt/files"
#: Bytes of a file that goes into a root.
MOST = 1 << 20
#: What is beside ``nixos/`` in each tree: how it builds on the root's own configuration.
ROOTS = ("root.nix", "flake-root.nix", "system.nix")


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
    """Salt's file roots, through the functions of Salt (``__salt__``).

    :param places: the directories that are file roots of this machine
    """

    salt: Mapping[str, Callable[..., Any]]
    places: tuple[str, ...] = ()

    def read(self, source: str) -> bytes:
        """The content of a file.

        :param source: a ``salt://`` address
        :raises CommandExecutionError: there is no such file, or it is no plain one of bounded size
        """
        try:
            self._look(source)
            path = self.salt["cp.cache_file"](source)
            if not path:
                raise Unfit("is not among Salt's files")
            return files.read(Path(path), MOST)
        except Unfit as why:
            raise CommandExecutionError(f"{source} {why}") from why

    def _look(self, source: str) -> None:
        """Where the file is in a directory of this machine, it is fit to be copied by Salt.

        :raises Unfit: it is not
        """
        relative = source.removeprefix("salt://")
        found = (Path(place) / relative for place in self.places)
        path = next((path for path in found if os.path.lexists(path)), None)
        if path is not None:
            with files.opened(path, MOST):
                pass

    def why_not(self, source: str) -> tuple[str, int]:
        """Why the file cannot be sent to a root, empty if it can; and its bytes."""
        try:
            return "", len(self.read(source))
        except CommandExecutionError as error:
            return str(error.strerror).removeprefix(f"{source} "), 0

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
