# SPDX-License-Identifier: MIT
"""
The wires between qubes, as qrexec policy has them.
===================================================

Part of the states called ``tesseraqt``, like ``tesseraqt.py`` beside it.

:depends: qubesadmin, which every dom0 has
:platform: Qubes OS dom0

.. versionadded:: 0.3.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salt.exceptions import SaltInvocationError

if TYPE_CHECKING:  # what Salt's loader puts into every module
    __context__: dict[str, Any]
    __opts__: dict[str, Any]

__virtualname__ = "tesseraqt"

try:
    from tesseraqt_lib import converge, lock, policy, session, wiring
    from tesseraqt_lib.model import Plan
    from tesseraqt_lib.problems import Problems

    MISSING = ""
except ImportError as error:
    MISSING = str(error)


def __virtual__() -> str | tuple[bool, str]:
    """These states exist where Qubes' own Python does: in dom0."""
    return (False, f"tesseraqt works in dom0 only: {MISSING}") if MISSING else __virtualname__


def wired(name: str, rules: list[dict[str, Any]] | tuple[()] = ()) -> dict[str, Any]:
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
          tesseraqt.wired:
            - rules:
                - {from: docs, to: data, api: postgres.sql}
                - {from: mail, to: vault, api: keys.agent, ask: true}
    """
    return _converge("wired", name, rules)


def narrowed(name: str, rules: list[dict[str, Any]] | tuple[()] = ()) -> dict[str, Any]:
    """
    Policy lets qubes call none but these APIs of each other: what the file allows besides
    is taken out of it. Nothing is added, so this can come before the qubes change.

    name
        Any word; it names the state only.
    rules
        As for ``wired``.

    .. code-block:: yaml

        no-more-wires-than:
          tesseraqt.narrowed:
            - rules:
                - {from: docs, to: data, api: postgres.sql}
    """
    return _converge("narrowed", name, rules)


def _converge(function: str, name: str, raw: Any) -> dict[str, Any]:
    """The state's return: the one place here that knows about test mode."""

    def act() -> converge.Outcome:
        rules = _sound(raw)

        def decide() -> Plan:
            return wiring.plan(__context__, __opts__, function, rules)

        if __opts__["test"]:
            return converge.predict("policy", decide)
        lock.take(session.lock_path(__opts__), session.job(__opts__))
        return converge.apply("policy", decide, wiring.door(__opts__))

    return converge.returned(name, act)


def _sound(raw: Any) -> Any:
    """The rules that the arguments declare, if nothing is wrong with them."""
    problems = Problems()
    rules = policy.declared([] if raw in (None, ()) else raw, problems)
    if problems.found:
        raise SaltInvocationError(problems.text())
    return rules
