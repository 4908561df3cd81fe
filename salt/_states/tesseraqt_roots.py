# SPDX-License-Identifier: MIT
"""
NixOS as declared, in the roots of qubes, and qubes that run what their roots have.
===================================================================================

Part of the states called ``tesseraqt``, like ``tesseraqt.py`` beside it. A root is the qube
whose root volume holds the system: a template, or a standalone qube. AppVMs and disposables run
the root of their template.

:depends: qubesadmin, which every dom0 has
:platform: Qubes OS dom0

.. versionadded:: 0.1.0
"""

from __future__ import annotations

import functools
from typing import Any

import salt.utils.args
from tesseraqt_lib.roots.phases import Root
from tesseraqt_lib.run import converge, planning, session, validate
from tesseraqt_lib.run import deployed as state
from tesseraqt_lib.run.converge import Outcome
from tesseraqt_lib.run.session import Run

__virtualname__ = "tesseraqt"
__virtual__ = session.virtual


def deployed(
    name: str,
    system: str | dict[str, Any],
    modules: list[str] | None = None,
    jobs: int = 4,
    **how: Any,
) -> dict[str, Any]:
    """
    The root boots the declared system, built in it on top of its own configuration.

    Nothing is started where dom0 has recorded that this very system was deployed. A root
    that was off is off again afterwards. What a running qube runs changes with its restart.

    name
        A template or a standalone qube that runs NixOS.
    system
        What the system is to have, as ``tesseraqt.system`` prints it: JSON, or data.
    modules
        The NixOS modules that it names: addresses such as ``salt://mine/web.nix``.
    jobs
        No more roots than this are worked on at once.
    how
        ``configuration``, ``generations``, ``activation`` and ``confirm``, as below
        ``nixos:`` in pillar (docs/pillar.md).

    .. code-block:: yaml

        nixos:
          tesseraqt.deployed:
            - system:
                containers:
                  web: {packages: [nginx]}
            - parallel: True
    """
    run, given = _run(), salt.utils.args.clean_kwargs(**how)
    said = {"system": system, "modules": modules, "jobs": jobs}
    read = functools.partial(validate.deployed, name, said, given)

    def act() -> Outcome:
        want = validate.accepted(read)
        tree = run.files.tree(want.document, want.modules, want.how.configuration)
        return state.outcome(run, Root(want.name, tree, want.how), want.jobs)

    return converge.returned(name, act)


def restarted(
    name: str, root: str, parts: dict[str, str], restart: str = "never"
) -> dict[str, Any]:
    """
    The qube, if it runs, runs what its root was given last, and has the containers that are
    declared for it. Where it does not, it needs a restart: it gets that if ``restart`` says
    so; else the state says that it needs one, and changes nothing.

    name
        The qube.
    root
        The qube whose root volume it runs; itself if it has one of its own.
    parts
        The containers that concern it, and ``qube`` for the root as such, each with the
        fingerprint that it has as declared.
    restart
        ``never`` or ``when_needed``.

    .. code-block:: yaml

        work-runs-what-nixos-has:
          tesseraqt.restarted:
            - name: work
            - root: nixos
            - parts: {web: 0123456789ab}
            - restart: when_needed
    """
    given = {"root": root, "parts": parts, "restart": restart}
    read = functools.partial(validate.restarted, name, given)
    return converge.converged(_run(), name, read, planning.restarted)


def locked(name: str) -> dict[str, Any]:
    """
    No other apply runs until this one ends. States that run in parallel need the lock taken
    before they begin, so that they do not take each other for another apply.

    name
        Any word; it names the state only.

    .. code-block:: yaml

        no-other-apply:
          tesseraqt.locked: []
    """
    return converge.returned(name, functools.partial(converge.locked, _run()))


def _run() -> Run:
    """What this run of Salt shares."""
    return Run(__context__, __opts__, __salt__)
