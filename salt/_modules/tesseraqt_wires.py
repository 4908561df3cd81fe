# SPDX-License-Identifier: MIT
"""
Wires: which there are, whether they work, and the fleet as a picture.
======================================================================

Part of the functions called ``tesseraqt``, like ``tesseraqt.py`` beside it. None of them
changes anything.

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
    __pillar__: dict[str, Any]
    __salt__: dict[str, Any]

__virtualname__ = "tesseraqt"
#: Printed by ``_output/tesseraqt.py`` unless ``--out`` says otherwise.
__outputter__ = {"wires": "tesseraqt", "graph": "tesseraqt"}

try:
    from tesseraqt_lib import (
        dotted,
        files,
        graphviz,
        mermaid,
        order,
        parts,
        picture,
        record,
        render,
        seen,
        session,
        wirelist,
        wiring,
    )
    from tesseraqt_lib.model import Fleet, Qube

    MISSING = ""
except ImportError as error:
    MISSING = str(error)


def __virtual__() -> str | tuple[bool, str]:
    """These functions exist where Qubes' own Python does: in dom0."""
    return (False, f"tesseraqt works in dom0 only: {MISSING}") if MISSING else __virtualname__


def wires() -> list[dict[str, Any]]:
    """
    Every declared wire: ``from`` which container, which ``slot``, ``to`` which API; its
    ``path`` (in the qube, or through qrexec), its line of ``policy``; its ``status``,
    ``live`` or ``waiting``, and for what it is ``waiting``.

    CLI Example:

    .. code-block:: bash

        qubesctl tesseraqt.wires
        qubesctl tesseraqt.wires --out=json
    """
    declared = _sound()
    trees: dict[str, Any] = {}

    def live(name: str) -> wirelist.Live:
        root = order.root_of(declared.all, name)
        if root not in trees:
            trees[root] = _fingerprints(declared, root)
        return _live(declared, name, root, trees[root])

    return wirelist.rows(declared, live, wiring.door(__opts__).look().rules)


def graph(form: str = "dot") -> str:
    """
    The fleet as a picture: templates; qubes in the colours of their labels, together with
    those that have the same network; the containers in them; the wires between them, red
    where they lead to a label that is trusted more, dashed where they do not work yet. What
    is not as declared has a red edge.

    form
        ``svg`` if graphviz is installed, ``dot`` for its language, or ``mermaid``.

    CLI Example:

    .. code-block:: bash

        qubesctl --dom0-only tesseraqt.graph svg > fleet.svg
        qubesctl tesseraqt.graph mermaid
    """
    if form not in ("dot", "mermaid", "svg"):
        raise SaltInvocationError(f"{form!r} is not one of: dot, mermaid, svg")
    status = __salt__["tesseraqt.status"]()
    known = seen.Seen(_sound(), session.dom0(__context__, __opts__))
    drawn = picture.picture(known, status, wires())
    if form == "mermaid":
        return mermaid.mermaid(drawn)
    text = dotted.dot(drawn)
    return graphviz.svg(text) if form == "svg" else text


def _sound() -> Fleet:
    """The declared fleet, if nothing is wrong with it."""
    there = files.Files(__salt__).there
    pillar = __pillar__.get("tesseraqt")
    declared, problems = session.checked(__context__, __opts__, pillar, there)
    if problems.found:
        raise SaltInvocationError(problems.text())
    return declared


def _fingerprints(declared: Fleet, root: str) -> dict[str, str]:
    """What each part of a root is made from, if it is declared at all."""
    if root not in render.roots(declared):
        return {}
    return dict(files.Files(__salt__).tree_of(declared, root).parts)


def _live(declared: Fleet, name: str, root: str, known: dict[str, str]) -> wirelist.Live:
    """What is there of a declared qube."""
    dom0 = session.dom0(__context__, __opts__)
    have = dom0.look(Qube(name, itself=True))
    if have is None:
        return wirelist.Live()
    there = session.deployed(__context__, __opts__, root)
    deployed = {part for part, one in there.items() if known.get(part) == one.fingerprint}
    want = {
        part: known[part] for part in (*parts.named(declared.qubes[name]), "qube") if part in known
    }
    outdated = record.outdated(record.Runs(name, root, want), have, there)
    return wirelist.Live(have, frozenset(deployed), frozenset(outdated))
