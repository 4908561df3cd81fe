# SPDX-License-Identifier: MIT
"""The record of every call, which outlives the caller."""

import json
import os


class Accounting:
    """``calls.jsonl``: one line a call, numbered from 1 through all processes."""

    def __init__(self, path: str) -> None:
        self.path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._counter = os.open(f"{path}/calls.count", flags)
        self._log = os.open(f"{path}/calls.jsonl", flags | os.O_APPEND)

    def record(self, method: str, dest: str, arg: str, writing: bool) -> None:
        """The call is on disk. The state is locked meanwhile."""
        number = int(os.pread(self._counter, 20, 0) or b"0") + 1
        os.pwrite(self._counter, b"%d" % number, 0)
        entry = {
            "n": number,
            "pid": os.getpid(),
            "method": method,
            "dest": dest,
            "arg": arg,
            "writing": writing,
        }
        os.write(self._log, json.dumps(entry).encode() + b"\n")

    def read(self) -> list[dict]:
        """Every call since the last :meth:`forget`."""
        with open(f"{self.path}/calls.jsonl", encoding="ascii") as file:
            return [json.loads(line) for line in file]

    def forget(self) -> None:
        """Counting starts anew."""
        os.truncate(self._log, 0)
        os.truncate(self._counter, 0)

    def close(self) -> None:
        """Give the file descriptors back."""
        os.close(self._counter)
        os.close(self._log)
