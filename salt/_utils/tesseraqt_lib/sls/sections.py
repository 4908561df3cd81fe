# SPDX-License-Identifier: MIT
"""What a whole fleet compiles to: sections of Salt states, each with an SLS file of its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.policy.plan import Found
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.sls import policy as sls_policy
from tesseraqt_lib.sls import power as sls_power
from tesseraqt_lib.sls import qubes as sls_qubes
from tesseraqt_lib.sls import refusals as sls_refusals
from tesseraqt_lib.sls import roots
from tesseraqt_lib.sls.seen import Seen
from tesseraqt_lib.sls.state import State, id_of

#: Before any order that a person would write, which are whole numbers from 1 on; after "first".
SECOND = 0.5
SECTIONS = (
    *("policy_narrowed", "templates", "qubes", "globals", "absent"),
    *("roots", "restarts", "policy", "power", "policy_later", "released"),
)


def invalid(section: str, problems: Problems) -> State:
    """The state that a section of a wrong declaration compiles to: it fails, and whatever would
    come later does not run. Of tesseraqt's own, only the narrowing of policy comes before it.

    Raising while SLS renders would do too, but Salt then logs a traceback for each file.
    """
    text = problems.text("no qube was changed")
    return validity(section, {"problems": text, "failhard": True, "order": SECOND})


def narrowed_first(fleet: Fleet, policy: Found, problems: Problems) -> list[State]:
    """The state that takes away what a wrong declaration has no more, as far as that is known."""
    return [
        replace(one, arguments={**one.arguments, "order": "first"})
        for one in sls_policy.narrowing(fleet, policy, problems.blamed)
    ]


def after_narrowing(removed: list[State], fleet: Fleet, policy: Found) -> list[State]:
    """The states, of which those about qubes that policy names come after the narrowing."""
    narrowing = sls_policy.narrowing(fleet, policy)
    return sls_policy.waiting_for(removed, sls_policy.names_in(policy)) if narrowing else removed


def valid(section: str, problems: Problems) -> State:
    """The state that says what to beware of. It also is there when nothing else is declared,
    for Salt counts a run without any state as failed."""
    warnings = [str(warning) for warning in sorted(set(problems.warnings))]
    said = {"warnings": warnings} if warnings else {}
    return validity(section, said)


def validity(section: str, said: Mapping[str, Any]) -> State:
    """The state ``valid`` of a section, with these arguments."""
    id_ = id_of("declaration", section)
    return State(id_, "valid", id_, said)


def compiled(
    fleet: Fleet,
    found: Mapping[str, Qube],
    fingerprints: roots.Fingerprints,
    policy: Found,
    seen: Seen,
    refused: Mapping[str, str],
) -> dict[str, list[State]]:
    """The states of every section.

    :param found: the qubes that are to go, as they are on the machine: who names whom among
        them decides which one can go first
    :param fingerprints: what the parts of a root are made from, by the name of the root
    :param policy: the policy file of the machine
    :param seen: the declared qubes as they are on the machine
    :param refused: the qubes that are not changed, and why
    """
    inner = {
        **sls_qubes.qubes(fleet, seen),
        "globals": list(sls_power.early_globals(fleet, seen)),
        "absent": sls_qubes.absent_states(fleet, found),
        "roots": roots.root_states(fleet),
        "restarts": roots.restart_states(fleet, fingerprints, seen),
    }
    whole = sls_policy.around(sls_refusals.applied(inner, fleet, refused), fleet, policy)
    return {section: whole[section] for section in SECTIONS}
