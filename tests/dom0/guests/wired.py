# SPDX-License-Identifier: MIT
"""The part of a guest that wires need: a /run of its own, and the scripts of the NixOS module.

Programs are the machine's, but for those of ``bin`` here: the client of qrexec, of QubesDB,
and as much of ``systemctl`` as starts and stops the sockets of slots.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import new_socat

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE.parent.parent.parent / "salt" / "tesseraqt" / "files" / "nixos"
#: In a mount namespace of its own, a directory is /run, and then a command runs.
ENTER = 'mount --bind "$1" /run; shift; exec "$@"'
RPC = "qubes-rpc"


class Guest:
    """One qube of a simulated dom0, as far as wires go."""

    def __init__(self, world: Path, name: str) -> None:
        self.world, self.name = world, name
        self.run = world / "guests" / name / "wired"
        self._started: list[subprocess.Popen] = []

    def install(self, slots: Sequence[str], apis: Sequence[str]) -> None:
        """The guest has the service for calls from outside, and watches where its slots lead.

        :param slots: each as ``container/slot``
        :param apis: those of the guest, each as ``container.api``
        """
        rpc = self.run / RPC
        rpc.mkdir(parents=True, exist_ok=True)
        service = rpc / "tesseraqt.Api"
        limits = f"limits={shlex.quote(' '.join(f'{api}=8' for api in apis))}\n"
        service.write_text(f"#!/usr/bin/env bash\n{limits}" + (SCRIPTS / "api.sh").read_text())
        service.chmod(0o755)
        (self.run / "tesseraqt" / "callers").mkdir(parents=True, exist_ok=True)
        for slot in slots:
            (self.run / "tesseraqt" / "slots" / slot).parent.mkdir(parents=True, exist_ok=True)
        said = f"slots={shlex.quote(' '.join(slots))}\n{limits}"
        self.start(["bash", "-c", f"{said}. {shlex.quote(str(SCRIPTS / 'slot-watch.sh'))}"])

    def provide(self, container: str, api: str, argv: Sequence[str]) -> None:
        """Whoever connects to the API talks to a process of this command."""
        self.api(container, api).parent.mkdir(parents=True, exist_ok=True)
        listen = ["systemd-socket-activate", "--accept", "--inetd"]
        inside = f"/run/tesseraqt/api/{container}/{api}"
        self.start([*listen, f"--listen={inside}", "--", *argv])

    def api(self, container: str, api: str) -> Path:
        """Where calls of an API arrive."""
        return self.run / "tesseraqt" / "api" / container / api

    def service(self, name: str, argument: str) -> str | None:
        """The program of a service, as the guest knows it; the one for the argument first."""
        names = (f"{name}+{argument}", name)
        found = (one for one in names if (self.run / RPC / one).exists())
        one = next(found, None)
        return f"/run/{RPC}/{one}" if one else None

    def command(self, argv: Sequence[str], caller: str = "") -> list[str]:
        """The command that runs ``argv`` in the guest, called from another one or not."""
        user = [] if os.geteuid() == 0 else ["--map-root-user"]
        enter = ["sh", "-c", ENTER, "sh", str(self.run)]
        names = [f"TESSERAQT_DOM0={self.world}", f"TESSERAQT_QUBE={self.name}"]
        names.append(f"QREXEC_REMOTE_DOMAIN={caller}")
        path = f"PATH={HERE / 'bin'}:{new_socat.DIRECTORY}:/usr/bin:/bin"
        python = f"TESSERAQT_PYTHON={sys.executable}"
        settings = ["env", "-i", path, python, *names]
        return ["unshare", "--mount", *user, "--propagation=private", *settings, *enter, *argv]

    def called(self, argv: Sequence[str], caller: str) -> list[str]:
        """The command that runs a service for another qube."""
        return self.command(argv, caller)

    def start(self, argv: Sequence[str]) -> None:
        """The command, and whatever it starts, runs in the guest until that is stopped."""
        alone = ["unshare", "--pid", "--fork", "--kill-child"]
        with open(self.run.parent / "journal", "ab") as journal:
            process = subprocess.Popen(
                [*alone, *([] if os.geteuid() == 0 else ["--map-root-user"]), *self.command(argv)],
                stdin=subprocess.DEVNULL,
                stdout=journal,
                stderr=journal,
                start_new_session=True,
            )
        self._started.append(process)

    def journal(self) -> str:
        """What was said in the guest."""
        return (self.run.parent / "journal").read_text()

    def socket(self, slot: str) -> Path:
        """Where a consumer finds a slot, ``container/slot``."""
        return self.run / "tesseraqt" / "slots" / slot

    def connect(self, slot: str) -> socket.socket:
        """A consumer is connected to the slot."""
        path = self.socket(slot)
        # The paths of tests are longer than the address of a socket may be.
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            found = socket.socket(socket.AF_UNIX)
            found.settimeout(60)
            found.connect(f"/proc/self/fd/{directory}/{path.name}")
        finally:
            os.close(directory)
        return found

    def stop(self) -> None:
        """Nothing runs in the guest any more."""
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
