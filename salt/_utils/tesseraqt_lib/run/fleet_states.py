# SPDX-License-Identifier: MIT
"""What pillar compiles to on this machine: the Salt states of each section, and those of prune."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tesseraqt_lib import marks
from tesseraqt_lib.dom0 import inventory
from tesseraqt_lib.model import Fleet, Have, Qube
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.run import seen
from tesseraqt_lib.run.session import Run
from tesseraqt_lib.sls import qubes, sections
from tesseraqt_lib.sls.state import State

#: How a person says which qubes are to go.
CONFIRM = "name the qubes that are to go: state.apply tesseraqt.prune pillar='{\"prune\": [a, b]}'"
#: No more than this at once.
MOST = 1000


def section(run: Run, declared: Fleet, problems: Problems, name: str) -> list[State]:
    """The states of one section. If something is wrong, one that fails; before it, in the first
    section, policy is narrowed all the same."""
    if not problems.found:
        return every_section(run, declared, problems)[name]
    failing = sections.invalid(name, problems)
    if name != sections.SECTIONS[0]:
        return [failing]
    return [*sections.narrowed_first(declared, run.policy_file.look(), problems), failing]


def every_section(run: Run, declared: Fleet, problems: Problems) -> dict[str, list[State]]:
    """The states of a valid fleet by section, after the one that tells the warnings."""
    found = states(run, declared, problems)
    first = sections.SECTIONS[0]
    return {**found, first: [sections.valid(first, problems), *found[first]]}


def states(run: Run, declared: Fleet, problems: Problems) -> dict[str, list[State]]:
    """The states of the fleet, by section."""
    return sections.compiled(
        declared,
        leaving(run, declared.all.values()),
        lambda root: run.files.tree_of(declared, root).parts,
        run.policy_file.look(),
        seen.of_machine(run, declared, problems.refusals()),
        problems.refusals(),
    )


def prune(run: Run, declared: Fleet, problems: Problems, named: Any) -> list[State]:
    """The states after which those of the prunable qubes are gone that are named.

    :param named: what a person said, whatever that is; without a name nothing goes
    """
    if not problems.found:
        agreed(named, prunable(run, declared), problems)
    if problems.found:
        return [sections.invalid("prune", problems)]
    gone = {name: Qube(name, absent=True) for name in sorted(set(named))}
    removed = qubes.absent_states(Fleet(qubes=gone), leaving(run, gone.values()))
    last = sections.after_narrowing(removed, declared, run.policy_file.look())
    return [sections.valid("prune", problems), *last]


def agreed(named: Any, possible: Iterable[str], problems: Problems) -> None:
    """A person has named qubes that prune may take, and no others."""
    known = sorted(possible)
    if not isinstance(named, list) or not named:
        could = ", ".join(known) or "none"
        problems.add("prune", f"{CONFIRM}; qubes that could go: {could}")
    elif len(named) > MOST or not all(name in known for name in named):
        could = ", ".join(known) or "none"
        problems.add("prune", f"names a qube that cannot go so; those that could: {could}")


def prunable(run: Run, declared: Fleet) -> list[str]:
    """The qubes that tesseraqt made, that pillar no longer declares, and that are off.

    None at all where pillar declares none: then it is rather pillar that is gone. None that
    was adopted, is protected, or is a copy.
    """
    return [
        name
        for name, klass in sorted(run.dom0.classes().items() if declared.all else ())
        if name not in declared.all
        and klass != "AdminVM"
        and run.dom0.state(name) == "Halted"
        and marks.owner(name, run.dom0.tags(name)) == "made"
        and marks.PROTECTED not in run.dom0.tags(name)
    ]


def shown_prunable(run: Run, declared: Fleet) -> dict[str, dict[str, str]]:
    """What goes with each of the prunable qubes."""
    known = run.dom0.classes()
    return {
        name: {"class": known[name], "lost": ", ".join(inventory.lost_with(run.dom0, name))}
        for name in prunable(run, declared)
    }


def leaving(run: Run, declared: Iterable[Qube]) -> dict[str, Qube]:
    """The qubes that are to go, as the machine has them: whom they name decides their order."""
    there = [run.dom0.look(qube) for qube in declared if qube.absent]
    return {have.name: as_declared(have) for have in there if have is not None}


def as_declared(have: Have) -> Qube:
    """What a qube names, as if it had been declared so."""
    explicit = {name: value.text for name, value in have.prefs.items() if not value.default}
    return Qube(have.name, template=have.template or None, prefs=explicit)
