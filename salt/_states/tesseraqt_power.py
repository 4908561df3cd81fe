# SPDX-License-Identifier: MIT
"""
Qubes that are off while others change.
=======================================

Part of the states called ``tesseraqt``, like ``tesseraqt.py`` beside it. Qubes halts no qube
through which running ones have their network, sound or windows, and changes no template of
disposables that run. So a chain of such qubes is halted as a whole, changed, and started again.

:depends: qubesadmin, which every dom0 has
:platform: Qubes OS dom0

.. versionadded:: 0.1.0
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tesseraqt_lib.dom0.machine import Several
from tesseraqt_lib.model import Plan
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.run import chains, converge, session, validate
from tesseraqt_lib.run.session import Run

__virtualname__ = "tesseraqt"
__virtual__ = session.virtual


def halted_for_change(
    name: str,
    qubes: list[str],
    for_good: list[str] | tuple[()] = (),
    adopt: list[str] | tuple[()] = (),
) -> dict[str, Any]:
    """
    These qubes are off, so that others can change; those that ran are started again by
    ``started_again``, or by the next apply if this one is cut off.

    name
        Any word; it names the state only.
    qubes
        The qubes, each before those through which it has its network, sound or windows.
    for_good
        Those of them that are not to be started again.
    adopt
        Those of them that are not tesseraqt's, and that it is to take over.

    .. code-block:: yaml

        off-for-a-change:
          tesseraqt.halted_for_change:
            - qubes: [work, sys-firewall]
    """
    said = {"qubes": qubes, "for_good": list(for_good), "adopt": list(adopt)}
    read = functools.partial(validate.chain, said)
    return _converged(name, read, chains.halted_for_change, adopt)


def started_again(name: str, qubes: list[str], adopt: list[str] | tuple[()] = ()) -> dict[str, Any]:
    """
    Those of the qubes run that tesseraqt halted for a change or a restart; others are left alone.

    name
        Any word; it names the state only.
    qubes
        The qubes, each after those through which it has its network, sound or windows.
    adopt
        As for ``halted_for_change``.

    .. code-block:: yaml

        on-again:
          tesseraqt.started_again:
            - qubes: [sys-firewall, work]
    """
    read = functools.partial(validate.chain, {"qubes": qubes, "adopt": list(adopt)})
    return _converged(name, read, chains.started_again, adopt)


def halted_for_restart(
    name: str, systems: dict[str, dict[str, Any]], qubes: list[str]
) -> dict[str, Any]:
    """
    Of the qubes that serve others, those are off that need a restart, and whom they serve too,
    if all of them may be restarted; ``restarted`` and ``started_again`` start them again.

    name
        Any word; it names the state only.
    systems
        What the qubes are to run: by name, the arguments of ``restarted``.
    qubes
        All qubes that may be restarted.

    .. code-block:: yaml

        off-for-a-restart:
          tesseraqt.halted_for_restart:
            - systems:
                sys-firewall: {root: nixos, parts: {qube: 0123456789ab}, restart: when_needed}
            - qubes: [sys-firewall, work]
    """
    read = functools.partial(validate.restarts, {"systems": systems, "qubes": qubes})
    return _converged(name, read, chains.halted_for_restart)


def _converged(
    name: str,
    read: Callable[[Problems], Any],
    decide: Callable[[Run, Any], Plan],
    adopt: list[str] | tuple[()] = (),
) -> dict[str, Any]:
    """What a state about several qubes returns."""
    run = Run(__context__, __opts__, __salt__)

    def act() -> converge.Outcome:
        return converge.outcome(run, name, read, decide, lambda: Several(run.dom0, adopt))

    return converge.returned(name, act)
