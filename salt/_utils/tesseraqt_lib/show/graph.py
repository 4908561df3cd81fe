# SPDX-License-Identifier: MIT
"""The fleet as a picture, before it is drawn: boxes, what is in them, and lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.check.facts import Declared, Observed
from tesseraqt_lib.fleet import bindings
from tesseraqt_lib.fleet.bindings import Binding
from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.run.session import Run


@dataclass(frozen=True)
class Inside:
    """A container in a qube: its slots, and where each leads; its APIs."""

    name: str
    #: By slot: the other end within the qube, empty for one in another qube, ``None`` for none.
    slots: Mapping[str, str | None]
    apis: tuple[str, ...]


@dataclass(frozen=True)
class Box:
    """A qube: what is known of it, and the containers in it."""

    name: str
    klass: str
    #: Empty where it is not known.
    label: str = ""
    template: str = ""
    #: Empty for none.
    netvm: str = ""
    containers: tuple[Inside, ...] = ()
    #: ``converged``, ``drifted``, ``missing`` and so on; ``undeclared`` if pillar only names it.
    status: str = ""
    #: What it needs so that it runs what is declared: ``needs a restart``, ``not deployed``.
    needs: str = ""
    #: How it differs from what is declared, a line each.
    notes: tuple[str, ...] = ()

    @property
    def odd(self) -> bool:
        """Whether it is not as declared."""
        return self.status not in ("converged", "undeclared", "")


@dataclass(frozen=True)
class Line:
    """A wire between two qubes."""

    source: tuple[str, str, str]
    target: tuple[str, str, str]
    ask: bool = False
    #: It leads from a less trusted label to a more trusted one.
    upwards: bool = False
    waiting: bool = False


@dataclass(frozen=True)
class Picture:
    """Everything that is drawn."""

    templates: tuple[Box, ...]
    qubes: tuple[Box, ...]
    lines: tuple[Line, ...]

    @property
    def networks(self) -> Mapping[str, tuple[Box, ...]]:
        """By netvm, the qubes that have their network from it; empty for those without any."""
        found: dict[str, list[Box]] = {}
        for box in self.qubes:
            found.setdefault(box.netvm, []).append(box)
        return {name: tuple(boxes) for name, boxes in sorted(found.items())}


def of_fleet(
    run: Run, declared: Fleet, status: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> Picture:
    """The declared fleet as it is on this machine: see ``picture``."""
    return picture(Observed(declared, run.dom0), status, rows)


def picture(
    known: Declared, status: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> Picture:
    """The declared fleet, with the qubes that it only names.

    :param status: what ``tesseraqt.status`` says, below ``declared`` and ``roots``
    :param rows: what ``tesseraqt.wires`` says
    """
    fleet = known.fleet
    declared = [qube for qube in fleet.qubes.values() if not qube.absent]
    boxes = {qube.name: box(known, qube, status) for qube in declared}
    boxes |= {name: named(known, name) for name in networks(known, boxes)}
    templates = [one for one in fleet.templates.values() if not one.absent]
    waiting = {(one["from"], one["slot"]) for one in rows if one["status"] == "waiting"}
    return Picture(
        tuple(box(known, one, status) for one in templates),
        tuple(boxes[name] for name in sorted(boxes)),
        tuple(
            line(known, one, waiting) for one in sorted(bindings.between_qubes(fleet), key=place)
        ),
    )


def place(one: Binding) -> str:
    """By what wires are sorted."""
    return one.path


def box(known: Declared, qube: Qube, status: Mapping[str, Any]) -> Box:
    """A declared qube or template."""
    said = status.get("declared", {}).get(qube.name, {})
    notes = (*said.get("drift", ()), *said.get("blocked", ()), *said.get("why", ()))
    return Box(
        qube.name,
        known.klass(qube.name) or "",
        known.label(qube.name) or "",
        qube.template or qube.clone or "",
        known.netvm(qube.name) or "",
        tuple(insides(known.fleet, qube)),
        str(said.get("status", "")),
        needs(said, status.get("roots", {}).get(qube.name)),
        tuple(map(str, notes)),
    )


def needs(said: Mapping[str, Any], root: Mapping[str, Any] | None) -> str:
    """What a qube or root still needs so that what is declared runs in it."""
    if root is not None and root["status"] != "deployed":
        return "not deployed" if root["status"] == "missing" else "to be deployed again"
    return "needs a restart" if said.get("restart") else ""


def named(known: Declared, name: str) -> Box:
    """A qube that is not declared."""
    return Box(
        name,
        known.klass(name) or "",
        known.label(name) or "",
        netvm=known.netvm(name) or "",
        status="undeclared",
    )


def networks(known: Declared, boxes: Mapping[str, Box]) -> Iterator[str]:
    """The qubes on the way to the network that are not declared."""
    told: set[str] = set()
    for one in boxes.values():
        name = one.netvm
        while name and name not in boxes and name not in told:
            told.add(name)
            yield name
            name = known.netvm(name) or ""


def insides(fleet: Fleet, qube: Qube) -> Iterator[Inside]:
    """The containers of the qube, and the qube as such where it takes part in wires."""
    bound = {(one.container, one.slot): one for one in bindings.bindings(qube)}
    for part, said in sorted(bindings.parts_by_qube(fleet).get(qube.name, {}).items()):
        slots = {slot: way(bound.get((part, slot))) for slot in sorted(said.get("consumes", {}))}
        yield Inside(part, slots, tuple(sorted(said.get("provides", {}))))


def way(one: Binding | None) -> str | None:
    """Where a slot leads, if that is in the same qube."""
    if one is None:
        return None
    return "" if one.crosses else ".".join(one.provider[1:])


def line(known: Declared, one: Binding, waiting: set[tuple[str, str]]) -> Line:
    """A wire between two qubes."""
    source = (one.qube, one.container, one.slot)
    return Line(
        source,
        one.provider,
        one.wire.ask,
        upwards(known, one),
        (f"{one.qube}/{one.container}", one.slot) in waiting,
    )


def upwards(known: Declared, one: Binding) -> bool:
    """Whether the wire crosses a border of trust upwards."""
    trust = known.fleet.trust
    low, high = known.label(one.qube), known.label(one.provider[0])
    if low in trust and high in trust:
        return trust.index(str(low)) < trust.index(str(high))
    return low != high


#: The colours of Qubes' labels (``qubes.config.defaults``); others are drawn as gray.
COLOURS: Mapping[str, str] = dict(
    zip(
        words.LABELS,
        ("#cc0000", "#f57900", "#edd400", "#73d216", "#555555", "#3465a4", "#75507b", "#000000"),
        strict=True,
    )
)
UNKNOWN = "#999999"
#: Labels on which black text is read better than white.
LIGHT = ("orange", "yellow", "green", "")


def colours(label: str) -> tuple[str, str]:
    """The colour of a label, and that of text on it."""
    return COLOURS.get(label, UNKNOWN), "#000000" if label in LIGHT else "#ffffff"
