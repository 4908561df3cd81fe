# SPDX-License-Identifier: MIT
"""The Salt states of power: who is halted and started, in which order, and for what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.sls.seen import Seen
from tesseraqt_lib.sls.state import State, id_of

#: Those that are off while others change, and those of them that run again afterwards.
HALTED, STARTED = id_of("halted-for-change"), id_of("started-again")
#: The same for restarts.
FOR_RESTART, RESTARTED = id_of("halted-for-restart"), id_of("started-again", "restart")
#: The machine's own properties that qubes follow.
DEFAULTS = ("default_dispvm", "default_netvm")


def states(fleet: Fleet, sequence: Sequence[Qube], seen: Seen) -> list[State]:
    """Who is to be halted, each before its netvm, then who is to run, each after it, and then
    what could be set only then.

    :param sequence: the qubes that stay, each after those that it needs
    """
    halting = {qube.name: qube for qube in sequence if qube.running is False}
    return [
        *(power_state(halting[name]) for name in seen.leaf_first(halting.values())),
        *(power_state(qube) for qube in sequence if qube.running),
        *attached_states(fleet, sequence, seen),
        *late_globals(fleet, seen),
    ]


def power_state(qube: Qube) -> State:
    """The state after which the qube runs, or is halted."""
    needed = (id_of("qube", qube.name),) if replace(qube, running=None).managed else ()
    function = "running" if qube.running else "halted"
    return State(id_of("qube", qube.name, function), function, qube.name, {}, needed)


def around_changes(
    names: Sequence[str], kept: Mapping[str, Qube]
) -> tuple[list[State], list[State]]:
    """The state that halts these qubes while others change, and the one after which they run again.

    :param names: each before whoever serves it
    """
    if not names:
        return [], []
    off = [name for name in names if kept[name].running is False]
    again = [name for name in reversed(names) if name not in off]
    adopt = [name for name in names if kept[name].adopt]
    more = {"for_good": off, "adopt": adopt}
    said = {"qubes": list(names), **{key: found for key, found in more.items() if found}}
    started = {"qubes": again, **({"adopt": adopt} if adopt else {})}
    return (
        [State(HALTED, "halted_for_change", HALTED, said)],
        [State(STARTED, "started_again", STARTED, started)] if again else [],
    )


def around_restarts(
    names: Sequence[str], restarts: Mapping[str, State]
) -> tuple[list[State], list[State]]:
    """The state that halts chains of these qubes for a restart, and the one after which all run.

    :param names: the qubes that may be restarted, each after those that serve it
    :param restarts: the states ``restarted`` by qube
    """
    systems = {name: dict(restarts[name].arguments) for name in names if name in restarts}
    if not systems:
        return [], []
    halted = {"systems": systems, "qubes": list(names)}
    return (
        [State(FOR_RESTART, "halted_for_restart", FOR_RESTART, halted)],
        [State(RESTARTED, "started_again", RESTARTED, {"qubes": list(names)})],
    )


def attached_states(fleet: Fleet, sequence: Iterable[Qube], seen: Seen) -> Iterator[State]:
    """The states in which qubes that run get a netvm that did not, with the rules for it."""
    for qube in sequence:
        if netvm := seen.awaited_netvm(qube, fleet):
            said = {"firewall": None if qube.firewall is None else list(qube.firewall)}
            given = {key: value for key, value in said.items() if value is not None}
            yield State(
                id_of("qube", qube.name, "attached"),
                "present",
                qube.name,
                {"prefs": {"netvm": netvm}, **given},
                (id_of("qube", qube.name), id_of("qube", netvm, "running")),
                Qube(qube.name, prefs={"netvm": netvm}, firewall=qube.firewall),
            )


def awaited_default(fleet: Fleet, seen: Seen) -> str:
    """The declared default netvm, if it is off and declared to run; else empty.

    Qubes attaches all that run and follow it.
    """
    name = fleet.globals.get("default_netvm") or ""
    server = fleet.all.get(name)
    return name if server and server.running and seen.off(name) else ""


def early_globals(fleet: Fleet, seen: Seen) -> Iterator[State]:
    """The state of the machine's own properties, if any is declared."""
    late = {*narrowing(fleet), *(("default_netvm",) if awaited_default(fleet, seen) else ())}
    if first := {key: value for key, value in fleet.globals.items() if key not in late}:
        yield global_state(fleet, first, id_of("globals"))


def narrowing(fleet: Fleet) -> dict[str, str | None]:
    """Those of the machine's own properties that take network, or disposables, from whoever
    follows them: new qubes would have the old ones until then."""
    return {key: value for key, value in fleet.globals.items() if key in DEFAULTS and value == ""}


def narrowed_globals(fleet: Fleet) -> Iterator[State]:
    """The state of these properties, before any qube changes."""
    if first := narrowing(fleet):
        yield global_state(fleet, first, id_of("globals", "narrowed"))


def late_globals(fleet: Fleet, seen: Seen) -> Iterator[State]:
    """The state of the default netvm, if it could be set only once it runs."""
    if name := awaited_default(fleet, seen):
        prefs = {"default_netvm": name}
        yield global_state(fleet, prefs, id_of("globals", "later"), id_of("qube", name, "running"))


def global_state(fleet: Fleet, prefs: Mapping[str, str | None], id_: str, *after: str) -> State:
    """The state of these properties of the machine, once the qubes that they name are there."""
    named = {value for value in prefs.values() if value}
    known = (name for name, qube in fleet.all.items() if qube.managed and not qube.absent)
    needed = [id_of("qube", name) for name in sorted(named.intersection(known))]
    return State(id_, "globals", id_, {"prefs": dict(prefs)}, (*needed, *after))
