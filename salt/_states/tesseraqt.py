# SPDX-License-Identifier: MIT
"""
Qubes as declared.
==================

Every state looks, decides, stops there with ``test=True``, acts, and looks again. What it
reports as changed is what was changed, on failure too.

:depends: qubesadmin, which every dom0 has
:platform: Qubes OS dom0

.. versionadded:: 0.1.0
"""

from __future__ import annotations

import functools
from typing import Any

import salt.utils.args
from tesseraqt_lib.dom0.machine import Machine
from tesseraqt_lib.problems import as_lines
from tesseraqt_lib.run import converge, planning, session, validate
from tesseraqt_lib.run.session import Run

__virtualname__ = "tesseraqt"
__virtual__ = session.virtual


def present(name: str, **declaration: Any) -> dict[str, Any]:
    """
    The qube exists and is as declared; what the declaration leaves open is left alone.

    name
        The qube.
    declaration
        The keys of a qube or template in pillar (docs/pillar.md): ``class``, ``template``,
        ``clone``, ``label``, ``prefs``, ``features``, ``services``, ``tags``, ``volumes``,
        ``firewall``, ``devices``, ``containers``, ``autostart``, ``restart``, ``adopt``; and
        ``existing: true`` for a template that is never made, only set. A value of ``null`` in
        a map means: as Qubes has it by default. ``running: false`` lets a change that needs it
        halt the qube for good; to halt or start it otherwise, write a state of its own.

    .. code-block:: yaml

        work:
          tesseraqt.present:
            - template: nixos
            - label: blue
            - prefs:
                netvm: sys-firewall
            - require:
              - tesseraqt: nixos
    """
    given = salt.utils.args.clean_kwargs(**declaration)
    read = functools.partial(validate.present, name, given)
    return converge.converged(_run(), name, read, planning.present)


def template_installed(name: str, **declaration: Any) -> dict[str, Any]:
    """
    The template exists and is as declared; it is installed if it is not there.

    name
        The template, as it is called in its repository.
    declaration
        The keys of a template in pillar; ``install`` says from where: ``{}`` for any
        enabled repository, ``{repository: …, version: …}``, or ``{rpm: …, sha256: …}``.

    .. code-block:: yaml

        nixos:
          tesseraqt.template_installed:
            - install:
                rpm: /root/qubes-template-nixos.rpm
                sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    """
    return present(name, **{"install": {}, **declaration, "class": "TemplateVM"})


def absent(name: str, **declaration: Any) -> dict[str, Any]:
    """
    There is no qube of this name. Its data is gone with it.

    Only a qube that tesseraqt made or adopted is removed, and only while it is halted.

    name
        The qube.
    declaration
        ``adopt: true`` to remove a qube that is not tesseraqt's, ``running: false`` to
        halt it first.

    .. code-block:: yaml

        old-work:
          tesseraqt.absent: []
    """
    given = salt.utils.args.clean_kwargs(**declaration)
    read = functools.partial(validate.absent, name, given)
    return converge.converged(_run(), name, read, planning.absent)


def running(name: str) -> dict[str, Any]:
    """
    The qube runs.

    name
        The qube.

    .. code-block:: yaml

        sys-vpn:
          tesseraqt.running: []
    """
    read = functools.partial(validate.present, name, {})
    return converge.converged(_run(), name, read, planning.running)


def halted(name: str) -> dict[str, Any]:
    """
    The qube is off. It is asked to shut down, and Qubes waits for it.

    name
        The qube.

    .. code-block:: yaml

        sys-vpn:
          tesseraqt.halted: []
    """
    read = functools.partial(validate.present, name, {})
    return converge.converged(_run(), name, read, planning.halted)


def globals(name: str, prefs: dict[str, Any] | None = None) -> dict[str, Any]:
    """
    The machine's own properties (``qubes-prefs``) are as declared.

    name
        Any word; it names the state only.
    prefs
        Properties by their Qubes names; ``null`` resets one to its default.

    .. code-block:: yaml

        machine:
          tesseraqt.globals:
            - prefs:
                default_netvm: sys-firewall
    """
    run, read = _run(), functools.partial(validate.global_properties, prefs or {})
    decide = planning.global_properties

    def act() -> converge.Outcome:
        return converge.outcome(run, "globals", read, decide, lambda: Machine(run.dom0))

    return converge.returned(name, act)


def valid(
    name: str, problems: str = "", warnings: list[str] | tuple[str, ...] = ()
) -> dict[str, Any]:
    """
    Nothing is wrong with the declaration in pillar. What ``tesseraqt.fleet`` puts before
    every fleet, and in place of one that has problems: then it fails and says all of them.

    name
        Any word; it names the state only.
    problems
        What is wrong, in lines of text; nothing if it is empty.
    warnings
        What to beware of, each a line.

    .. code-block:: yaml

        declaration:
          tesseraqt.valid: []
    """
    told = [f"beware: {warning}" for warning in as_lines(warnings)]
    wrong = "\n".join(as_lines(problems))
    comment = wrong or "\n".join(["the declaration is valid", *told])
    return {"name": name, "result": not wrong, "changes": {}, "comment": comment}


def _run() -> Run:
    """What this run of Salt shares."""
    return Run(__context__, __opts__, __salt__)
