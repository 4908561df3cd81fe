# SPDX-License-Identifier: MIT
"""The Salt states that qubes compile to, in the order in which they can come true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tesseraqt_lib.fleet import containers as fleet_containers
from tesseraqt_lib.fleet import references
from tesseraqt_lib.model import Device, Fleet, Package, Qube, Volume
from tesseraqt_lib.plan import order
from tesseraqt_lib.sls import power
from tesseraqt_lib.sls.seen import Seen
from tesseraqt_lib.sls.state import State, id_of


def qubes(fleet: Fleet, seen: Seen) -> dict[str, list[State]]:
    """The states of the templates, those of the other qubes, those of their power, and those in
    which qubes give up what others may use, once these have let go of it."""
    kept = {name: qube for name, qube in fleet.all.items() if not qube.absent}
    sequence = in_sequence(fleet, kept, seen)
    early = {name: set_early(qube, fleet, seen) for name, qube in kept.items()}
    states = list(ordered(early, sequence))
    ids = {id_of("qube", name) for name in fleet.templates}
    templates = [one for one in states if one.id in ids]
    halted, again = power.around_changes(seen.halted_for_change, kept)
    return {
        "templates": [*power.narrowed_globals(fleet), *halted, *templates],
        "qubes": [*(one for one in states if one not in templates), *again],
        "power": power.states(fleet, [kept[name] for name in sequence], seen),
        "released": [*released_states([kept[name] for name in sequence], seen)],
    }


def in_sequence(fleet: Fleet, kept: Mapping[str, Qube], seen: Seen) -> list[str]:
    """All names: templates first, each name after those that it needs."""
    templates = {name: qube for name, qube in kept.items() if name in fleet.templates}
    others = {name: qube for name, qube in kept.items() if name not in fleet.templates}
    servers = {name: seen.servers(qube) for name, qube in others.items()}
    return order.dependency_order(templates) + order.dependency_order(others, servers)


def set_early(qube: Qube, fleet: Fleet, seen: Seen) -> Qube:
    """The qube without what is set only once others are as declared, or run."""
    first, _ = order.split_off(qube, seen.given_up(qube))
    if not seen.awaited_netvm(qube, fleet):
        return first
    return replace(order.split_off(first, ("netvm",))[0], firewall=None)


def released_states(qubes: Iterable[Qube], seen: Seen) -> Iterator[State]:
    """The states in which qubes give up what they gave to others."""
    for qube in qubes:
        _, rest = order.split_off(qube, seen.given_up(qube))
        if rest:
            # Qubes takes this feature away together with the network.
            kept = {key: qube.features[key] for key in ("servicevm",) if key in qube.features}
            state = present_state(replace(rest, features=kept), frozenset(), "released")
            yield replace(state, requires=(id_of("qube", qube.name),))


def ordered(kept: Mapping[str, Qube], sequence: Iterable[str]) -> Iterator[State]:
    """The states of the qubes in their sequence, and of what can be set on some only later:
    as soon as whomever that names is made, for whoever comes next may inherit it."""
    known, waiting = managed_names(kept), set(kept)
    pending: dict[str, Qube] = {}
    settled: set[str] = set()
    for name in sequence:
        waiting.discard(name)
        now, then = order.split_late(kept[name], frozenset(waiting))
        if name in known:
            yield present_state(now, known, after=settled & {now.source})
        pending |= {name: then} if then else {}
        for other in [key for key, rest in pending.items() if not references_of(rest) & waiting]:
            settled.add(other)
            yield present_state(pending.pop(other), known, "later")


def references_of(qube: Qube) -> set[str]:
    """The names of the other qubes that this one names."""
    return {found.name for found in references.references(qube)} - {qube.name}


def managed_names(kept: Mapping[str, Qube]) -> frozenset[str]:
    """The names of the qubes that have a state to require."""
    return frozenset(name for name, qube in kept.items() if qube.managed)


def present_state(
    qube: Qube, known: frozenset[str], *when: str, after: Iterable[str] = ()
) -> State:
    """The state that makes one qube as declared; ``after`` names those that are settled before.

    :param when: ``later`` or ``freed``, where it is not the qube's first state
    """
    needed = sorted(references_of(qube) & known) + ([qube.name] if when == ("later",) else [])
    return State(
        id=id_of("qube", qube.name, *when),
        function="template_installed" if qube.install else "present",
        name=qube.name,
        arguments=arguments(qube),
        requires=(
            *(id_of("qube", name) for name in needed),
            *(id_of("qube", name, "later") for name in after),
        ),
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
        "containers": containers(qube) if qube.all_containers else None,
        "restart": None if qube.restart == "never" else qube.restart,
        "running": False if qube.running is False else None,
        "adopt": qube.adopt or None,
        "existing": qube.existing or None,
        "protect": qube.protect,
    }
    return {key: value for key, value in said.items() if value not in (None, {})}


def containers(qube: Qube) -> dict[str, Any] | list[str]:
    """The containers of the qube and their wires; an empty list says that it has none."""
    found: dict[str, dict[str, Any]] = {name: {} for name in fleet_containers.parts_of(qube)}
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


def absent_states(fleet: Fleet, found: Mapping[str, Qube]) -> list[State]:
    """The states after which no qube that is to go is there.

    Each goes before those that it uses. Two may name each other, and Qubes removes neither
    then: so whoever goes later first lets go of whoever goes earlier.
    """
    gone = {name: found.get(name, Qube(name)) for name, qube in fleet.all.items() if qube.absent}
    sequence = order.dependency_order(gone)[::-1]
    freed = [
        present_state(
            replace(held, prefs=dict.fromkeys(held.prefs, ""), adopt=fleet.all[name].adopt),
            frozenset(),
            "freed",
        )
        for at, name in enumerate(sequence)
        if (held := order.split_late(gone[name], frozenset(sequence[:at]))[1])
    ]
    going = [
        absent_state(
            fleet.all[name],
            [
                id_of("qube", user, "absent" if before < at else "freed")
                for before, user in enumerate(sequence)
                if user != name and name in references_of(gone[user])
            ],
        )
        for at, name in enumerate(sequence)
    ]
    return freed + going


def absent_state(qube: Qube, after: Iterable[str] = ()) -> State:
    """The state after which the qube is not there; ``after`` are the states that let go of it."""
    said = {"adopt": qube.adopt or None, "protect": qube.protect, "running": qube.running}
    given = {key: value for key, value in said.items() if value is not None}
    return State(id_of("qube", qube.name, "absent"), "absent", qube.name, given, tuple(after))
