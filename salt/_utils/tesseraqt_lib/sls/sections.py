# SPDX-License-Identifier: MIT
"""What a whole fleet compiles to: sections of Salt states, each with an SLS file of its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.policy.plan import Found
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.sls import policy as sls_policy
from tesseraqt_lib.sls import power as sls_power
from tesseraqt_lib.sls import qubes as sls_qubes
from tesseraqt_lib.sls import roots
from tesseraqt_lib.sls.seen import Seen
from tesseraqt_lib.sls.state import State, id_of

SECTIONS = (
    *("policy_narrowed", "templates", "qubes", "globals", "absent"),
    *("roots", "restarts", "policy", "power", "released"),
)


def invalid(section: str, problems: Problems) -> list[State]:
    """The one state that a section of a wrong declaration compiles to: it fails, first of all.

    Raising while SLS renders would do too, but Salt then logs a traceback for each file.
    """
    said = {"problems": problems.text(), "failhard": True, "order": "first"}
    return [validity(section, said)]


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
) -> dict[str, list[State]]:
    """The states of every section.

    :param found: the qubes that are to go, as they are on the machine: who names whom among
        them decides which one can go first
    :param fingerprints: what the parts of a root are made from, by the name of the root
    :param policy: the policy file of the machine
    :param seen: the declared qubes as they are on the machine
    """
    inner = {
        **sls_qubes.qubes(fleet, seen),
        "globals": list(sls_power.early_globals(fleet, seen)),
        "absent": sls_qubes.absent_states(fleet, found),
        "roots": roots.root_states(fleet),
        "restarts": roots.restart_states(fleet, fingerprints, seen),
    }
    whole = sls_policy.around(inner, fleet, policy)
    return {section: whole[section] for section in SECTIONS}
