# SPDX-License-Identifier: MIT
"""What goes wrong on request: ``faults.json`` lists it, each fault happens once.

A fault is a dictionary: ``kind`` (below), ``at`` (the number of the matching call, counted from
when it was made), ``count`` (``writes`` or ``calls``), and perhaps ``method`` and ``dest`` (regular
expressions), ``message`` and ``exception`` (of ``fail``) and ``seconds`` (of ``hang``).
"""

import json
import os
import re
import signal
import time

from simulated_qubesd import errors

KINDS = {
    "fail": "the call is refused and has no effect",
    "die": "the calling process is killed before the call has an effect",
    "die_after": "the calling process is killed after the call has had its effect",
    "lose": "the call has its effect, and the caller sees an empty reply",
    "hang": "the caller waits, and then sees an empty reply; the call has no effect",
}


class Lost(Exception):
    """The reply is not delivered."""


class Faults:
    """The faults of one state directory. The state is locked while they are looked at."""

    def __init__(self, path: str) -> None:
        self._path = f"{path}/faults.json"

    def add(self, fault: dict) -> None:
        """The fault will happen."""
        if fault["kind"] not in KINDS:
            raise ValueError(f"{fault['kind']!r} is none of {', '.join(KINDS)}")
        self._save([*self.read(), fault])

    def clear(self) -> None:
        """Nothing will go wrong."""
        if os.path.exists(self._path):
            os.unlink(self._path)

    def read(self) -> list[dict]:
        """The faults, those that happened too."""
        try:
            with open(self._path, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return []

    def _save(self, faults: list[dict]) -> None:
        with open(f"{self._path}.new", "w", encoding="utf-8") as file:
            json.dump(faults, file)
        os.replace(f"{self._path}.new", self._path)

    def due(self, method: str, dest: str, writing: bool) -> dict | None:
        """The fault that happens in this call, which then has happened."""
        faults = self.read()
        mine = [fault for fault in faults if _concerns(fault, method, dest, writing)]
        for fault in mine:
            fault["seen"] = fault.get("seen", 0) + 1
        now = next((fault for fault in mine if fault["seen"] == fault["at"]), None)
        if now:
            now["fired"] = True
        if mine:
            self._save(faults)
        return now


def _concerns(fault: dict, method: str, dest: str, writing: bool) -> bool:
    return (
        not fault.get("fired")
        and (writing or fault.get("count", "writes") == "calls")
        and bool(re.search(fault.get("method") or "", method))
        and bool(re.fullmatch(fault.get("dest") or ".*", dest))
    )


def before(fault: dict) -> None:
    """What happens in place of the call."""
    if fault["kind"] == "fail":
        message = fault.get("message") or "simulated failure"
        raise errors.Refused(fault.get("exception") or "QubesException", message)
    if fault["kind"] == "die":
        die()


def after(fault: dict) -> None:
    """What happens once the effect is on disk."""
    if fault["kind"] == "die_after":
        die()
    if fault["kind"] == "lose":
        raise Lost


def hang(fault: dict) -> None:
    """The caller waits; others are served meanwhile."""
    time.sleep(fault.get("seconds") or 3600)


def die() -> None:
    """The process is gone, as after ``kill -9``."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)
