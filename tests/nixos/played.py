# SPDX-License-Identifier: MIT
"""What Qubes has in a qube, played: QubesDB by files in one directory ($QDB), and qrexec."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import new_socat
from nix_evaluation import HERE, NIXOS

#: How many calls of one consumer the APIs of these tests take at once.
LIMITS = "limits='db.sql=8 other.sql=8'\n"

#: See qubesdb-cmd.c: 2 says that there is no such entry.
QUBESDB_READ = """#!/bin/sh
[ ! -e "$QDB/down" ] || exit 1
cat "$QDB/$(basename "$1")" 2> /dev/null || exit 2
"""

#: As the real one, it does not flush what it says; it ends when it is told so.
QUBESDB_WATCH = """#!/usr/bin/python3
import os, sys
assert sys.argv[1:] == ["-n", "-1", "/vm-config/"], sys.argv
for line in open(os.environ["QDB"] + "/changes"):
    if line == "end\\n":
        sys.exit(1)
    print("/vm-config/" + line, end="")
"""


class Qube:
    """Where the scripts of wires find everything below one directory."""

    def __init__(self, place):
        self.place = place
        self.run = place / "run"
        self.programs = place / "bin"
        self.programs.mkdir(parents=True)
        client = self.programs / "qrexec-client-vm"
        client.write_text(f'#!/bin/sh\nexec {sys.executable} {HERE}/qrexec_client_vm.py "$@"\n')
        client.chmod(0o755)
        self.allow()
        self.env = {
            **os.environ,
            "PATH": f"{self.programs}:{new_socat.DIRECTORY}:{os.environ['PATH']}",
            "QREXEC": str(place),
            "QREXEC_REMOTE_DOMAIN": "work",
        }
        (self.run / "callers").mkdir(parents=True)
        self.api, self.relay = self.script("api.sh", LIMITS), self.script("slot-relay.sh")
        self.processes = []

    def script(self, name, before=""):
        text = before + (NIXOS / name).read_text().replace("/run/tesseraqt", str(self.run))
        (self.place / name).write_text(text)
        return self.place / name

    def allow(self, *calls):
        (self.place / "allowed").write_text("\n".join(calls))

    def lead(self, slot, target, limit=8):
        """What tesseraqt-wires notes of a slot."""
        note = self.run / "wires" / slot
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"{target} {limit}\n")

    def provide(self, api, serve):
        """A server behind an API; ``serve`` gets each connection."""
        path = self.run / "api" / api.replace(".", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(64)
        threading.Thread(target=accept, args=(listener, serve), daemon=True).start()
        return path

    def listen(self, slot):
        """The socket of a slot, as its unit has it."""
        path = self.place / slot.replace("/", ".")
        wait_for(lambda: not listening(path))
        argv = ["systemd-socket-activate", f"--listen={path}"]
        variables = [f"--setenv={name}={self.env[name]}" for name in ("PATH", "QREXEC")]
        process = subprocess.Popen(
            [*argv, *variables, "bash", str(self.relay), slot],
            stderr=subprocess.DEVNULL,
            env=self.env,
            start_new_session=True,
        )
        self.processes.append(process)
        wait_for(lambda: listening(path))
        return path

    def serve(self, api, caller="work"):
        """The qrexec service for a call of this qube that goes on."""
        process = subprocess.Popen(
            ["bash", self.api, api],
            env={**self.env, "QREXEC_REMOTE_DOMAIN": caller},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def close(self):
        """Nothing that was started here runs any more."""
        while self.processes:
            process = self.processes.pop()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def accept(listener, serve):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def listening(path):
    """Whether the socket takes calls; it is there a moment before."""
    lines = Path("/proc/net/unix").read_text().splitlines()
    return any(line.endswith(f" {path}") and line.split()[3] == "00010000" for line in lines)


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def put(directory, programs):
    """Each of the programs is in the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in programs.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o755)
