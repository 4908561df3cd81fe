# SPDX-License-Identifier: MIT
"""One guest: the root of a NixOS template or standalone qube, in a directory.

Scripts run in it with the real nix, in a mount namespace of their own; who runs them needs
to be root, or to be allowed user namespaces. What a root is built from is the stand-in for
nixpkgs beside this file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
NIXPKGS = HERE / "nixpkgs"
PLACES = (
    *("usr", "dev", "proc", "etc/alternatives", "etc/nix", "etc/nixos", "sbin", "tmp", "root"),
    *("run", "var/log", "var/lib", "var/nixpkgs", "nix/store", "nix/var/nix/profiles"),
)
FILES = {
    "etc/NIXOS": "",
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/set-environment": "export NIX_PATH=nixpkgs=/var/nixpkgs\n",
    "etc/nix/nix.conf": "build-users-group =\nsandbox = false\nsubstituters =\nmax-jobs = 2\n"
    "experimental-features = nix-command flakes\nwarn-dirty = false\n",
    "etc/nixos/configuration.nix": '{ standIn.label = "a fresh template"; }\n',
}
INSTALL = """set -e
export NIX_PATH=nixpkgs=/var/nixpkgs
export NIX_PATH=$NIX_PATH:nixos-config=/etc/nixos/configuration.nix
built=$(nix-build --no-out-link '<nixpkgs/nixos>' -A system)
nix-env -p /nix/var/nix/profiles/system --set "$built"
"$built/bin/switch-to-configuration" boot
rm /var/log/builds
"""


class Guest:
    """The root of one qube."""

    def __init__(self, path: Path, template: Guest | None = None) -> None:
        """
        :param template: whose root this one is, each time that it starts
        """
        self.path, self.template = path, template
        self.root = path / "root"

    def install(self) -> None:
        """The guest is a fresh NixOS, if it was not there before, or is what its template is."""
        if self.template:
            self.template.install()
            return
        self.path.mkdir(parents=True, exist_ok=True)
        with open(self.path / "installing", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.root.exists():
                self._install()

    def _install(self) -> None:
        new = self.path / "new"
        shutil.rmtree(new, ignore_errors=True)
        for place in PLACES:
            (new / place).mkdir(parents=True)
        for name in ("bin", "lib", "lib64"):
            host = Path("/") / name
            if host.is_symlink():
                (new / name).symlink_to(os.readlink(host))
            elif host.is_dir():
                (new / name).mkdir()
        for name, content in FILES.items():
            (new / name).write_text(content)
        subprocess.run(
            self.command(["/bin/sh", "-c", INSTALL], new), check=True, capture_output=True
        )
        new.rename(self.root)

    def boot(self, start_time: str, services: Sequence[str]) -> None:
        """What a start makes anew was made anew, if the qube was started since."""
        marker = self.path / "booted"
        if marker.exists() and marker.read_text() == start_time:
            return
        if self.template:
            shutil.rmtree(self.root, ignore_errors=True)
            shutil.copytree(self.template.root, self.root, symlinks=True)
        shutil.rmtree(self.root / "run", ignore_errors=True)
        flags = self.root / "run" / "qubes-service"
        flags.mkdir(parents=True)
        for name in services:
            (flags / name).touch()
        for name in ("current-system", "booted-system"):
            target = os.readlink(self.root / "nix/var/nix/profiles/system")
            link = os.readlink(self.root / "nix/var/nix/profiles" / target)
            (self.root / "run" / name).symlink_to(link)
        marker.write_text(start_time)

    def command(self, argv: Sequence[str], root: Path | None = None) -> list[str]:
        """The command that runs ``argv`` in the guest."""
        user = [] if os.geteuid() == 0 else ["--map-root-user"]
        inside = [str(HERE / "enter.sh"), str(root or self.root), str(NIXPKGS)]
        return ["unshare", "--mount", *user, "--propagation=private", *inside, *argv]

    def run(self, argv: Sequence[str]) -> int:
        """The exit code of ``argv``, run in the guest with our stdin, stdout and stderr.

        It is in a session of its own: as in a real qube, it outlives whoever asked for it.
        """
        sessions = self.path / "sessions"
        sessions.mkdir(exist_ok=True)
        process = subprocess.Popen(self.command(argv), start_new_session=True)
        (sessions / str(process.pid)).touch()
        code = process.wait()
        (sessions / str(process.pid)).unlink()
        return code if code >= 0 else 128 - code

    def stop(self) -> None:
        """Nothing runs in the guest any more."""
        for session in (self.path / "sessions").glob("*"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(session.name), signal.SIGKILL)
            session.unlink(missing_ok=True)


def stop_all(place: Path) -> None:
    """Nothing runs in any guest any more."""
    for path in place.glob("*"):
        Guest(path).stop()
