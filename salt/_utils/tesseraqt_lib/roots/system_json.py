# SPDX-License-Identifier: MIT
"""The fleet as the NixOS modules read it: one document for each root, pure.

A root is a template, or a qube with a root volume of its own. Its document holds every
container of every qube that runs it, once, and does not say which qubes those are: which
containers start where is decided by service flags, without anything being built.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.fleet import roots
from tesseraqt_lib.model import Fleet, System


def system_json(fleet: Fleet, root: str) -> str:
    """``system.json`` of the root: the same bytes whenever the same is declared."""
    return json_text(document(fleet, root))


def json_text(said: Mapping[str, Any]) -> str:
    """A document as it is sent."""
    return json.dumps(said, sort_keys=True, indent=2) + "\n"


def document(fleet: Fleet, root: str) -> dict[str, Any]:
    """What the module is told of the root: its containers, and what is said of itself."""
    containers = {
        name: options(fleet.containers[name]) for name in roots.containers_on(fleet, root)
    }
    itself = fleet.all[root].nixos
    return {"containers": containers, **({"root": options(itself.declared)} if itself else {})}


def options(declared: Mapping[str, Any]) -> dict[str, Any]:
    """What the module is told of a container: as declared, its defaults left to the module."""
    said = dict(declared)
    for key in ("consumes", "state", "users"):
        if isinstance(said.get(key), Mapping):
            said[key] = {inner: value or {} for inner, value in said[key].items()}
    if "modules" in said:
        said["modules"] = [module(source) for source in said["modules"]]
    return said


def places(said: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every module that a document names, by its path in the document.

    :param said: a document, of which each part is a map
    """
    parts = {f"containers.{name}": one for name, one in said.get("containers", {}).items()}
    for path, one in {**parts, "root": said.get("root", {})}.items():
        named = one.get("modules", [])
        for index, place in enumerate(named if isinstance(named, list) else [named]):
            yield f"{path}.modules[{index}]", place


def modules(fleet: Fleet, root: str) -> dict[str, str]:
    """The user's own NixOS modules that the root needs: the place in its tree, and the source."""
    itself = fleet.all[root].nixos
    said = [fleet.containers[name] for name in roots.containers_on(fleet, root)]
    said += [itself.declared] if itself else []
    sources = {source for one in said for source in one.get("modules", ())}
    return {module(source): source for source in sorted(sources)}


def configuration(fleet: Fleet, root: str) -> str:
    """Which one of the root's own configurations its system is built on."""
    return (fleet.all[root].nixos or System()).configuration


def module(source: str) -> str:
    """Where a module from ``source`` stands in a tree: always there, whatever else is declared.

    Nothing of its path is told but its last part.
    """
    number = hashlib.sha256(source.encode("utf-8")).hexdigest()[:8]
    stem = source.rpartition("/")[2].removesuffix(".nix")
    plain = re.sub(r"[^A-Za-z0-9._-]", "-", stem).strip(".") or "module"
    return f"modules/{number}-{plain[:100]}.nix"


def fingerprints(
    document: Mapping[str, Any], ours: Mapping[str, bytes], theirs: Mapping[str, bytes]
) -> dict[str, str]:
    """A word for all that each part of a root is made from: another word, another part.

    :param document: its ``system.json``
    :param ours: the formula's NixOS modules, by name
    :param theirs: the user's modules, by their places in the tree
    :returns: by container, and for the root itself below ``qube``
    """
    said = {**document.get("containers", {}), words.ITSELF: document.get("root", {})}
    return {name: fingerprint(one, ours, theirs) for name, one in sorted(said.items())}


def fingerprint(
    said: Mapping[str, Any], ours: Mapping[str, bytes], theirs: Mapping[str, bytes]
) -> str:
    """The word for one part: what is said of it, and the files that it is made with."""
    own = {place: theirs[place] for place in said.get("modules", ())}
    made_from = json.dumps([said, hashes(ours), hashes(own)], sort_keys=True)
    return hashlib.sha256(made_from.encode("utf-8")).hexdigest()[:12]


def hashes(files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Each file and the sha256 of its content, in their order."""
    return sorted((name, hashlib.sha256(content).hexdigest()) for name, content in files.items())
