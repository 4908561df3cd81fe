# SPDX-License-Identifier: MIT
"""What a qube says, made fit for a terminal, a log and a comment: lines of printable ASCII.

Carriage returns and backspaces can overwrite a line that dom0 wrote, and escape sequences
can do worse, so nothing but 0x20 to 0x7e and the newline gets through.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

#: A longer line is cut: whoever sends one does not want it read.
LONGEST = 1000
#: So many lines are kept for the message when something goes wrong.
KEPT = 20

PRINTABLE = bytes(
    byte if 0x20 <= byte <= 0x7E else ord(" " if byte == ord("\t") else "_") for byte in range(256)
)
#: Colours, as compilers write them; taken out only so that the rest reads better.
COLOURS = re.compile(rb"\x1b\[[0-9;]{0,16}m")


def cleaned(untrusted_line: bytes) -> str:
    """One line as printable ASCII, cut where it is too long."""
    plain = COLOURS.sub(b"", untrusted_line[: LONGEST + 1]).rstrip(b"\r")
    text = plain.translate(PRINTABLE).decode("ascii")
    return text if len(untrusted_line) <= LONGEST else f"{text[:LONGEST]} (cut)"


class Lines:
    """Takes bytes as they come and tells them on as lines, each with the qube's name before it."""

    def __init__(self, name: str, tell: Callable[[str], None]) -> None:
        self._name = name
        self._tell = tell
        self._untrusted_rest = b""
        self._last: deque[str] = deque(maxlen=KEPT)

    def add(self, untrusted_chunk: bytes) -> None:
        """Every line that is whole by now was told."""
        *whole, rest = untrusted_chunk.split(b"\n")
        for untrusted_line in whole:
            self._line(self._untrusted_rest + untrusted_line[: LONGEST + 1])
            self._untrusted_rest = b""
        self._untrusted_rest = (self._untrusted_rest + rest)[: LONGEST + 1]

    def end(self) -> None:
        """What came after the last newline was told too."""
        if self._untrusted_rest:
            self._line(self._untrusted_rest)
        self._untrusted_rest = b""

    def last(self) -> tuple[str, ...]:
        """The last lines, in the order in which they came."""
        return tuple(self._last)

    def _line(self, untrusted_line: bytes) -> None:
        line = f"{self._name}: {cleaned(untrusted_line)}"
        self._last.append(line)
        self._tell(line)
