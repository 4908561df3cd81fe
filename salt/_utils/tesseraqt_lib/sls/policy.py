# SPDX-License-Identifier: MIT
"""The states around all others that keep policy in step with the wires.

First of all the file is narrowed to what is declared still; it is widened at the end, by each
wire whose ends are as declared. So whatever fails in between, it never allows a call that is not
declared, and what fails keeps nobody waiting but its own wires.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from tesseraqt_lib.fleet import roots as fleet_roots
from tesseraqt_lib.model import Fleet
from tesseraqt_lib.policy import plan
from tesseraqt_lib.policy import rules as policy_rules
from tesseraqt_lib.policy.plan import Found
from tesseraqt_lib.policy.rules import Rule
from tesseraqt_lib.sls.state import State, id_of

NARROWED, POLICY = id_of("policy", "narrowed"), id_of("policy")
#: The wires of qubes that get their netvm only once that runs.
LATER = id_of("policy", "later")
#: The sections that come before policy is widened; ``policy.sls`` includes them.
BEFORE = ("templates", "qubes", "roots", "restarts")
#: Why the wires stay where nothing is declared: a pillar that is lost is no wish.
KEPT = (
    "pillar declares no qube, and {path} still allows wires: they stay. To take all of them away,"
    " whatever pillar says: qubesctl state.single tesseraqt.policy_narrowed all"
)


def narrowing(fleet: Fleet, found: Found, blamed: Collection[str] = ()) -> list[State]:
    """The state that comes first of all, if there is anything that it could be about.

    :param blamed: the paths at which something is wrong with the declaration
    """
    rules = policy_rules.rules(fleet, blamed)
    if not fleet.qubes:
        kept = {"problems": KEPT.format(path=found.path)}
        return [State(NARROWED, "valid", NARROWED, kept)] if plan.allows(found) else []
    if not rules and not ours(found):
        return []
    said = {"rules": [rule.data() for rule in rules]}
    return [State(NARROWED, "policy_narrowed", NARROWED, said)]


def around(
    compiled: Mapping[str, list[State]], fleet: Fleet, found: Found
) -> dict[str, list[State]]:
    """The sections of a fleet with ``policy_narrowed`` before them and ``policy`` after them.

    There are no such states where neither a wire between qubes is declared nor a file of
    tesseraqt's is left. What a rule names waits for the narrowing.
    """
    first = narrowing(fleet, found)
    if not first:
        return {"policy_narrowed": [], **compiled, "policy": [], "policy_later": []}
    rules = policy_rules.rules(fleet)
    names = names_in(found) | ends_of(rules)
    waiting = {name: waiting_for(states, names) for name, states in compiled.items()}
    last, later = widening(waiting, fleet, rules) if fleet.qubes else ([], [])
    return {"policy_narrowed": first, **waiting, "policy": last, "policy_later": later}


def widening(
    compiled: Mapping[str, list[State]], fleet: Fleet, rules: Collection[Rule]
) -> tuple[list[State], list[State]]:
    """The state that comes after all that the ends of wires need, and one that comes after the
    netvms run, if an end is given its own only then."""
    before = [one for section in BEFORE for one in compiled.get(section, ())]
    needs = needed_by(sorted(ends_of(rules)), before, fleet)
    attached = attached_later(needs, compiled.get("power", ()), fleet)
    if not attached:
        return [widened(POLICY, rules, needs)], []
    later = [rule for rule in rules if {rule.source, rule.target} & attached.keys()]
    whole = {end: [*ids, *attached.get(end, ())] for end, ids in needs.items()}
    return [widened(POLICY, rules, needs, later)], [widened(LATER, rules, whole)]


def attached_later(
    ends: Iterable[str], power: Iterable[State], fleet: Fleet
) -> dict[str, list[str]]:
    """By end of a wire, the state after which it has the netvm that is declared: its own, or the
    default one where it declares none."""
    own = {one.name: one.id for one in power if one.function == "present"}
    default = [one.id for one in power if one.function == "globals"]
    follows = {end for end in ends if fleet.all[end].prefs.get("netvm") is None}
    return {
        end: [own[end]] if end in own else default
        for end in ends
        if end in own or (default and end in follows)
    }


def widened(
    id_: str, rules: Iterable[Rule], needs: dict[str, list[str]], later: Iterable[Rule] = ()
) -> State:
    """The state after which policy allows these rules but for those that come later."""
    postponed = [rule.data() for rule in later]
    said = {
        "rules": [rule.data() for rule in rules],
        "needs": needs,
        **({"later": postponed} if postponed else {}),
    }
    needed = dict.fromkeys(one for ids in needs.values() for one in ids)
    return State(id_, "policy", id_, said, (NARROWED,), after=(NARROWED, *needed))


def needed_by(ends: Iterable[str], before: Iterable[State], fleet: Fleet) -> dict[str, list[str]]:
    """By end of a wire, the states about it, and the one about the system that it runs."""
    ids: dict[str, list[str]] = {}
    for one in before:
        ids.setdefault(one.name, []).append(one.id)
    systems = {end: id_of("root", fleet_roots.root_of(fleet.all, end)) for end in ends}
    there = {id_ for found in ids.values() for id_ in found}
    return {
        end: list(dict.fromkeys((*ids.get(end, ()), *([system] if system in there else []))))
        for end, system in systems.items()
    }


def ends_of(rules: Iterable[Rule]) -> set[str]:
    """The qubes that the rules are about."""
    return {end for rule in rules for end in (rule.source, rule.target)}


def ours(found: Found) -> bool:
    """Whether there is a policy file of tesseraqt's."""
    return found.text is not None and not found.refusal


def waiting_for(states: Iterable[State], names: Collection[str]) -> list[State]:
    """The states, of which those about one of ``names`` come after the narrowing."""
    return [
        replace(one, requires=(*one.requires, NARROWED)) if one.name in names else one
        for one in states
    ]


def names_in(found: Found) -> set[str]:
    """The qubes that the rules of the file are about."""
    return {word for line in found.rules for word in line.split()[2:4]}
