# SPDX-License-Identifier: MIT
"""The Salt states that qubes compile to, in the order in which they can come true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tesseraqt_lib import order, parts
from tesseraqt_lib.model import Device, Fleet, Package, Qube, Volume


@dataclass(frozen=True)
class State:
    """One state: what SLS writes down."""

    id: str
    function: str
    name: str
    arguments: Mapping[str, Any]
    requires: tuple[str, ...] = ()
    #: What the arguments were made from; what ``plan`` decides on.
    qube: Qube = field(default_factory=lambda: Qube(""))

    def data(self) -> dict[str, Any]:
        """The state as data: its id, its function, and its arguments as Salt wants them."""
        named = [{"name": self.name}, *({key: value} for key, value in self.arguments.items())]
        if self.requires:
            named.append({"require": [{"tesseraqt": id_} for id_ in self.requires]})
        return {"id": self.id, "function": self.function, "arguments": named}


def qubes(fleet: Fleet) -> tuple[list[State], list[State], list[State]]:
    """The states of the templates, those of the other qubes, and those of their power."""
    kept = {name: qube for name, qube in fleet.all.items() if not qube.absent}
    sequence = in_sequence(fleet, kept)
    states = list(in_turn(kept, sequence))
    templates = [one for one in states if one.id in map("tesseraqt-{}".format, fleet.templates)]
    others = [one for one in states if one not in templates]
    return templates, others, [*map(power, in_turn_of_power([kept[name] for name in sequence]))]


def in_sequence(fleet: Fleet, kept: Mapping[str, Qube]) -> list[str]:
    """All names: templates first, each name after those that it needs."""
    templates = {name: qube for name, qube in kept.items() if name in fleet.templates}
    others = {name: qube for name, qube in kept.items() if name not in fleet.templates}
    return order.first_to_last(templates) + order.first_to_last(others)


def in_turn(kept: Mapping[str, Qube], sequence: Iterable[str]) -> Iterator[State]:
    """The states of the qubes in their sequence, and of what can be set on some only later:
    as soon as whomever that names is made, for whoever comes next may inherit it."""
    known, waiting = ids(kept), set(kept)
    pending: dict[str, Qube] = {}
    settled: set[str] = set()
    for name in sequence:
        waiting.discard(name)
        now, then = order.split(kept[name], frozenset(waiting))
        if name in known:
            yield state(now, known, after=settled & {now.source})
        pending |= {name: then} if then else {}
        for other in [key for key, rest in pending.items() if not named(rest) & waiting]:
            settled.add(other)
            yield state(pending.pop(other), known, "-later")


def in_turn_of_power(sequence: Sequence[Qube]) -> Iterator[Qube]:
    """Who is to be halted, each before its netvm, then who is to run, each after it."""
    yield from (qube for qube in reversed(sequence) if qube.running is False)
    yield from (qube for qube in sequence if qube.running)


def named(qube: Qube) -> set[str]:
    """The names of the other qubes that this one names."""
    return {found.name for found in order.references(qube)} - {qube.name}


def ids(kept: Mapping[str, Qube]) -> frozenset[str]:
    """The names of the qubes that have a state to require."""
    return frozenset(name for name, qube in kept.items() if qube.managed)


def state(qube: Qube, known: frozenset[str], suffix: str = "", after: Iterable[str] = ()) -> State:
    """The state that makes one qube as declared; ``after`` names those that are settled before."""
    needed = sorted(named(qube) & known) + ([qube.name] if suffix == "-later" else [])
    needed += [f"{name}-later" for name in after]
    return State(
        id=f"tesseraqt-{qube.name}{suffix}",
        function="template_installed" if qube.install else "present",
        name=qube.name,
        arguments=arguments(qube),
        requires=tuple(f"tesseraqt-{name}" for name in needed),
        qube=qube,
    )


def arguments(qube: Qube) -> dict[str, Any]:
    """What is declared of the qube, as a state takes it; what is not declared is left out."""
    said = {
        "class": None if qube.install else qube.klass,
        "template": qube.template,
        "label": qube.label,
        "clone": qube.clone,
        "install": origin(qube),
        "prefs": dict(qube.prefs),
        "features": dict(qube.features),
        "services": {name: on_off(text) for name, text in qube.services.items()},
        "tags": dict(qube.tags),
        "volumes": {name: volume(one) for name, one in qube.volumes.items()},
        "firewall": None if qube.firewall is None else list(qube.firewall),
        "devices": {
            kind: {port: assignment(one) for port, one in found.items()}
            for kind, found in qube.devices.items()
        },
        "containers": chosen(qube) if qube.parts else None,
        "restart": None if qube.restart == "never" else qube.restart,
        "running": False if qube.running is False else None,
        "adopt": qube.adopt or None,
        "existing": qube.existing or None,
    }
    return {key: value for key, value in said.items() if value not in (None, {})}


def chosen(qube: Qube) -> dict[str, Any] | list[str]:
    """The containers of the qube and their wires; an empty list says that it has none."""
    found: dict[str, dict[str, Any]] = {name: {} for name in parts.named(qube)}
    for place, wire in qube.wires.items():
        part, _, slot = place.partition(".")
        how = {"ask": wire.ask, "trust": wire.trust}
        found[part][slot] = {"to": wire.to, **{key: True for key, said in how.items() if said}}
    return found or []


def origin(qube: Qube) -> dict[str, str] | None:
    """Where the template comes from, as declared."""
    if qube.install is None:
        return None
    if isinstance(qube.install, Package):
        return {"rpm": qube.install.rpm, "sha256": qube.install.sha256}
    said = {"repository": qube.install.name, "version": qube.install.version}
    return {key: value for key, value in said.items() if value is not None}


def on_off(text: str | None) -> bool | None:
    """A service as a flag."""
    return None if text is None else bool(text)


def volume(one: Volume) -> dict[str, Any]:
    """A volume as declared."""
    said = {"size": one.size, "revisions_to_keep": one.revisions_to_keep}
    return {key: value for key, value in said.items() if value is not None}


def assignment(one: Device) -> dict[str, Any] | None:
    """An assignment as declared."""
    return None if one.absent else {"mode": one.mode, "options": dict(one.options)}


def global_state(fleet: Fleet) -> Iterator[State]:
    """The state of the machine's own properties, if any is declared."""
    known = ids({name: qube for name, qube in fleet.all.items() if not qube.absent})
    if fleet.globals:
        named = set(fleet.globals.values()) & known
        needed = tuple(sorted(f"tesseraqt-{name}" for name in named))
        prefs = {"prefs": dict(fleet.globals)}
        yield State("tesseraqt-globals", "globals", "globals", prefs, needed)


