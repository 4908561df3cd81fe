# SPDX-License-Identifier: MIT
"""
The wires between qubes, as qrexec policy has them.
===================================================

Part of the states called ``tesseraqt``, like ``tesseraqt.py`` beside it.

:depends: qubesadmin, which every dom0 has
:platform: Qubes OS dom0

.. versionadded:: 0.1.0
"""

from __future__ import annotations

import functools
from typing import Any

from tesseraqt_lib.run import converge, planning, session, validate
from tesseraqt_lib.run.session import Run

__virtualname__ = "tesseraqt"
__virtual__ = session.virtual


def policy(name: str, rules: list[dict[str, Any]] | tuple[()] = ()) -> dict[str, Any]:
    """
    Policy lets qubes call exactly these APIs of each other, and denies all others of
    tesseraqt: ``/etc/qubes/policy.d/30-tesseraqt.policy`` is as declared. Without any rule
    there is no such file. One that is not tesseraqt's is refused.

    name
        Any word; it names the state only.
    rules
        A list of maps: ``from`` and ``to`` are qubes, ``api`` is ``container.api``, and with
        ``ask: true`` Qubes asks each time.

    .. code-block:: yaml

        wires:
          tesseraqt.policy:
            - rules:
                - {from: docs, to: data, api: postgres.sql}
                - {from: mail, to: vault, api: keys.agent, ask: true}
    """
    return _converged(name, rules, planning.policy)


def policy_narrowed(name: str, rules: list[dict[str, Any]] | tuple[()] = ()) -> dict[str, Any]:
    """
    Policy lets qubes call none but these APIs of each other: what the file allows besides
    is taken out of it. Nothing is added, so this can come before the qubes change.

    name
        Any word; it names the state only.
    rules
        As for ``policy``.

    .. code-block:: yaml

        no-more-wires-than:
          tesseraqt.policy_narrowed:
            - rules:
                - {from: docs, to: data, api: postgres.sql}
    """
    return _converged(name, rules, planning.policy_narrowed)


def _converged(name: str, rules: Any, decide: Any) -> dict[str, Any]:
    """What a state of policy returns."""
    run = Run(__context__, __opts__, __salt__)
    read = functools.partial(validate.policy_rules, rules)

    def act() -> converge.Outcome:
        return converge.outcome(run, "policy", read, decide, lambda: run.policy_file)

    return converge.returned(name, act)
