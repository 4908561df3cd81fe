# SPDX-License-Identifier: MIT
"""Guests that boot, in a simulated dom0: the NixOS of its templates, and of the qubes on them.

A simulated dom0 has them if there is a file ``machines`` in its directory: the path of a directory
with a short name, in which ``template`` is a root file system to boot the first template from.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from world import World

from guests.machine import Machine


def directory(world: World) -> Path | None:
    """The directory of the machines, if guests of this dom0 boot."""
    note = world.path / "machines"
    return Path(note.read_text()) if note.exists() else None


def running(world: World, name: str) -> Guest:
    """The machine of a qube that runs, as it was started last: booted now, if it was not yet."""
    place = directory(world)
    assert place is not None
    qube, machine = world.qube(name), Guest(place / name)
    start = machine.place / "started"
    if not (start.exists() and start.read_text() == str(qube["start_time"]) and machine.leader):
        _halted(machine)
        _root(place, qube, machine)
        machine.start(write_qubesdb(machine, qube))
        start.write_text(str(qube["start_time"]))
    else:
        write_qubesdb(machine, qube)
    return machine


def write_qubesdb(machine: Machine, qube: dict) -> list[str]:
    """What dom0 says to a qube is in its QubesDB; returned are the services that are on."""
    values = machine.place / "qubesdb" / "vm-config"
    values.mkdir(parents=True, exist_ok=True)
    said = {
        name.removeprefix("vm-config."): value
        for name, value in qube["features"].items()
        if name.startswith("vm-config.")
    }
    for path in values.iterdir():
        if path.name not in said:
            path.unlink()
    for name, value in said.items():
        (values / name).write_text(value)
    if machine.leader:
        machine.notify()
    on = [name for name, value in qube["features"].items() if name.startswith("service.") and value]
    return [name.removeprefix("service.") for name in on]


def _halted(machine: Machine) -> None:
    if machine.leader:
        machine.halt()


def _root(place: Path, qube: dict, machine: Machine) -> None:
    """A template or standalone qube keeps its root; others start from that of their template."""
    if qube["klass"] in ("TemplateVM", "StandaloneVM"):
        if not machine.root.exists():
            machine.install(place / "template")
        return
    template = Machine(place / qube["properties"]["template"])
    _halted(template)
    machine.install(template.root)


class Guest(Machine):
    """A machine whose calls into other qubes go through the dom0 that it is in."""

    def service(self, name: str, argument: str) -> str | None:
        """The program of a service, as the guest knows it."""
        names = [
            f"/{place}/qubes-rpc/{one}"
            for place in ("run", "etc")
            for one in (f"{name}+{argument}", name)
        ]
        found = (one for one in names if self.run("test", "-e", one, check=False).returncode == 0)
        return next(found, None)

    def called(self, argv: Sequence[str], caller: str) -> list[str]:
        """The command that runs a service for another qube: as the one person who uses this one."""
        return self.command(argv, "user", caller=caller)


def serve(world: World, source: str, target: str, service: str) -> None:
    """Calls of a service go out of a machine into dom0, where policy says what becomes of each."""
    from guests import calls

    asked = {"source": source, "target": target, "service": service, "socket": True}
    running(world, source).offer(
        target, service, lambda caller: calls.call(world, asked, [caller.fileno()])
    )
