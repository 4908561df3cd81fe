# SPDX-License-Identifier: MIT
"""
What is declared, what is there, and what would be done.
========================================================

None of these functions changes anything: ``qubesctl state.apply tesseraqt`` does.

:depends: qubesadmin, which every dom0 has
:platform: Qubes OS dom0

.. versionadded:: 0.1.0
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

from salt.exceptions import SaltInvocationError

if TYPE_CHECKING:  # what Salt's loader puts into every module
    __context__: dict[str, Any]
    __opts__: dict[str, Any]
    __pillar__: dict[str, Any]
    __salt__: dict[str, Any]

__virtualname__ = "tesseraqt"
#: Printed by ``_output/tesseraqt.py`` unless ``--out`` says otherwise.
__outputter__ = {"plan": "tesseraqt", "status": "tesseraqt"}

try:
    from tesseraqt_lib import (
        converge,
        deploy,
        files,
        render,
        report,
        schema,
        sections,
        session,
        standing,
        states,
        systems,
        wiring,
    )
    from tesseraqt_lib.model import Fleet, Plan, Qube
    from tesseraqt_lib.printable import cleaned
    from tesseraqt_lib.problems import Problems

    MISSING = ""
except ImportError as error:
    MISSING = str(error)


def __virtual__() -> str | tuple[bool, str]:
    """These functions exist where Qubes' own Python does: in dom0."""
    return (False, f"tesseraqt works in dom0 only: {MISSING}") if MISSING else __virtualname__


def check() -> dict[str, Any]:
    """
    Everything that is wrong with the declaration in pillar, each with its path.

    Returns ``problems`` and ``warnings``, both lists of lines; the exit code is not 0
    when there are problems.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.check
    """
    _, problems = _checked()
    if problems.found:
        __context__["retcode"] = 1
    return {
        "problems": [str(problem) for problem in sorted(set(problems.found))],
        "warnings": [str(warning) for warning in sorted(set(problems.warnings))],
    }


def fleet(section: str | None = None) -> Any:
    """
    The Salt states that pillar compiles to, in their order.

    section
        the name of an SLS file (``templates``, ``qubes`` ...) for the states of this one as a
        list; all of them, by section, if none is given.

    If the declaration has problems, a section consists of one state that fails with all of
    them before anything else runs, and the whole raises an invocation error.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.fleet
        qubesctl tesseraqt.fleet qubes --out=json
    """
    if section is not None and section not in sections.SECTIONS:
        raise SaltInvocationError(f"{section!r} is not one of: {', '.join(sections.SECTIONS)}")
    declared, problems = _checked()
    if problems.found and section is None:
        raise SaltInvocationError(problems.text())
    if problems.found:
        return [state.data() for state in sections.unsound(str(section), problems)]
    compiled = _compiled(declared)
    first = sections.SECTIONS[0]
    compiled[first].insert(0, sections.sound(first, problems))
    data = {name: [state.data() for state in found] for name, found in compiled.items()}
    return data if section is None else data[section]


def plan() -> dict[str, Any]:
    """
    Every step of the next apply: what changes, from which value to which, and the command.

    Returns, by the id of its state, ``steps`` (each with ``what``, ``old``, ``new`` and
    ``argv``), or ``refused`` with the reasons why nothing would be done there, or ``skipped``
    where a state that it requires is refused; then the exit code is not 0. Nothing at all means
    that the machine is as declared.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.plan
        qubesctl tesseraqt.plan --out=json
    """
    opts, context = {**__opts__, "test": True}, session.rehearsal(__context__, __opts__)
    every = itertools.chain.from_iterable(_compiled(_sound()).values())
    planned = report.planned(
        report.in_turn(every, functools.partial(_planned, context, opts)),
    )
    if any("refused" in one for one in planned.values()):
        __context__["retcode"] = 1
    return planned


