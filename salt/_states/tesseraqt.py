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
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import salt.utils.args
from salt.exceptions import SaltInvocationError

if TYPE_CHECKING:  # what Salt's loader puts into every module
    __context__: dict[str, Any]
    __opts__: dict[str, Any]

__virtualname__ = "tesseraqt"

try:
    from tesseraqt_lib import converge, lock, schema, session
    from tesseraqt_lib.model import Plan, Qube
    from tesseraqt_lib.problems import Problems

    MISSING = ""
except ImportError as error:
    MISSING = str(error)


def __virtual__() -> str | tuple[bool, str]:
    """These states exist where Qubes' own Python does: in dom0."""
    return (False, f"tesseraqt works in dom0 only: {MISSING}") if MISSING else __virtualname__


def present(name: str, **declaration: Any) -> dict[str, Any]:
    """
    The qube exists and is as declared; what the declaration leaves open is left alone.

    name
        The qube.
    declaration
        The keys of a qube in pillar (docs/pillar.md): ``class``, ``template``, ``label``,
        ``prefs``, ``features``, ``services``, ``tags``, ``volumes``, ``firewall``,
        ``devices``, ``autostart``, ``restart``, ``adopt``. A value of ``null`` in a map
        means: as Qubes has it by default. ``running: false`` lets a change that needs it
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

    def decide(want: Qube) -> Plan:
        return session.present(__context__, __opts__, want)

    return _converge(name, functools.partial(_declared, name, declaration), decide)


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

    def decide(want: Qube) -> Plan:
        return session.absent(__context__, __opts__, want)

    def parse(problems: Problems) -> Qube:
        return schema.farewell(name, salt.utils.args.clean_kwargs(**declaration), problems)

    return _converge(name, parse, decide)


def running(name: str) -> dict[str, Any]:
    """
    The qube runs.

    name
        The qube.

    .. code-block:: yaml

        sys-vpn:
          tesseraqt.running: []
    """

    def decide(want: Qube) -> Plan:
        return session.running(__context__, __opts__, want)

    return _converge(name, functools.partial(_declared, name, {}), decide)


def halted(name: str) -> dict[str, Any]:
    """
    The qube is off. It is asked to shut down, and Qubes waits for it.

    name
        The qube.

    .. code-block:: yaml

        sys-vpn:
          tesseraqt.halted: []
    """

    def decide(want: Qube) -> Plan:
        return session.halted(__context__, __opts__, want)

    return _converge(name, functools.partial(_declared, name, {}), decide)


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

    def parse(problems: Problems) -> Any:
        return schema.global_properties(prefs or {}, problems)

    def decide(want: Any) -> Plan:
        return session.global_properties(__context__, __opts__, want)

    return _converge(name, parse, decide)


def sound(
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
          tesseraqt.sound: []
    """
    told = [f"beware: {warning}" for warning in warnings]
    comment = problems or "\n".join(["the declaration is sound", *told])
    return {"name": name, "result": not problems, "changes": {}, "comment": comment}


def _declared(name: str, declaration: dict[str, Any], problems: Problems) -> Qube:
    """The qube that the arguments of a state declare."""
    return schema.declaration(name, salt.utils.args.clean_kwargs(**declaration), problems)


def _converge(
    name: str, parse: Callable[[Problems], Any], decide: Callable[[Any], Plan]
) -> dict[str, Any]:
    """The state's return: the one place that knows about test mode."""

    def act() -> converge.Outcome:
        want = _sound(parse)
        if __opts__["test"]:
            return converge.predict(name, lambda: decide(want))
        lock.take(session.lock_path(__opts__), session.job(__opts__))
        return converge.apply(name, lambda: decide(want), session.dom0(__context__, __opts__))

    return converge.returned(name, act)


def _sound(parse: Callable[[Problems], Any]) -> Any:
    """What the arguments declare, if nothing is wrong with them."""
    problems = Problems()
    want = parse(problems)
    if problems.found:
        raise SaltInvocationError(problems.text())
    return want
