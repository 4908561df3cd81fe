# SPDX-License-Identifier: MIT
"""Option data of a root that is about what tesseraqt makes of its containers.

The modules refuse it too, whatever way it comes in (``files/nixos/untouched.nix``); here it is told
before anything is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tesseraqt_lib.check.references import path_of
from tesseraqt_lib.model import Fleet
from tesseraqt_lib.problems import Problems, joined


def check(declared: Fleet, problems: Problems) -> None:
    """No data of a root says anything of a declared container, or of tesseraqt's own options."""
    for name, qube in declared.all.items():
        config = qube.nixos.declared.get("config", {}) if qube.nixos else {}
        for key, names in options(config):
            place = joined(f"{path_of(declared, name)}.nixos.config", key)
            if names[0] == "tesseraqt":
                problems.add(place, "is tesseraqt's own: declare `containers:` and `nixos:`")
            elif names[0] == "containers" and names[-1] in declared.containers:
                problems.add(place, f"is about a container: declare it in `containers.{names[-1]}`")


def options(config: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Where data says something, and of which option, by its first two names at most.

    A key of the first level is a path, deeper ones are names.
    """
    for key, value in config.items():
        names = tuple(key.split("."))
        if len(names) == 1 and isinstance(value, Mapping):
            yield from ((joined(key, inner), (key, inner)) for inner in value)
        else:
            yield key, names[:2]
