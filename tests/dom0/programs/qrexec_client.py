# SPDX-License-Identifier: MIT
"""qrexec-client: the way from dom0 into a qube; it ends here unless the qube is a NixOS root."""

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from guests import booting
from guests.guest import Guest
from guests.hostile import misbehave
from world import World

_DISCONNECTED = 125
_NO_SERVICE = 127

_parser = argparse.ArgumentParser(prog="qrexec-client")
_parser.add_argument("-d", dest="qube", required=True)
_parser.add_argument("-p", dest="before", default="")
_parser.add_argument("-w", dest="patience")
for _flag in ("-t", "-T", "-e"):
    _parser.add_argument(_flag, action="store_true")
_parser.add_argument("call")


def main() -> int:
    """The exit code of the service, which ran in the qube."""
    args = _parser.parse_args()
    world = World(os.environ["TESSERAQT_DOM0"])
    qube = world.qube(args.qube)
    system = world.qube(_root(world, args.qube))["features"].get("os-distribution")
    if system != "nixos" or not shutil.which("nix-build"):
        print(f"qrexec-client: nothing runs in simulated qubes: {args.call}", file=sys.stderr)
        return _DISCONNECTED
    boots = booting.directory(world) is not None
    argv = _command(args, "/bin/sh" if boots else "/bin/bash")
    if argv is None:
        return _NO_SERVICE
    if boots:
        return subprocess.run(
            booting.running(world, args.qube).command(argv), check=False
        ).returncode
    guest = _guest(world, args.qube)
    guest.path.mkdir(parents=True, exist_ok=True)
    with _noted(guest.path):
        code = misbehave(guest.path)
        if code is not None:
            return code
        guest.install()
        guest.boot(str(qube.get("start_time")), _services(qube))
        return guest.run(argv)


def _root(world: World, name: str) -> str:
    """Whose root volume the qube has."""
    while template := world.qube(name)["properties"].get("template"):
        name = template
    return name


def _guest(world: World, name: str) -> Guest:
    """What runs in the qube."""
    root, place = _root(world, name), world.path / "guests"
    return Guest(place / name, None if root == name else Guest(place / root))


@contextlib.contextmanager
def _noted(path: Path) -> Iterator[None]:
    """Beginning and end of the stream stand in a file; who is killed has no end there."""
    with open(path.parent / "streams", "a", buffering=1) as notes:
        notes.write(f"begin {path.name}\n")
        yield
        notes.write(f"end {path.name}\n")


def _command(args: argparse.Namespace, shell: str) -> list[str] | None:
    """What the service runs; ``None`` if there is no such service."""
    service, _, argument = args.call.split(" ")[1].partition("+")
    if service in ("qubes.VMExec", "qubes.VMRootExec"):
        return [_decoded(part) for part in argument.split("+")]
    if service in ("qubes.VMShell", "qubes.VMRootShell"):
        return [shell, *(["-c", args.before] if args.before else [])]
    return None


def _decoded(part: str) -> str:
    """An argument as it was before ``qubesadmin.utils.encode_for_vmexec``."""

    def plain(match: re.Match) -> str:
        return "-" if match[0] == "--" else chr(int(match[0][1:], 16))

    return re.sub("--|-[0-9A-F]{2}", plain, part)


def _services(qube: dict) -> list[str]:
    """The services that are on."""
    on = [name for name, value in qube["features"].items() if value]
    return [name.removeprefix("service.") for name in on if name.startswith("service.")]


if __name__ == "__main__":
    sys.exit(main())
