# SPDX-License-Identifier: MIT
"""
The systems of roots: which there are, and the way back.
========================================================

Part of the functions called ``tesseraqt``, like ``tesseraqt.py`` beside it.

:depends: qubesadmin, which every dom0 has
:platform: Qubes OS dom0

.. versionadded:: 0.2.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salt.exceptions import CommandExecutionError

if TYPE_CHECKING:  # what Salt's loader puts into every module
    __context__: dict[str, Any]
    __opts__: dict[str, Any]
    __salt__: dict[str, Any]

__virtualname__ = "tesseraqt"

try:
    from tesseraqt_lib import deploy, files, lock, session
    from tesseraqt_lib import rollback as way_back

    MISSING = ""
except ImportError as error:
    MISSING = str(error)


def __virtual__() -> str | tuple[bool, str]:
    """These functions exist where Qubes' own Python does: in dom0."""
    return (False, f"tesseraqt works in dom0 only: {MISSING}") if MISSING else __virtualname__


def generations(root: str) -> dict[str, Any]:
    """
    The generations of a root, each with the second (since 1970) in which it was made, and
    which of them boots next. A root that is off is started for this, and off again after.

    root
        A template or a standalone qube that is tesseraqt's.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.generations nixos
    """
    return way_back.generations(root, _means())


def rollback(root: str, generation: str | int = "previous") -> dict[str, Any]:
    """
    The root boots an older generation next. It is not as declared then: the next apply
    deploys what is declared again, unless the declaration changes too.

    root
        A template or a standalone qube that is tesseraqt's.
    generation
        The number of the generation, or ``previous``.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.rollback nixos
        qubesctl tesseraqt.rollback nixos 12
    """
    to = str(generation)
    if to != "previous" and not (to.isascii() and to.isdigit()):
        raise CommandExecutionError(f"{to!a} is neither the number of a generation nor 'previous'")
    return {"generation": way_back.roll_back(root, _means(), to)}


def _means() -> Any:
    """What is worked with, for this run alone."""
    try:
        lock.take(session.lock_path(__opts__), session.job(__opts__))
    except lock.Held as error:
        raise CommandExecutionError(f"{error}; wait for it to end, and try again") from error
    dom0 = session.dom0(__context__, __opts__)
    return deploy.Means(dom0, files.Files(__salt__).script, deploy.PATIENCE)
