# SPDX-License-Identifier: MIT
"""Machines that boot from one root, and calls between them."""

import shutil
import tempfile
from pathlib import Path

import simulated_dom0
import yaml
from nix_evaluation import HERE
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.roots import system_json
from tesseraqt_lib.run import validate

simulated_dom0.importable()

from guests import calls  # noqa: E402
from guests.machine import NEEDED, Machine, until  # noqa: E402

__all__ = [
    "NEEDED",
    "Machine",
    "Machines",
    "counted",
    "document",
    "fleet",
    "said",
    "services",
    "until",
]


def fleet():
    """The fleet of these tests, as a person declares it."""
    return yaml.safe_load((HERE / "machine_fleet.yaml").read_text())


def document(pillar, root="nixos"):
    """``system.json`` of a root, as the project renders it."""
    problems = Problems()
    declared = validate.alone(pillar, problems)
    assert [str(problem) for problem in problems.found] == []
    return system_json.document(declared, root)


def services(pillar, qube):
    """The services of a qube that are on because of its containers."""
    return [f"tesseraqt-{name}" for name in pillar["qubes"][qube]["containers"]]


def said(pillar, qube):
    """What dom0 says in QubesDB of each container of a qube."""
    wires = pillar["qubes"][qube]["containers"]
    told = {}
    for name, slots in wires.items():
        ends = {
            slot: end["to"] if isinstance(end, dict) else end for slot, end in (slots or {}).items()
        }
        told[name] = " ".join(f"{slot}={end}" for slot, end in ends.items())
    return {name: text for name, text in told.items() if text}


class Machines:
    """Machines, each in a directory with a short name, for the addresses of sockets are short."""

    def __init__(self):
        self.place = Path(tempfile.mkdtemp(prefix="q", dir="/tmp"))
        self.made = {}

    def boot(self, name, root, services=(), wires=()):
        """A machine of this name, booted from a copy of the root."""
        machine = self.made[name] = Machine(self.place / name)
        machine.install(root)
        machine.prepare(services)
        for container, text in dict(wires).items():
            (machine.place / "qubesdb" / "vm-config" / f"tesseraqt-{container}").write_text(text)
        machine.start(services)
        return machine

    def allow(self, source, target, service):
        """Policy lets one machine call a service of another."""
        name, _, argument = service.partition("+")
        argv = self.made[target].command(
            [f"/run/qubes-rpc/{name}", argument], "user", caller=source
        )
        return self.made[source].offer(
            target, service, lambda caller: calls.carry(argv, [caller.fileno()], halves=True)
        )

    def close(self):
        for machine in self.made.values():
            machine.kill()
            machine.discard()
        shutil.rmtree(self.place, ignore_errors=True)


def counted(machine, where, text=b"four"):
    """What is answered to a caller in `app` that says something, and then no more."""
    argv = ("socat", "-t", "20", "STDIO", f"UNIX-CONNECT:{where}")
    return machine.inside("app", *argv, data=text, check=False).stdout.strip()
