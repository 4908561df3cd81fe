# SPDX-License-Identifier: MIT
"""From pillar, or the arguments of a state, to what is declared: the one way in.

Whatever comes in is bounded, then parsed, then checked by itself; a fleet is checked against
the machine after that, and only if nothing was wrong until then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from salt.exceptions import SaltInvocationError

from tesseraqt_lib.check import (
    borders,
    devices,
    machine,
    new_roots,
    nixos_only,
    ownership,
    roots,
    settings,
    trust,
)
from tesseraqt_lib.check import fleet as check_fleet
from tesseraqt_lib.check import qube as check_qube
from tesseraqt_lib.check.facts import Observed
from tesseraqt_lib.declare import parse
from tesseraqt_lib.declare.size_limit import bounded
from tesseraqt_lib.fleet import disposables
from tesseraqt_lib.guest.printable import cleaned
from tesseraqt_lib.model import Chain, Fleet, Qube, Restarts, RunningSystem, Settings, System
from tesseraqt_lib.policy import rules
from tesseraqt_lib.policy.rules import Rule
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.run.session import Run

#: Where the context has the fleet of this run.
CHECKED = "tesseraqt.checked"

Wanted = TypeVar("Wanted")


def checked(run: Run, pillar: Mapping[str, Any]) -> tuple[Fleet, Problems]:
    """The fleet that the pillar of the minion declares, and what is wrong with it.

    A run that renders several SLS files validates the same pillar once.

    :param pillar: ``__pillar__``
    """
    if errors := pillar.get("_errors"):
        return Fleet(), not_rendered(errors)
    raw = pillar.get("tesseraqt")
    key = (repr(raw), id(run.dom0))
    if run.context.get(CHECKED, (None,))[0] != key:
        run.context[CHECKED] = (key, *fleet(run, raw))
    _, declared, problems = run.context[CHECKED]
    return declared, problems


def fleet(run: Run, raw: Any) -> tuple[Fleet, Problems]:
    """The declared fleet, and all that is wrong with it.

    :param raw: pillar below ``tesseraqt``; ``None`` if there is none
    """
    problems = Problems()
    if raw is None:
        problems.warn("tesseraqt", "is not in pillar; does a top.sls name it for dom0?")
    declared = alone(raw, problems)
    if problems.found:
        return declared, problems
    against_machine(run, declared, problems)
    return disposables.inherited(declared), problems


def with_warnings(run: Run, pillar: Mapping[str, Any]) -> tuple[Fleet, Problems]:
    """The same as ``checked``, with what only a person can judge, and only a longer look shows.

    :param pillar: ``__pillar__``
    """
    declared, problems = checked(run, pillar)
    told = replace(problems, warnings=[*problems.warnings])
    if not told.found:
        borders.disposables(Observed(declared, run.dom0), told)
        devices.kinds(declared, run.dom0, told)
    return declared, told


def alone(raw: Any, problems: Problems) -> Fleet:
    """The declared fleet, and all that is wrong with it without a look at the machine."""
    declared = parse.fleet(bounded(raw, "", problems), problems)
    check_fleet.check(declared, problems)
    return declared


def against_machine(run: Run, declared: Fleet, problems: Problems) -> None:
    """All that is wrong with a fleet on this machine; it looks, and changes nothing."""
    machine.check(declared, run.dom0, problems)
    ownership.check(declared, run.dom0, problems)
    settings.check(declared, run.dom0, problems)
    devices.check(declared, run.dom0, problems)
    nixos_only.check_observed(declared, run.dom0, problems)
    new_roots.check(declared, run.dom0, problems)
    roots.files(declared, run.files.there, problems)
    trust.check(Observed(declared, run.dom0), problems)
    borders.wires(Observed(declared, run.dom0), problems)
    roots.check(declared, run.dom0, problems)


def not_rendered(errors: list[Any]) -> Problems:
    """The problems of a pillar that Salt could not render."""
    problems = Problems()
    for error in errors:
        problems.add("", f"pillar itself does not render: {cleaned(str(error).encode())}")
    return problems


def valid(run: Run, pillar: Mapping[str, Any]) -> Fleet:
    """The declared fleet.

    :param pillar: ``__pillar__``
    :raises SaltInvocationError: something is wrong with it; the message tells all of it
    """
    declared, problems = checked(run, pillar)
    refuse(problems)
    return declared


def accepted(read: Callable[[Problems], Wanted]) -> Wanted:
    """What ``read`` makes of the arguments of a state.

    :raises SaltInvocationError: something is wrong with them; the message tells all of it
    """
    problems = Problems()
    wanted = read(problems)
    refuse(problems)
    return wanted


def refuse(problems: Problems) -> None:
    """Nothing is wrong.

    :raises SaltInvocationError: something is; the message tells all of it
    """
    if problems.found:
        raise SaltInvocationError(problems.text())


def present(name: Any, raw: Mapping[str, Any], problems: Problems) -> Qube:
    """The qube that the arguments of the state ``present`` declare."""
    declared = parse.declaration(name, bounded(raw, "", problems), problems)
    check_qube.check(declared, problems)
    return declared


def absent(name: Any, raw: Mapping[str, Any], problems: Problems) -> Qube:
    """The qube that the arguments of the state ``absent`` declare."""
    return parse.absent(name, bounded(raw, "", problems), problems)


def restarted(name: Any, raw: Mapping[str, Any], problems: Problems) -> RunningSystem:
    """What the arguments of the state ``restarted`` declare a qube to run."""
    return parse.restarted(name, bounded(raw, "", problems), problems)


def chain(raw: Mapping[str, Any], problems: Problems) -> Chain:
    """The qubes that the arguments of a state about several qubes name."""
    return parse.chain(bounded(raw, "", problems), problems)


def restarts(raw: Mapping[str, Any], problems: Problems) -> Restarts:
    """What the arguments of the state ``halted_for_restart`` declare."""
    return parse.restarts(bounded(raw, "", problems), problems)


def deployment(raw: Mapping[str, Any], jobs: Any, problems: Problems) -> tuple[System, int]:
    """How the arguments of ``deployed`` have a root built and activated, and how many at once."""
    return parse.deployment(bounded(raw, "", problems), jobs, problems)


def document(raw: Any, problems: Problems) -> Mapping[str, Any]:
    """What the argument ``system`` of ``deployed`` says: data, or JSON of such."""
    return parse.document(bounded(raw, "system", problems), problems)


def global_properties(raw: Any, problems: Problems) -> Settings:
    """The global properties that the arguments of the state ``globals`` declare."""
    return parse.global_properties(bounded(raw, "prefs", problems), problems)


def policy_rules(raw: Any, problems: Problems) -> tuple[Rule, ...]:
    """The rules that the arguments of the states of policy declare."""
    said = [] if raw in (None, ()) else raw
    return rules.declared(bounded(said, "rules", problems, list), problems)
