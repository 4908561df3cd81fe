# SPDX-License-Identifier: MIT
"""A socat as new as that of NixOS, which the relays of calls need; `make sockets` puts it there."""

import shutil
from pathlib import Path

#: With all that it needs, so that it runs wherever this directory is, under any path.
DIRECTORY = Path(__file__).resolve().parent.parent / "build" / "socat"


def missing(*programs):
    """What is not there, of this and of further programs, as the reason to skip a test."""
    names = [program for program in programs if not shutil.which(program)]
    if not (DIRECTORY / "socat").exists():
        names.insert(0, "socat 1.8: `make sockets`")
    return f"there is no {' and no '.join(names)}" if names else ""
