# SPDX-License-Identifier: MIT
"""The states around all others that keep policy in step with the wires, and their plans.

First of all the file is narrowed to what is declared still; it is widened at the end, and
only if the qubes at both ends of every wire are as declared. So whatever fails in between,
it never allows a call that is not declared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tesseraqt_lib import order, policy, policyfile
from tesseraqt_lib.model import Fleet, Plan
from tesseraqt_lib.policy import Rule
from tesseraqt_lib.policyfile import Found, PolicyFile
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.states import State

NARROWED, WIRED = "tesseraqt-policy-narrowed", "tesseraqt-policy"
#: The sections that come before policy is widened; ``policy.sls`` includes them.
BEFORE = ("templates", "qubes", "systems", "current")
#: What a test run would have made of the file by now.
FORETOLD = "tesseraqt.policy"
DECIDE: Mapping[str, Callable[[tuple[Rule, ...], Found], Plan]] = {
    "narrowed": policyfile.narrowed,
    "wired": policyfile.exactly,
}


def around(
    compiled: Mapping[str, list[State]], fleet: Fleet, found: Found
) -> dict[str, list[State]]:
    """The sections of a fleet with ``narrowed`` before them and ``policy`` after them.

    There are no such states where neither a wire between qubes is declared nor a file of
    tesseraqt's is left. What a rule names waits for the narrowing.
    """
    rules = policy.rules(fleet)
    ours = found.text is not None and not found.refusal
    if not rules and not ours:
        return {"narrowed": [], **compiled, "policy": []}
    said = {"rules": [rule.data() for rule in rules]}
    ends = {end for rule in rules for end in (rule.source, rule.target)}
    waiting = {name: waiting_for(states, named(found) | ends) for name, states in compiled.items()}
    roots = {order.root_of(fleet.all, end) for end in ends}
    before = [one for section in BEFORE for one in waiting.get(section, ())]
    needed = [one.id for one in before if is_end(one, ends, roots)]
    return {
        "narrowed": [State(NARROWED, "narrowed", "policy", said)],
        **waiting,
        "policy": [State(WIRED, "wired", "policy", said, (NARROWED, *needed))],
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


def named(found: Found) -> set[str]:
    """The qubes that the rules of the file are about."""
    return {word for line in found.rules for word in line.split()[2:4]}


def plan(
    context: dict[str, Any], opts: Mapping[str, Any], function: str, rules: tuple[Rule, ...]
) -> Plan:
    """The steps of one of the two states; a test run counts them as done from then on."""
    test = bool(opts["test"])
    found = context.get(FORETOLD) if test else None
    found = door(opts).look() if found is None else found
    decided = DECIDE[function](rules, found)
    if test:
        context[FORETOLD] = policyfile.after(found, decided)
    return decided


def planned(context: dict[str, Any], opts: Mapping[str, Any], state: State) -> Plan:
    """The steps of one compiled state."""
    rules = policy.declared(state.arguments["rules"], Problems())
    return plan(context, opts, state.function, rules)


def door(opts: Mapping[str, Any]) -> PolicyFile:
    """The file of the machine that Salt works on."""
    return PolicyFile(Path(opts["root_dir"]))
