# SPDX-License-Identifier: MIT
"""A process that is fed, heard and ended within bounds.

``communicate()`` keeps all that a process says, and its timeout leaves the process alive. Here
each stream has a cap while it flows, and a process that breaks one is gone with its group.
"""

from __future__ import annotations

import contextlib
import io
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Protocol

BLOCK = 1 << 16
#: Seconds that others may keep the pipes open when the process itself has ended.
GRACE = 2.0
#: Seconds of silence after which whoever waits is told that it still goes on.
BEAT = 10.0


#: A line of log counts as so many bytes at least: what costs is each line, be it empty.
LINE = 32


@dataclass(frozen=True)
class Bounds:
    """What a process may take: seconds in all and in silence, bytes of result and of log."""

    total: float
    idle: float
    result: int = 1 << 16
    log: int = 1 << 24


class Source(Protocol):
    """Whatever can be read piece by piece."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; none at the end."""


@dataclass(frozen=True)
class Ended:
    """How it went: the exit code, the result, and why it was broken off, if it was."""

    code: int
    untrusted_result: bytes
    broken: str
    #: Whether it was broken off because it said too much.
    flooded: bool = False


def ignore(*_: object) -> None:
    """Nobody is told."""


def run(
    argv: tuple[str, ...],
    source: Source,
    bounds: Bounds,
    hear: Callable[[bytes], None],
    beat: Callable[[], None] = ignore,
) -> Ended:
    """The process read ``source`` on its stdin and has ended, and so have all that it started.

    :param hear: gets what comes on stderr, unchecked, piece by piece
    :param beat: is called now and then while nothing comes
    """
    return _ended(argv, subprocess.PIPE, _Conversation(source, bounds, hear, beat))


def overhear(argv: tuple[str, ...], bounds: Bounds, hear: Callable[[bytes], None]) -> Ended:
    """The process has ended, and so have all that it started; it had nothing to read.

    :param hear: gets what it says on stdout and stderr, unchecked, piece by piece
    """
    talk = _Conversation(io.BytesIO(), bounds, hear, ignore)
    return _ended(argv, subprocess.STDOUT, talk)


def _ended(argv: tuple[str, ...], stderr: int, talk: _Conversation) -> Ended:
    """How the conversation with a new process went."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        bufsize=0,
        start_new_session=True,
    )
    with process:
        try:
            broken = talk.over(process)
        finally:
            # Not waited for yet, so that its id still is its own and its group's.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return Ended(process.returncode, bytes(talk.untrusted_result), broken, talk.flooded)


class Tail:
    """Hears all that is said, and keeps the end of it."""

    def __init__(self, most: int) -> None:
        self._most, self._kept = most, bytearray()

    def hear(self, untrusted_chunk: bytes) -> None:
        """The piece is kept as far as it is near the end."""
        self._kept += untrusted_chunk[-self._most :]
        del self._kept[: -self._most]

    @property
    def untrusted_text(self) -> str:
        """What was kept."""
        return self._kept.decode("utf-8", "replace")


class _Conversation:
    """One conversation, from the first byte to the end of the process."""

    def __init__(
        self,
        source: Source,
        bounds: Bounds,
        hear: Callable[[bytes], None],
        beat: Callable[[], None],
    ) -> None:
        self._source, self._bounds, self._hear, self._beat = source, bounds, hear, beat
        self.untrusted_result = bytearray()
        self.flooded = False
        self._heard = 0
        self._pending = memoryview(b"")
        self._alive = True
        self._selector = selectors.DefaultSelector()

    def over(self, process: subprocess.Popen[bytes]) -> str:
        """Empty when the process has ended by itself, or else why nobody waited for that."""
        self._exit = os.pidfd_open(process.pid)
        try:
            self._begin(process)
            return self._wait()
        finally:
            self._selector.close()
            os.close(self._exit)

    def _begin(self, process: subprocess.Popen[bytes]) -> None:
        """Both sides can speak; what has no stderr of its own says its log on stdout."""
        self._progress = time.monotonic()
        self._end = self._progress + self._bounds.total
        self._open = {self._exit}
        self._selector.register(self._exit, selectors.EVENT_READ, self._exited)
        if process.stdin:
            self._stdin = process.stdin
            self._register(process.stdin, selectors.EVENT_WRITE, self._feed)
        if process.stdout:
            said = self._result if process.stderr else self._log
            self._open.add(self._register(process.stdout, selectors.EVENT_READ, said))
        if process.stderr:
            self._open.add(self._register(process.stderr, selectors.EVENT_READ, self._log))

    def _register(self, pipe: IO[bytes], event: int, act: Callable[[int], str]) -> int:
        """The pipe does not block, and is attended to."""
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, event, act)
        return pipe.fileno()

    def _wait(self) -> str:
        while self._open:
            now = time.monotonic()
            if now >= self._end:
                return f"not done after {self._bounds.total:g} s" if self._alive else ""
            silent = self._progress + self._bounds.idle
            if now >= silent:
                return f"not a word for {self._bounds.idle:g} s"
            events = self._selector.select(min(self._end, silent, now + BEAT) - now)
            if not events:
                self._beat()
            for key, _ in events:
                if why := key.data(key.fd):
                    return str(why)
        return ""

    def _feed(self, file: int) -> str:
        """The process got as much of the source as it takes right now."""
        if not self._pending:
            self._pending = memoryview(self._source.read(BLOCK))
        try:
            written = os.write(file, self._pending) if self._pending else -1
        except BlockingIOError:
            return ""
        except BrokenPipeError:
            written = -1
        if written < 0:
            self._selector.unregister(file)
            self._stdin.close()
            return ""
        self._pending = self._pending[written:]
        self._progress = time.monotonic()
        return ""

    def _result(self, file: int) -> str:
        """What came on stdout is kept."""
        self.untrusted_result += self._read(file)
        if len(self.untrusted_result) <= self._bounds.result:
            return ""
        self.flooded = True
        return f"its answer is longer than {self._bounds.result} bytes"

    def _log(self, file: int) -> str:
        """What came as log was told on, but for what is too much of it."""
        untrusted_chunk = self._read(file)
        self._heard += max(len(untrusted_chunk), LINE * untrusted_chunk.count(b"\n"))
        if self._heard <= self._bounds.log:
            self._hear(untrusted_chunk)
            return ""
        self.flooded = True
        return (
            f"its log is longer than {self._bounds.log} bytes, or {self._bounds.log // LINE} lines"
        )

    def _read(self, file: int) -> bytes:
        untrusted_chunk = os.read(file, BLOCK)
        if not untrusted_chunk:
            self._selector.unregister(file)
            self._open.discard(file)
        self._progress = time.monotonic()
        return untrusted_chunk

    def _exited(self, file: int) -> str:
        """From now on only what is in the pipes already is waited for."""
        self._selector.unregister(file)
        self._open.discard(file)
        self._alive = False
        self._end = min(self._end, time.monotonic() + GRACE)
        return ""
