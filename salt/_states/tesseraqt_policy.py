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

from collections.abc import Mapping
from typing import Any

from tesseraqt_lib.run import converge, session, wiring
from tesseraqt_lib.run.session import Run

__virtualname__ = "tesseraqt"
__virtual__ = session.virtual


def policy(
    name: str,
    rules: list[dict[str, Any]] | tuple[()] = (),
    needs: Mapping[str, list[str]] | None = None,
    later: list[dict[str, Any]] | tuple[()] = (),
) -> dict[str, Any]:
    """
    Policy lets qubes call exactly these APIs of each other, and denies all others of
    tesseraqt: ``/etc/qubes/policy.d/30-tesseraqt.policy`` is as declared. Without any rule
    there is no such file. One that is not tesseraqt's is refused.

    name
        Any word; it names the state only.
    rules
        A list of maps: ``from`` and ``to`` are qubes, ``api`` is ``container.api``, and with
        ``ask: true`` Qubes asks each time.
    needs
        By qube, the IDs of the states after which it is as declared. A rule that names the
        qube is added if all of them have succeeded in this run; else it waits, the others
        do not, and the state fails. Write ``require_any`` besides, so that they ran before.

    later
        Those of the rules that the state ``tesseraqt/policy/later`` adds, once netvms run: they
        stay if they are there, and this one does not fail for them if that is in the same run.

    .. code-block:: yaml

        wires:
          tesseraqt.policy:
            - rules:
                - {from: docs, to: data, api: postgres.sql}
                - {from: mail, to: vault, api: keys.agent, ask: true}
    """
    run = _run()
    running = globals().get("__running__") or {}
    said = {"rules": rules, "needs": needs or {}, "later": later}
    coming = {chunk["__id__"] for chunk in globals().get("__lowstate__") or ()}
    return converge.returned(name, lambda: wiring.widen(run, said, running, coming))


def policy_narrowed(name: str, rules: list[dict[str, Any]] | tuple[()] = ()) -> dict[str, Any]:
    """
    Policy lets qubes call none but these APIs of each other: what the file allows besides
    is taken out of it. Nothing is added, so this can come before the qubes change, and while
    another apply runs.

    name
        Any word; it names the state only.
    rules
        As for ``policy``. Without any, every wire between qubes is taken away.

    .. code-block:: yaml

        no-more-wires-than:
          tesseraqt.policy_narrowed:
            - rules:
                - {from: docs, to: data, api: postgres.sql}
    """
    run = _run()
    return converge.returned(name, lambda: wiring.narrow(run, rules))


def _run() -> Run:
    """What this run of Salt shares."""
    return Run(__context__, __opts__, __salt__)
