# SPDX-License-Identifier: MIT
"""The states around all others that keep policy in step with the wires.

First of all the file is narrowed to what is declared still; it is widened at the end, and
only if the qubes at both ends of every wire are as declared. So whatever fails in between,
it never allows a call that is not declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tesseraqt_lib.fleet import roots as fleet_roots
from tesseraqt_lib.model import Fleet
from tesseraqt_lib.policy import rules as policy_rules
from tesseraqt_lib.policy.plan import Found
from tesseraqt_lib.sls.state import State, id_of

NARROWED, POLICY = id_of("policy", "narrowed"), id_of("policy")
#: The sections that come before policy is widened; ``policy.sls`` includes them.
BEFORE = ("templates", "qubes", "roots", "restarts")


def around(
    compiled: Mapping[str, list[State]], fleet: Fleet, found: Found
) -> dict[str, list[State]]:
    """The sections of a fleet with ``policy_narrowed`` before them and ``policy`` after them.

    There are no such states where neither a wire between qubes is declared nor a file of
    tesseraqt's is left. What a rule names waits for the narrowing.
    """
    rules = policy_rules.rules(fleet)
    ours = found.text is not None and not found.refusal
    if not rules and not ours:
        return {"policy_narrowed": [], **compiled, "policy": []}
    said = {"rules": [rule.data() for rule in rules]}
    ends = {end for rule in rules for end in (rule.source, rule.target)}
    waiting = {
        name: waiting_for(states, names_in(found) | ends) for name, states in compiled.items()
    }
    roots = {fleet_roots.root_of(fleet.all, end) for end in ends}
    before = [one for section in BEFORE for one in waiting.get(section, ())]
    needed = [one.id for one in before if is_end(one, ends, roots)]
    return {
        "policy_narrowed": [State(NARROWED, "policy_narrowed", NARROWED, said)],
        **waiting,
        "policy": [State(POLICY, "policy", POLICY, said, (NARROWED, *needed))],
    }


def is_end(state: State, ends: set[str], roots: set[str]) -> bool:
    """Whether the state is about the end of a wire, or about the system that it runs."""
    return state.name in ends or (state.function == "deployed" and state.name in roots)


def waiting_for(states: list[State], names: set[str]) -> list[State]:
    """The states, of which those about one of ``names`` come after the narrowing."""
    return [
        replace(one, requires=(*one.requires, NARROWED)) if one.name in names else one
        for one in states
    ]


def names_in(found: Found) -> set[str]:
    """The qubes that the rules of the file are about."""
    return {word for line in found.rules for word in line.split()[2:4]}
