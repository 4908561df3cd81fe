# SPDX-License-Identifier: MIT
"""
Wires: which there are, whether they work, and the fleet as a picture.
======================================================================

Part of the functions called ``tesseraqt``, like ``tesseraqt.py`` beside it. None of them
changes anything.

:depends: qubesadmin, which every dom0 has
:platform: Qubes OS dom0

.. versionadded:: 0.1.0
"""

from __future__ import annotations

from typing import Any

from salt.exceptions import SaltInvocationError
from tesseraqt_lib.problems import shown
from tesseraqt_lib.run import session, validate
from tesseraqt_lib.run.session import Run
from tesseraqt_lib.show import dot, mermaid, svg
from tesseraqt_lib.show import graph as show_graph
from tesseraqt_lib.show import wires as show_wires

__virtualname__ = "tesseraqt"
__virtual__ = session.virtual
#: Printed by ``_output/tesseraqt.py`` unless ``--out`` says otherwise.
__outputter__ = {"wires": "tesseraqt", "graph": "tesseraqt"}


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
    return show_wires.of_fleet(_run(), validate.valid(_run(), __pillar__))


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
        raise SaltInvocationError(f"{shown(form)} is not one of: dot, mermaid, svg")
    declared = validate.valid(_run(), __pillar__)
    drawn = show_graph.of_fleet(_run(), declared, __salt__["tesseraqt.status"](), wires())
    if form == "mermaid":
        return mermaid.mermaid(drawn)
    text = dot.dot(drawn)
    return svg.svg(text) if form == "svg" else text


def _run() -> Run:
    """What this run of Salt shares."""
    return Run(__context__, __opts__, __salt__)
