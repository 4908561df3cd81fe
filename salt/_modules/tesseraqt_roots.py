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

from salt.exceptions import CommandExecutionError, SaltInvocationError

if TYPE_CHECKING:  # what Salt's loader puts into every module
    __context__: dict[str, Any]
    __opts__: dict[str, Any]
    __salt__: dict[str, Any]

__virtualname__ = "tesseraqt"

try:
    from tesseraqt_lib import ahead, deploy, files, lock, session
    from tesseraqt_lib import rollback as way_back
    from tesseraqt_lib.model import System

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


def build(root: str) -> dict[str, Any]:
    """
    The declared system of a root is in its store, and not activated: the next apply has
    nothing to build. A root that is off is started for this, and off again after.

    Returns ``system``, the sha256 of what it was built from, and ``activating``, what the
    root says that activating it at once would do, in lines; empty if it says nothing.

    root
        A root whose NixOS pillar declares.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.build nixos
    """
    said = _declared(root)
    how = System(configuration=said.get("configuration", System.configuration))
    tree = files.Files(__salt__).tree(said["system"], said["modules"], how.configuration)
    lines = ahead.prepare(deploy.Root(root, tree, how), _means())
    return {"system": tree.digest, "activating": list(lines)}


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


def _declared(root: str) -> dict[str, Any]:
    """The arguments of the state that would deploy the root."""
    for state in __salt__["tesseraqt.fleet"]("systems"):
        if state["id"] == f"tesseraqt-{root}-deployed":
            return {key: value for one in state["arguments"] for key, value in one.items()}
    raise SaltInvocationError(f"{root!a} has no NixOS declared, or the declaration has problems")


def _means() -> Any:
    """What is worked with, for this run alone."""
    try:
        lock.take(session.lock_path(__opts__), session.job(__opts__))
    except lock.Held as error:
        raise CommandExecutionError(f"{error}; wait for it to end, and try again") from error
    dom0 = session.dom0(__context__, __opts__)
    return deploy.Means(dom0, files.Files(__salt__).script, deploy.PATIENCE)
