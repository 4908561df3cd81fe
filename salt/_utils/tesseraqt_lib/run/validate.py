# SPDX-License-Identifier: MIT
"""From pillar, or the arguments of a state, to what is declared: the one way in.

Whatever comes in is bounded, then parsed, then checked by itself; a fleet is checked against
the machine after that, and only if nothing was wrong until then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from salt.exceptions import CommandExecutionError, SaltInvocationError

from tesseraqt_lib.check import (
    borders,
    devices,
    files,
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
from tesseraqt_lib.check.facts import Observed, Told
from tesseraqt_lib.declare import parse
from tesseraqt_lib.declare.size_limit import bounded
from tesseraqt_lib.fleet import disposables
from tesseraqt_lib.fleet import roots as fleet_roots
from tesseraqt_lib.guest.printable import cleaned
from tesseraqt_lib.model import Chain, Fleet, Qube, Restarts, RunningSystem, Settings, System
from tesseraqt_lib.policy import rules
from tesseraqt_lib.policy.rules import Needs, Rule
from tesseraqt_lib.problems import Problems, as_lines
from tesseraqt_lib.roots import system_json
from tesseraqt_lib.run.session import Run

#: Where the context has the fleet of this run.
CHECKED = "tesseraqt.checked"

Wanted = TypeVar("Wanted")


def checked(run: Run, pillar: Mapping[str, Any]) -> tuple[Fleet, Problems]:
    """The fleet that the pillar of the minion declares, and what is wrong with it.

    A run that renders several SLS files validates the same pillar once. It is known by being the
    same object: to compare, hash or print it would be to read it before it is bounded.

    :param pillar: ``__pillar__``
    """
    if errors := pillar.get("_errors"):
        return Fleet(), not_rendered(errors)
    raw, dom0 = pillar.get("tesseraqt"), run.dom0
    found = run.context.get(CHECKED)
    if found is None or found[0] is not raw or found[1] is not dom0:
        found = run.context[CHECKED] = (raw, dom0, *fleet(run, raw))
    return found[2], found[3]


def checked_or_unseen(run: Run, pillar: Mapping[str, Any]) -> tuple[Fleet, Problems]:
    """The same for SLS files, where a machine that does not answer is a problem like others: if
    it were raised, nothing would run, and policy would not be narrowed.

    :param pillar: ``__pillar__``
    """
    try:
        return checked(run, pillar)
    except CommandExecutionError as error:
        problems = Problems()
        declared = alone(pillar.get("tesseraqt"), problems)
        problems.add("", f"the machine cannot be looked at: {error.strerror}")
        return declared, problems


def fleet(run: Run, raw: Any) -> tuple[Fleet, Problems]:
    """The declared fleet, and all that is wrong with it.

    :param raw: pillar below ``tesseraqt``; ``None`` if there is none
    """
    problems = Problems()
    if raw is None:
        problems.warn("tesseraqt", "is not in pillar; does a top.sls name it for dom0?")
    elif raw == {}:
        problems.warn("tesseraqt", "is empty: nothing is declared")
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
        borders.disposables(Told(declared, run.dom0), told)
        devices.kinds(declared, run.dom0, told)
    return declared, told


def alone(raw: Any, problems: Problems) -> Fleet:
    """The declared fleet, and all that is wrong with it without a look at the machine."""
    declared = parse.fleet(bounded(raw, "", problems), problems)
    check_fleet.check(declared, problems)
    if not problems.found:
        documents(declared, problems)
    return declared


def documents(declared: Fleet, problems: Problems) -> None:
    """What the roots are told is not too much for Salt, which holds all of it at once."""
    size = 0
    for root in fleet_roots.qubes_by_root(declared):
        if root in declared.all:
            size += len(system_json.system_json(declared, root))
    if size > parse.LONGEST_DOCUMENT:
        why = f"all roots together are told {size} characters, of {parse.LONGEST_DOCUMENT} at most"
        problems.add("containers", why)


def against_machine(run: Run, declared: Fleet, problems: Problems) -> None:
    """All that is wrong with a fleet on this machine; it looks, and changes nothing."""
    machine.check(declared, run.dom0, problems)
    ownership.check(declared, run.dom0, problems)
    settings.check(declared, run.dom0, problems)
    devices.check(declared, run.dom0, problems)
    nixos_only.check_observed(declared, run.dom0, problems)
    new_roots.check(declared, run.dom0, problems)
    files.modules(declared, run.files.why_not, problems)
    files.packages(declared, run.dom0, problems)
    trust.check(Observed(declared, run.dom0), problems)
    trust.check_told(Told(declared, run.dom0), problems)
    borders.wires(Observed(declared, run.dom0), problems)
    roots.check(declared, run.dom0, problems)


def not_rendered(errors: Any) -> Problems:
    """The problems of a pillar that Salt could not render.

    :param errors: what Salt says of it, unless the pillar has such a key of its own
    """
    problems = Problems()
    for error in as_lines(errors):
        said = cleaned(error.encode("utf-8", "replace"))
        problems.add("", f"pillar itself does not render: {said}")
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


def qube_name(raw: Any) -> str:
    """The name of a qube from the command line, in the shape that it has in pillar.

    :raises SaltInvocationError: it is none
    """
    return accepted(lambda problems: parse.known_name(raw, problems))


def refuse(problems: Problems, also: Iterable[str] = ()) -> None:
    """Nothing is wrong.

    :param also: more lines for the message
    :raises SaltInvocationError: something is; the message tells all of it
    """
    if problems.found:
        raise SaltInvocationError("\n".join((problems.text(), *also)))


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


@dataclass(frozen=True)
class Deployed:
    """What the arguments of the state ``deployed`` declare of a root."""

    name: str
    document: Mapping[str, Any]
    #: The sources of the user's own NixOS modules.
    modules: tuple[str, ...]
    how: System
    #: How many roots are worked on at once.
    jobs: int


def deployed(
    name: Any, said: Mapping[str, Any], how: Mapping[str, Any], problems: Problems
) -> Deployed:
    """What the arguments of the state ``deployed`` declare.

    :param said: ``system``, ``modules`` and ``jobs``
    :param how: how the root is built and activated
    """
    activation, jobs = parse.deployment(bounded(how, "", problems), said["jobs"], problems)
    modules = parse.modules(bounded(said["modules"], "modules", problems, list), problems)
    told = document(said["system"], problems)
    places = {system_json.module(source) for source in modules}
    for path, place in system_json.places(told):
        if place not in places:
            problems.value(f"system.{path}", place, "is the place of none of `modules`")
    return Deployed(parse.known_name(name, problems), told, modules, activation, jobs)


def document(raw: Any, problems: Problems) -> Mapping[str, Any]:
    """What the argument ``system`` of ``deployed`` says: data, or JSON of such."""
    said = parse.document(bounded(raw, "system", problems), problems)
    return parse.told(bounded(said, "system", problems), problems)


def global_properties(raw: Any, problems: Problems) -> Settings:
    """The global properties that the arguments of the state ``globals`` declare."""
    return parse.global_properties(bounded(raw, "prefs", problems), problems)


def policy_rules(raw: Any, problems: Problems) -> tuple[Rule, ...]:
    """The rules that the arguments of the states of policy declare."""
    said = [] if raw in (None, ()) else raw
    return rules.declared(bounded(said, "rules", problems, list), problems)


def policy_needs(raw: Any, problems: Problems) -> Needs:
    """What the arguments of the state ``policy`` say that the ends of its rules need."""
    return rules.needs(bounded(raw, "needs", problems), problems)