def status() -> dict[str, Any]:
    """
    Declared against live, for the whole machine.

    Returns ``declared`` (by qube: ``converged``, ``drifted`` and how, ``missing``,
    ``unmanaged`` or ``absent``; and with ``restart``, what it needs one for), ``roots``
    (whether each has the declared NixOS, and which containers take back defaults of their
    hardening), ``undeclared`` (every other qube: whether tesseraqt owns it, what it says it
    runs, and whether that keeps the NixOS-only rule), and ``warnings``.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.status
        qubesctl tesseraqt.status --out=json
    """
    declared, problems = _checked()
    if problems.found:
        raise SaltInvocationError(problems.text())
    dom0 = session.dom0(__context__, __opts__)
    opts, context = {**__opts__, "test": True}, session.rehearsal(__context__, __opts__)
    sent = files.Files(__salt__)
    trees = {name: sent.tree_of(declared, name) for name in render.roots(declared)}
    found = {
        name: report.judged(qube, dom0.look(qube), session.intended(context, opts, qube))
        for name, qube in declared.all.items()
    }
    restarts = systems.current(declared, lambda root: trees[root].parts)
    return {
        "declared": report.with_restarts(found, session.outdated(context, opts, restarts)),
        "roots": {name: standing.root(declared, name, trees[name], _means()) for name in trees},
        "undeclared": report.undeclared(declared, dom0),
        "warnings": [str(warning) for warning in sorted(set(problems.warnings))],
    }


def prunable() -> list[dict[str, Any]]:
    """
    The states that ``state.apply tesseraqt.prune`` consists of: the removal of each qube
    that tesseraqt owns, that pillar does not declare any more, and that is halted.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.prunable
    """
    declared, problems = _checked()
    if problems.found:
        return [state.data() for state in sections.unsound(sections.SECTIONS[0], problems)]
    dom0 = session.dom0(__context__, __opts__)
    gone = {name: Qube(name, absent=True) for name in report.prunable(declared, dom0)}
    removed = Fleet(qubes=gone)
    going = states.farewells(removed, _found(removed))
    return [state.data() for state in (sections.sound("prune", problems), *going)]


def system(root: str) -> str:
    """
    What the NixOS of a root is told: its ``system.json``, the same bytes for the same pillar.

    root
        A template, or a qube with a root volume of its own, on which a declared qube has
        containers. The document holds each container of all of them once.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.system nixos --out=newline_values_only
    """
    declared = _sound()
    if why := render.unknown_root(declared, root):
        raise SaltInvocationError(why)
    return render.system(declared, root)


def schema_json() -> dict[str, Any]:
    """
    The JSON Schema of the pillar below ``tesseraqt``, for editors.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.schema_json --out=json
    """
    return schema.json_schema()


def _checked() -> tuple[Fleet, Problems]:
    """The declared fleet, and what is wrong with it; the machine is asked only if nothing is."""
    if errors := __pillar__.get("_errors"):
        problems = Problems()
        for error in errors:
            problems.add("", f"pillar itself does not render: {cleaned(str(error).encode())}")
        return Fleet(), problems
    there = files.Files(__salt__).there
    return session.checked(__context__, __opts__, __pillar__.get("tesseraqt"), there)


def _sound() -> Fleet:
    """The declared fleet, if nothing is wrong with it."""
    declared, problems = _checked()
    if problems.found:
        raise SaltInvocationError(problems.text())
    return declared


def _compiled(declared: Fleet) -> dict[str, list[states.State]]:
    """The states of the fleet, by section."""
    policy = wiring.door(__opts__).look()
    found, sent = _found(declared), files.Files(__salt__)
    return sections.compiled(
        declared, found, lambda root: sent.tree_of(declared, root).parts, policy
    )


def _planned(context: Any, opts: Any, state: states.State) -> Plan:
    """The steps of one compiled state."""
    if state.function in wiring.DECIDE:
        return wiring.planned(context, opts, state)
    if state.function != "deployed":
        return session.planned(context, opts, state)
    said = dict(state.arguments)
    on = said.get("configuration", "auto")
    tree = files.Files(__salt__).tree(said["system"], said["modules"], on)
    return Plan(state.name, tuple(deploy.steps(deploy.Root(state.name, tree), _means())))


def _means() -> deploy.Means:
    """What deployments work with."""
    dom0 = session.dom0(__context__, __opts__)
    return deploy.Means(dom0, files.Files(__salt__).script, deploy.PATIENCE)


def _found(declared: Fleet) -> dict[str, Qube]:
    """The qubes that are to go, as the machine has them: whom they name decides their order."""
    dom0 = session.dom0(__context__, __opts__)
    gone = {name: dom0.look(qube) for name, qube in declared.all.items() if qube.absent}
    return {name: converge.as_found(have) for name, have in gone.items() if have is not None}
