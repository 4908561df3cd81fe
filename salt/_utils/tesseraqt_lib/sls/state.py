# SPDX-License-Identifier: MIT
"""One Salt state as SLS has it, and the IDs of states.

An ID is ``tesseraqt/qube/NAME``, ``tesseraqt/root/NAME`` and so on. No name of a qube has a
slash in it, so that whatever qubes are called, no two states have the same ID, and none has an
ID that is the name of another one: Salt's requisites match both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tesseraqt_lib.model import Qube


def id_of(*path: str) -> str:
    """The ID of a state: ``id_of("qube", "work")`` is ``tesseraqt/qube/work``."""
    return "/".join(("tesseraqt", *path))


@dataclass(frozen=True)
class State:
    """One state: what SLS writes down."""

    id: str
    function: str
    #: The qube that it is about; the ID again if it is about none.
    name: str
    arguments: Mapping[str, Any]
    requires: tuple[str, ...] = ()
    #: What the arguments were made from; what ``run.planning`` decides on.
    qube: Qube = field(default_factory=lambda: Qube(""))
    #: It comes after these, whatever became of them, as long as one of them succeeded.
    after: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """The state as data: its id, its function, and its arguments as Salt wants them."""
        named = [{"name": self.name}, *({key: value} for key, value in self.arguments.items())]
        for requisite, ids in (("require", self.requires), ("require_any", self.after)):
            if ids:
                named.append({requisite: [{"tesseraqt": id_} for id_ in ids]})
        return {"id": self.id, "function": self.function, "arguments": named}
