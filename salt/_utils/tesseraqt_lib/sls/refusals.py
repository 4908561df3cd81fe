# SPDX-License-Identifier: MIT
"""The states of qubes that are refused by what qubes say: each fails, and says why.

Whatever requires one of them is skipped then, and nothing else is. Only what a person declared
or dom0 knows speaks against a declaration as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping

from tesseraqt_lib.model import Fleet
from tesseraqt_lib.sls.state import State, id_of

#: That a qube goes is in no qube's power to refuse.
GOING = "absent"


def applied(
    compiled: Mapping[str, list[State]], fleet: Fleet, refused: Mapping[str, str]
) -> dict[str, list[State]]:
    """The sections, in which every state of a refused qube fails, and there is one at least.

    :param refused: why, by qube
    """
    told = {one.id for states in compiled.values() for one in states}
    found = {name: [refusal(one, refused) for one in states] for name, states in compiled.items()}
    for name in sorted(refused):
        section = "templates" if name in fleet.templates else "qubes"
        if id_of("qube", name) not in told:
            found[section].insert(0, failing(id_of("qube", name), name, refused[name]))
    return found


def refusal(state: State, refused: Mapping[str, str]) -> State:
    """The state, or that it is refused."""
    if state.name not in refused or state.function == GOING:
        return state
    return failing(state.id, state.name, refused[state.name])


def failing(id_: str, name: str, why: str) -> State:
    """The state that fails in place of another one."""
    return State(id_, "valid", name, {"problems": why})
