# SPDX-License-Identifier: MIT
"""How a guest can misbehave: by the word in its file ``manner``."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def misbehave(path: Path) -> int | None:
    """The exit code of a guest that does not run what it is told; ``None`` if it does."""
    manner = path / "manner"
    if not manner.exists():
        return None
    word, _, rest = manner.read_text().partition(" ")
    if word == "late":
        left = int(rest)
        manner.write_text(f"late {left - 1}") if left > 1 else manner.unlink()
        print("qrexec agent is not there yet", file=sys.stderr)
        return 126
    return MANNERS[word]()


def mute() -> int:
    """Takes the call, and that is all."""
    time.sleep(3600)
    return 0


def flood() -> int:
    """Answers as long as anybody listens."""
    while True:
        os.write(1, b"nonsense\n" * 4096)


def chatter() -> int:
    """Logs escape sequences as long as anybody listens."""
    while True:
        os.write(2, b"\x1b]0;gotcha\x07\x1b[2J\r\xff nonsense\n" * 1024)


def lie() -> int:
    """Says that all is well, without having read what it was asked."""
    os.write(1, b"tree=new\ncode=0\ngeneration=1\ndone=" + b"0" * 32 + b"\n")
    return 0


def die() -> int:
    """Goes away in the middle of a word."""
    os.write(1, b"syst")
    os.kill(os.getpid(), 9)
    return 0


MANNERS = {"mute": mute, "flood": flood, "chatter": chatter, "lie": lie, "die": die}
