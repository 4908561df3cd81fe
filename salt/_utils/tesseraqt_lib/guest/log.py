# SPDX-License-Identifier: MIT
"""One log a root, in dom0: lines that were made printable before, and never more than so many."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tesseraqt_lib.bounded.files import private_directory

#: Seconds for which lines are gathered before they are written.
GATHERED = 0.5
#: Bytes of them that are written at once in any case.
MANY = 1 << 16
#: When a log has grown to so many bytes, its older half goes.
LIMIT = 1 << 20
#: Seconds between two lines of progress within one phase.
OFTEN = 5.0
#: Seconds after which one is said while nothing is heard.
RARELY = 30.0


class Log:
    """The log of one root, and what a person at a terminal gets to see of it."""

    def __init__(self, path: Path) -> None:
        private_directory(path.parent)
        self.path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(path, flags, 0o600)
        self._size = os.lseek(self._file, 0, os.SEEK_END)
        self._waiting = bytearray()
        self._written = time.monotonic()

    def line(self, text: str) -> None:
        """The line is to stand at the end of the log, soon: many of them are written at once."""
        line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n"
        self._waiting += line.encode("ascii", "replace")
        if len(self._waiting) > MANY or time.monotonic() - self._written > GATHERED:
            self.write()

    def write(self) -> None:
        """Every line stands at the end of the log; if the disk is full, they are gone."""
        lines, self._waiting = bytes(self._waiting), bytearray()
        self._written = time.monotonic()
        with contextlib.suppress(OSError):
            if self._size + len(lines) > LIMIT:
                self._shorten()
            self._size += os.pwrite(self._file, lines, self._size)

    def close(self) -> None:
        """The log is whole, and not written to any more."""
        self.write()
        os.close(self._file)

    def _shorten(self) -> None:
        """The older half of the log is gone."""
        kept = os.pread(self._file, LIMIT // 2, self._size - LIMIT // 2)
        kept = kept[kept.find(b"\n") + 1 :]
        os.ftruncate(self._file, 0)
        self._size = os.pwrite(self._file, kept, 0)


class NoLog:
    """Stands for a log where nothing may be written."""

    def line(self, text: str) -> None:
        """Nobody keeps the line."""

    def write(self) -> None:
        """There is nothing to write."""


class Progress:
    """Says on a terminal, and only there, how far a root is."""

    def __init__(self, name: str, log: Log | NoLog) -> None:
        self._name, self._log = name, log
        self._phase = ""
        self._began = self._said = time.monotonic()
        self._of = self._at = 0

    def phase(self, words: str) -> None:
        """From now on this is being done."""
        self._phase, self._of, self._at = words, 0, 0
        self._log.line(f"dom0: {self._name}: {words}")
        self._log.write()
        self._say()

    def heard(self, line: str) -> None:
        """The root said this; of what nix says, how far it is gets told."""
        self._log.line(line)
        said = line.removeprefix(f"{self._name}: ")
        if said.startswith("  /nix/store/") and said.endswith(".drv"):
            self._of += 1
        if said.startswith("building '/nix/store/"):
            self._at += 1
            if time.monotonic() - self._said > OFTEN:
                self._say()

    def beat(self) -> None:
        """The root said nothing for a while, and still works."""
        self._log.write()
        if time.monotonic() - self._said > RARELY:
            self._say()

    @property
    def ears(self) -> tuple[Callable[[str], None], Callable[[], None]]:
        """Who hears what the root says, and who hears that it says nothing."""
        return self.heard, self.beat

    def _say(self) -> None:
        self._said = time.monotonic()
        if sys.stderr.isatty():
            far = f" {self._at} of {self._of}" if self._of else ""
            elapsed = int(self._said - self._began)
            sys.stderr.write(
                f"tesseraqt: {self._name}: {self._phase}{far}, {elapsed // 60}:{elapsed % 60:02}\n"
            )
