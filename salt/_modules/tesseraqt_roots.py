# SPDX-License-Identifier: MIT
"""
The systems of roots: which there are, and the way back.
========================================================

Part of the functions called ``tesseraqt``, like ``tesseraqt.py`` beside it. A root is the qube
whose root volume holds the system: a template, or a standalone qube. AppVMs and disposables run
the root of their template.

:depends: qubesadmin, which every dom0 has
:platform: Qubes OS dom0

.. versionadded:: 0.1.0
"""

from __future__ import annotations

import functools
import re
from typing import Any

from salt.exceptions import CommandExecutionError, SaltInvocationError
from tesseraqt_lib.dom0 import lock
from tesseraqt_lib.model import System
from tesseraqt_lib.problems import shown
from tesseraqt_lib.roots import deploy
from tesseraqt_lib.roots import generations as root_generations
from tesseraqt_lib.roots.phases import Means, Root
from tesseraqt_lib.run import session, validate
from tesseraqt_lib.run.session import Run
from tesseraqt_lib.sls.state import id_of

__virtualname__ = "tesseraqt"
__virtual__ = session.virtual


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
    return root_generations.generations(validate.qube_name(root), _means())


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
    said = _declared(validate.qube_name(root))
    how = System(configuration=said.get("configuration", System.configuration))
    document = validate.accepted(functools.partial(validate.document, said["system"]))
    tree = _run().files.tree(document, said["modules"], how.configuration)
    lines = deploy.build(Root(root, tree, how), _means())
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
    to = generation if isinstance(generation, str) else shown(generation)
    if not re.fullmatch(r"previous|[0-9]{1,9}", to):
        why = "is neither the number of a generation nor 'previous'"
        raise CommandExecutionError(f"{shown(generation)} {why}")
    name = validate.qube_name(root)
    return {"generation": root_generations.rollback(name, _means(), to)}


def _declared(root: str) -> dict[str, Any]:
    """The arguments of the state that would deploy the root."""
    for state in __salt__["tesseraqt.fleet"]("roots"):
        if state["id"] == id_of("root", root):
            said = {key: value for one in state["arguments"] for key, value in one.items()}
            if why := said.get("problems"):
                raise CommandExecutionError(why)
            return said
    raise SaltInvocationError(f"{root!a} has no NixOS declared, or the declaration has problems")


def _run() -> Run:
    """What this run of Salt shares."""
    return Run(__context__, __opts__, __salt__)


def _means() -> Means:
    """What is worked with, for this run alone."""
    try:
        _run().take_lock()
    except lock.Held as error:
        raise CommandExecutionError(f"{error}; wait for it to end, and try again") from error
    return _run().means
