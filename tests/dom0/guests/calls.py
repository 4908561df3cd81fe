# SPDX-License-Identifier: MIT
"""qrexec between the simulated guests of one dom0: a daemon that policy tells what to let through.

``python calls.py WORLD`` serves until it is killed. A caller hands over its socket, as
``qrexec-client-vm --use-stdin-socket`` does; data is carried both ways between that and the
service in the other guest, each direction ended by itself, until the service has ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

if __name__ == "__main__":
    tests = Path(__file__).resolve().parent.parent.parent
    sys.path[:0] = [str(tests / "dom0"), str(tests)]

from programs import qrexec_policy
from world import World

from guests import booting, wired

REFUSED, MISSING = 126, 127
BLOCK = 1 << 18


def address(path: str | os.PathLike) -> str:
    """Where the daemon of the simulated dom0 in that directory listens."""
    return "\0tesseraqt-" + hashlib.sha256(str(path).encode()).hexdigest()[:24]


def serve(world: World) -> None:
    """Every caller is served, each in a thread of its own."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address(world.path))
    listener.listen(64)
    print("ready", flush=True)
    while True:
        caller, _ = listener.accept()
        threading.Thread(target=_served, args=(world, caller), daemon=True).start()


def _served(world: World, caller: socket.socket) -> None:
    with caller:
        text, fds, _, _ = socket.recv_fds(caller, 65536, 2)
        try:
            code = call(world, json.loads(text), fds)
        finally:
            for fd in fds:
                os.close(fd)
        with contextlib.suppress(OSError):
            caller.sendall(str(code).encode())


def call(world: World, asked: dict, fds: list[int]) -> int:
    """The exit code of a call: policy let it through and it ended, or it did not."""
    service, _, argument = asked["service"].partition("+")
    about = qrexec_policy.Call(service, argument, asked["source"], asked["target"])
    try:
        found = qrexec_policy.evaluate([world.policy], about, system(world))
        if found.action == "ask" and not _answer(world, about):
            raise qrexec_policy.Denied("denied by the user")
    except qrexec_policy.Denied:
        return REFUSED
    if world.qube(found.target)["power"] == "Halted":
        world.power(found.target, "Running")
    booted = booting.directory(world) is not None
    guest = (
        booting.running(world, found.target) if booted else wired.Guest(world.path, found.target)
    )
    program = guest.service(service, argument)
    if program is None:
        return MISSING
    argv = guest.called([program, argument], asked["source"])
    return carry(argv, fds, halves=asked["socket"])


def system(world: World) -> dict[str, dict]:
    """What policy is told of every qube."""
    found = {}
    for name in world.qubes():
        qube = world.qube(name)
        found[name] = {
            "tags": qube["tags"],
            "type": qube["klass"],
            "template_for_dispvms": qube["properties"].get("template_for_dispvms", False),
            "power_state": qube["power"],
        }
    return found


def _answer(world: World, call: qrexec_policy.Call) -> bool:
    """What a person says to the question, which is noted: no, unless a file says yes."""
    with open(world.path / "asked", "a") as notes:
        notes.write(f"{call.source} {call.target} {call.argument}\n")
    return (world.path / "answer").exists()


def carry(argv: list[str], fds: list[int], *, halves: bool) -> int:
    """The exit code of the service, once it has ended and all that it said is handed on."""
    # Sockets, as the agent has it (libqrexec/exec.c): a service may shut one of them down.
    (there, stdin), (back, stdout) = (map(_detached, socket.socketpair()) for _ in range(2))
    process = subprocess.Popen(argv, stdin=stdin, stdout=stdout)
    os.close(stdin)
    os.close(stdout)
    threading.Thread(target=_pump, args=(fds[0], there, True), daemon=True).start()
    _pump(back, fds[-1], False)
    if halves:
        _say_end(fds[-1])
    code = process.wait()
    # whoever still has something to say to a service that has ended hears of it
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(fds[0])) as end:
        end.shutdown(socket.SHUT_RDWR)
    return code


def _detached(end: socket.socket) -> int:
    return end.detach()


def _say_end(fd: int) -> None:
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(fd)) as end:
        end.shutdown(socket.SHUT_WR)


def _pump(source: int, target: int, close: bool) -> None:
    """All that comes from the source has gone to the target."""
    with contextlib.suppress(OSError):
        while block := os.read(source, BLOCK):
            while block:
                block = block[os.write(target, block) :]
    os.close(target if close else source)


if __name__ == "__main__":
    serve(World(sys.argv[1]))