def farewells(fleet: Fleet, found: Mapping[str, Qube]) -> list[State]:
    """The states after which no qube that is to go is there.

    Each goes before those that it uses. Two may name each other, and Qubes removes neither
    then: so whoever goes later first lets go of whoever goes earlier.
    """
    gone = {name: found.get(name, Qube(name)) for name, qube in fleet.all.items() if qube.absent}
    sequence = order.first_to_last(gone)[::-1]
    freed = [
        state(
            replace(held, prefs=dict.fromkeys(held.prefs, ""), adopt=fleet.all[name].adopt),
            frozenset(),
            "-freed",
        )
        for at, name in enumerate(sequence)
        if (held := order.split(gone[name], frozenset(sequence[:at]))[1])
    ]
    going = [
        farewell(
            fleet.all[name],
            [
                *(f"{user}-absent" for user in sequence[:at] if name in named(gone[user])),
                *(f"{user}-freed" for user in sequence[at + 1 :] if name in named(gone[user])),
            ],
        )
        for at, name in enumerate(sequence)
    ]
    return freed + going


def farewell(qube: Qube, after: Iterable[str] = ()) -> State:
    """The state after which the qube is not there; ``after`` are those that let go of it."""
    said = {"adopt": qube.adopt or None, "running": qube.running}
    given = {key: value for key, value in said.items() if value is not None}
    needed = tuple(f"tesseraqt-{state}" for state in after)
    return State(f"tesseraqt-{qube.name}-absent", "absent", qube.name, given, needed)


def power(qube: Qube) -> State:
    """The state after which the qube runs, or is halted."""
    needed = (f"tesseraqt-{qube.name}",) if replace(qube, running=None).managed else ()
    function = "running" if qube.running else "halted"
    return State(f"tesseraqt-{qube.name}-{function}", function, qube.name, {}, needed)
