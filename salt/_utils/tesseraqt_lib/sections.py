# SPDX-License-Identifier: MIT
"""What a whole fleet compiles to: sections of Salt states, each with an SLS file of its name."""

from __future__ import annotations

from collections.abc import Mapping

from tesseraqt_lib import states, systems, wiring
from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.policyfile import Found
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.states import State

SECTIONS = (
    *("narrowed", "templates", "qubes", "globals", "absent"),
    *("systems", "current", "policy", "power"),
)


def unsound(section: str, problems: Problems) -> list[State]:
    """The one state that a section of a wrong declaration compiles to: it fails, first of all.

    Raising while SLS renders would do too, but Salt then logs a traceback for each file.
    """
    said = {"problems": problems.text(), "failhard": True, "order": "first"}
    return [State(f"tesseraqt-{section}-declaration", "sound", "declaration", said)]


def sound(section: str, problems: Problems) -> State:
    """The state that says what to beware of. It also is there when nothing else is declared,
    for Salt counts a run without any state as failed."""
    warnings = [str(warning) for warning in sorted(set(problems.warnings))]
    said = {"warnings": warnings} if warnings else {}
    return State(f"tesseraqt-{section}-declaration", "sound", "declaration", said)


def compiled(
    fleet: Fleet, found: Mapping[str, Qube], fingerprints: systems.Fingerprints, policy: Found
) -> dict[str, list[State]]:
    """The states of every section.

    :param found: the qubes that are to go, as they are on the machine: who names whom among
        them decides which one can go first
    :param fingerprints: what the parts of a root are made from, by the name of the root
    :param policy: the policy file of the machine
    """
    templates, qubes, power = states.qubes(fleet)
    inner = {
        "templates": templates,
        "qubes": qubes,
        "globals": list(states.global_state(fleet)),
        "absent": states.farewells(fleet, found),
        "systems": systems.systems(fleet),
        "current": systems.current(fleet, fingerprints),
        "power": power,
    }
    whole = wiring.around(inner, fleet, policy)
    return {section: whole[section] for section in SECTIONS}
