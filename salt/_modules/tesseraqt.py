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

from typing import Any

from salt.exceptions import SaltInvocationError
from tesseraqt_lib.declare import schema
from tesseraqt_lib.fleet import roots
from tesseraqt_lib.model import Fleet
from tesseraqt_lib.problems import Problems, shown
from tesseraqt_lib.roots import system_json
from tesseraqt_lib.run import fleet_states, session, validate
from tesseraqt_lib.run.session import Run
from tesseraqt_lib.show import plan as show_plan
from tesseraqt_lib.show import status as show_status
from tesseraqt_lib.sls import sections

__virtualname__ = "tesseraqt"
__virtual__ = session.virtual
#: Printed by ``_output/tesseraqt.py`` unless ``--out`` says otherwise.
__outputter__ = {"plan": "tesseraqt", "status": "tesseraqt"}


def check() -> dict[str, Any]:
    """
    Everything that is wrong with the declaration in pillar, each with its path, and every qube
    that is not changed because of what it says of itself.

    Returns ``problems`` and ``warnings``, both lists of lines; the exit code is not 0
    when there are problems.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.check
    """
    _, problems = validate.with_warnings(_run(), __pillar__)
    found = problems.everything()
    if found:
        __context__["retcode"] = 1
    return {
        "problems": list(map(str, found)),
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
        raise SaltInvocationError(f"{shown(section)} is not one of: {', '.join(sections.SECTIONS)}")
    if section is not None:
        declared, problems = validate.checked_or_unseen(_run(), __pillar__)
        states = fleet_states.section(_run(), declared, problems, section)
        return [state.data() for state in states]
    declared, problems = _checked()
    validate.refuse(problems)
    compiled = fleet_states.every_section(_run(), declared, problems)
    return {name: [state.data() for state in states] for name, states in compiled.items()}


def plan() -> dict[str, Any]:
    """
    Every step of the next apply: what changes, from which value to which, and the command.

    Returns, by the id of its state, ``steps`` (each with ``what``, ``old``, ``new`` and
    ``argv``), or ``refused`` with the reasons why nothing would be done there, or ``skipped``
    where a state that it requires is refused; then the exit code is not 0. Nothing at all means
    that the machine is as declared; where nothing is declared at all, a note says so.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.plan
        qubesctl tesseraqt.plan --out=json
    """
    declared, problems = _checked()
    validate.refuse(problems, show_plan.of_policy(_run(), declared, problems))
    planned = show_plan.of_fleet(_run(), declared, problems)
    if any("refused" in one for one in planned.values()):
        __context__["retcode"] = 1
    return planned


def status() -> dict[str, Any]:
    """
    Declared against live, for the whole machine.

    Returns ``declared`` (by qube: ``converged``, ``drifted`` and how, ``missing``,
    ``unmanaged`` or ``absent``; with ``restart``, what it needs one for; and with ``failed``, if it
    runs and has containers, which of its units have failed, and which in a container), ``roots``
    (the qubes whose root volume holds a system, which are templates and standalone qubes:
    whether each has the declared NixOS, and which containers take back defaults of their
    hardening), ``undeclared`` (every other qube: whether tesseraqt owns it, what it says it
    runs, and whether that keeps the NixOS-only rule), and ``warnings``.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.status
        qubesctl tesseraqt.status --out=json
    """
    declared, problems = validate.with_warnings(_run(), __pillar__)
    validate.refuse(problems)
    return show_status.of_machine(_run(), declared, problems)


def prunable() -> dict[str, dict[str, str]]:
    """
    The qubes that ``state.apply tesseraqt.prune`` can remove, with what would be lost: those
    that tesseraqt made, that pillar does not declare any more, that are halted, and that are
    not protected. What was adopted, and what somebody copied, is not among them; nor is any
    qube where pillar declares none at all.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.prunable
    """
    declared, problems = _checked()
    validate.refuse(problems)
    return fleet_states.shown_prunable(_run(), declared)


def prune_states(prune: list[str] | None = None) -> list[dict[str, Any]]:
    """
    The states that ``state.apply tesseraqt.prune`` consists of.

    prune
        the names of qubes that are to go, each of which ``tesseraqt.prunable`` lists; without
        any, or with another one, it is one state that fails and says so

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.prune_states '[old-work]'
        qubesctl state.apply tesseraqt.prune pillar='{"prune": [old-work]}'
    """
    states = fleet_states.prune(_run(), *_checked(), prune)
    return [state.data() for state in states]


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
    root = validate.qube_name(root)
    declared = validate.valid(_run(), __pillar__)
    if why := roots.unknown_root(declared, root):
        raise SaltInvocationError(why)
    return system_json.system_json(declared, root)


def schema_json() -> dict[str, Any]:
    """
    The JSON Schema of the pillar below ``tesseraqt``, for editors.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.schema_json --out=json
    """
    return schema.json_schema()


def _run() -> Run:
    """What this run of Salt shares."""
    return Run(__context__, __opts__, __salt__)


def _checked() -> tuple[Fleet, Problems]:
    """The declared fleet, and what is wrong with it."""
    return validate.checked(_run(), __pillar__)
