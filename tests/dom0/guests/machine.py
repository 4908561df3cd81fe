# SPDX-License-Identifier: MIT
"""A guest that boots: a NixOS in systemd-nspawn, whose first process is its own.

Everything about it lies in a directory, so that whoever has that finds the machine running:

    root/       its root file system
    rw/         what outlives it
    qubesdb/    what dom0 says to it, a file for each path
    qrexec/     sockets, each a call into another qube that is allowed
    console     what it printed while it booted
    pid         of systemd-nspawn, while it runs
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

NEEDED = ("systemd-nspawn", "nsenter", "pgrep", "nix-store")
SW = "/run/current-system/sw/bin"
INIT = "/nix/var/nix/profiles/system/init"
NSPAWN = (
    *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network"),
    *("--capability=all", "--console=pipe", "--kill-signal=SIGKILL", "--resolv-conf=off"),
    *("--timezone=off", "--link-journal=no"),
)
#: Else a container in it could not have a /proc and cgroups of its own.
SETTINGS = {"SYSTEMD_NSPAWN_API_VFS_WRITABLE": "yes", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
#: Seconds for a machine to boot, or to halt, with all its containers.
PATIENCE = 120


class Machine:
    """The qube of that name, in a directory of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.root = place / "root"

    def install(self, root: Path) -> None:
        """Its root file system is a copy of this one; the store, which never changes, by links."""
        self.discard()
        (self.root / "nix").mkdir(parents=True)
        store = Path("nix") / "store"
        subprocess.run(["cp", "--archive", "--link", root / store, self.root / store], check=True)
        rest = [path for path in root.iterdir() if path.name not in ("nix", "ready")]
        for path in (root / "nix" / "var", *rest):
            subprocess.run(
                ["cp", "--archive", path, self.root / path.relative_to(root)], check=True
            )

    def discard(self) -> None:
        """Its root file system is gone."""
        if self.root.exists():
            # NixOS makes it immutable.
            subprocess.run(
                ["chattr", "-i", self.root / "var" / "empty"], check=False, capture_output=True
            )
            shutil.rmtree(self.root)
        shutil.rmtree(self.place, ignore_errors=True)

    def prepare(self, services: Iterable[str]) -> None:
        """What dom0 says to it before it starts: the services of it that are on."""
        for name in ("rw", "qrexec", "qubesdb/vm-config"):
            (self.place / name).mkdir(parents=True, exist_ok=True)
        for name in ("rw", "qrexec", "qubesdb"):
            (self.root / name).mkdir(exist_ok=True)
        flags = self.place / "qubesdb" / "qubes-service"
        shutil.rmtree(flags, ignore_errors=True)
        flags.mkdir()
        for name in services:
            (flags / name).write_text("1")
        changes = self.place / "qubesdb" / "changes"
        if not changes.exists():
            os.mkfifo(changes)

    def start(self, services: Iterable[str] = ()) -> None:
        """It has booted: all that is to start by itself has been started."""
        self.prepare(services)
        binds = [f"--bind={self.place / name}:/{name}" for name in ("rw", "qrexec", "qubesdb")]
        argv = [*NSPAWN, f"--machine={self.place.name}", f"--directory={self.root}", *binds, INIT]
        with (self.place / "console").open("w") as console:
            process = subprocess.Popen(
                argv,
                env={**os.environ, **SETTINGS},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        (self.place / "pid").write_text(str(process.pid))
        until(lambda: process.poll() is not None or self._up(), PATIENCE, self.console)
        assert process.poll() is None, self.console()

    def _up(self) -> bool:
        if not self.leader:
            return False
        told = self.run("systemctl", "is-system-running", check=False).stdout.decode().strip()
        return told in ("running", "degraded")

    def console(self) -> str:
        """What it printed."""
        return (self.place / "console").read_text(errors="replace")

    @property
    def leader(self) -> str:
        """Its first process, as the machine that it is on numbers it; nothing if it is off."""
        with contextlib.suppress(FileNotFoundError):
            nspawn = (self.place / "pid").read_text()
            found = subprocess.run(
                ["pgrep", "-P", nspawn], capture_output=True, text=True, check=False
            )
            return next(iter(found.stdout.split()), "")
        return ""

    def halt(self) -> None:
        """It has shut down as it does by itself."""
        self.run(
            "systemctl", "start", "--no-block", "--job-mode=replace-irreversibly", "halt.target"
        )
        until(lambda: not self.leader, PATIENCE, self.console)
        (self.place / "pid").unlink()

    def kill(self) -> None:
        """Nothing of it runs any more."""
        leader = self.leader
        if leader:
            # Everything in it dies with its first process, which outlives systemd-nspawn.
            os.kill(int(leader), signal.SIGKILL)
            until(lambda: not self.leader, PATIENCE)
        (self.place / "pid").unlink(missing_ok=True)

    def command(
        self, argv: Sequence[str], user: str = "root", *, caller: str = "dom0"
    ) -> list[str]:
        """The command that runs this one in it, as a service of qrexec is run for a caller."""
        home = "/root" if user == "root" else f"/home/{user}"
        env = [f"{SW}/env", "-i", f"PATH={SW}", f"HOME={home}", f"USER={user}"]
        env.append(f"QREXEC_REMOTE_DOMAIN={caller}")
        become = (
            []
            if user == "root"
            else [f"{SW}/setpriv", f"--reuid={user}", "--regid=users", "--init-groups"]
        )
        spaces = ("--mount", "--uts", "--ipc", "--net", "--pid")
        return ["nsenter", f"--target={self.leader}", *spaces, "--", *become, *env, *argv]

    def run(self, *argv: str, check: bool = True, data: bytes | None = None, user: str = "root"):
        """The completed process of a program that ran in it."""
        argv_here = self.command(argv, user)
        given = {"stdin": subprocess.DEVNULL} if data is None else {"input": data}
        return subprocess.run(argv_here, capture_output=True, check=check, timeout=300, **given)

    def says(self, *argv: str, **how) -> str:
        """What a program in it prints."""
        return self.run(*argv, **how).stdout.decode(errors="replace").strip()

    def inside(
        self,
        container: str,
        *argv: str,
        user: str = "root",
        check: bool = True,
        data: bytes | None = None,
    ):
        """The completed process of a program that ran in one of its containers."""
        return self.run("tesseraqt-enter", "-u", user, container, *argv, check=check, data=data)

    def asked(self, container: str, *argv: str, user: str = "root") -> str:
        """What a program in one of its containers prints, on either stream."""
        told = self.inside(container, *argv, user=user, check=False)
        return (told.stdout + told.stderr).decode().strip()

    def tell(self, container: str, wires: str) -> None:
        """dom0 says where the slots of a container lead, and the machine hears of it."""
        (self.place / "qubesdb" / "vm-config" / f"tesseraqt-{container}").write_text(wires)
        self.notify()

    def notify(self) -> None:
        """It hears that something in QubesDB has changed, if it listens."""
        with contextlib.suppress(OSError):
            changes = os.open(self.place / "qubesdb" / "changes", os.O_WRONLY | os.O_NONBLOCK)
            os.write(changes, b"/vm-config/\n")
            os.close(changes)

    def offer(self, target: str, service: str, answer: Callable[[socket.socket], object]) -> Path:
        """Calls of a service of another qube go to ``answer``; where its socket is."""
        address = self.place / "qrexec" / f"{target} {service}"
        address.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(address))
        address.chmod(0o666)
        listener.listen(64)
        threading.Thread(target=_accept, args=(listener, answer), daemon=True).start()
        return address

    def active(self, unit: str) -> bool:
        """Whether one of its units is."""
        return self.run("systemctl", "is-active", "--quiet", unit, check=False).returncode == 0

    def property(self, unit: str, name: str) -> str:
        """What its systemd says of a unit."""
        return self.says("systemctl", "show", f"--property={name}", "--value", unit)


def _accept(listener: socket.socket, answer: Callable[[socket.socket], object]) -> None:
    while True:
        caller, _ = listener.accept()
        threading.Thread(target=_answered, args=(caller, answer), daemon=True).start()


def _answered(caller: socket.socket, answer: Callable[[socket.socket], object]) -> None:
    with caller:
        answer(caller)


def until(
    condition: Callable[[], object], seconds: float = 30, why: Callable[[], str] = str
) -> None:
    """The condition holds, after some seconds at most."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)
