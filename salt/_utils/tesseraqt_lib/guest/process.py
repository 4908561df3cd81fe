# SPDX-License-Identifier: MIT
"""A process that is fed, heard and ended within bounds.

``communicate()`` keeps all that a process says, and its timeout leaves the process alive. Here
each stream has a cap while it flows, and a process that breaks one is gone with its group.
"""

from __future__ import annotations

import contextlib
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
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    )
    with process:
        try:
            talk = _Conversation(process, source, bounds, hear, beat)
            broken = talk.over()
        finally:
            # Not waited for yet, so that its id still is its own and its group's.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return Ended(process.returncode, bytes(talk.untrusted_result), broken)


def pipes_of(process: subprocess.Popen[bytes]) -> list[IO[bytes]]:
    """stdin, stdout and stderr of the process, none of which blocks."""
    pipes = [pipe for pipe in (process.stdin, process.stdout, process.stderr) if pipe]
    for pipe in pipes:
        os.set_blocking(pipe.fileno(), False)
    return pipes


class _Conversation:
    """One conversation, from the first byte to the end of the process."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        source: Source,
        bounds: Bounds,
        hear: Callable[[bytes], None],
        beat: Callable[[], None],
    ) -> None:
        self._source, self._bounds, self._hear, self._beat = source, bounds, hear, beat
        stdin, stdout, stderr = pipes_of(process)
        self._stdin = stdin
        self.untrusted_result = bytearray()
        self._heard = 0
        self._pending = memoryview(b"")
        self._progress = time.monotonic()
        self._end = self._progress + bounds.total
        self._alive = True
        self._selector = selectors.DefaultSelector()
        self._exit = os.pidfd_open(process.pid)
        self._open = {stdout.fileno(), stderr.fileno(), self._exit}
        self._selector.register(stdin, selectors.EVENT_WRITE, self._feed)
        self._selector.register(stdout, selectors.EVENT_READ, self._result)
        self._selector.register(stderr, selectors.EVENT_READ, self._log)
        self._selector.register(self._exit, selectors.EVENT_READ, self._exited)

    def over(self) -> str:
        """Empty when the process has ended by itself, or else why nobody waited for that."""
        try:
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
        finally:
            self._selector.close()
            os.close(self._exit)

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
        too_long = len(self.untrusted_result) > self._bounds.result
        return f"its answer is longer than {self._bounds.result} bytes" if too_long else ""

    def _log(self, file: int) -> str:
        """What came on stderr was told on."""
        untrusted_chunk = self._read(file)
        self._heard += len(untrusted_chunk)
        self._hear(untrusted_chunk)
        too_long = self._heard > self._bounds.log
        return f"its log is longer than {self._bounds.log} bytes" if too_long else ""

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
