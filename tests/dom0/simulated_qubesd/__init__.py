# SPDX-License-Identifier: MIT
"""A simulated qubesd: :func:`call` is its socket, the directory $TESSERAQT_DOM0 its world.

It answers as core-admin does and refuses what core-admin refuses, in the same words; each rule
names the real source that it comes from. Nothing runs in its qubes.
"""

import os

from simulated_qubesd import (  # noqa: F401  (rules and methods register themselves)
    addon_whonix,
    api,
    api_marks,
    api_properties,
    api_qubes,
    api_system,
    api_volumes,
    errors,
    extensions,
    faults,
    rules,
    tables,
)
from simulated_qubesd.accounting import Accounting
from simulated_qubesd.fleet import Fleet
from simulated_qubesd.store import Store

OK, REFUSED, EMPTY = b"0\0", b"2\0", b""


class Daemon:
    """What answers for one state directory in this process."""

    def __init__(self, path: str) -> None:
        self.fleet = Fleet(Store(path))
        self.accounting = Accounting(path)
        self.faults = faults.Faults(path)

    def call(self, dest: str, method: str, arg: str, payload: bytes) -> bytes:
        """The reply as on the socket: ``0`` and data, ``2`` and an exception, or nothing."""
        writing = api.is_writing(method)
        with self.fleet:
            self.accounting.record(method, dest, arg, writing)
            fault = self.faults.due(method, dest, writing)
            if fault is None or fault["kind"] != "hang":
                return self._answer(fault, dest, method, arg, payload)
        faults.hang(fault)
        return EMPTY

    def _answer(
        self, fault: dict | None, dest: str, method: str, arg: str, payload: bytes
    ) -> bytes:
        try:
            if fault:
                faults.before(fault)
            reply = api.answer(self.fleet, dest, method, arg, payload)
            self.fleet.save()
            if fault:
                faults.after(fault)
        except errors.Refused as refusal:
            if self.fleet.doc.get("silent_refusals") and refusal.kind in errors.SILENT_BEFORE_4_4:
                return EMPTY
            return REFUSED + f"{refusal.kind}\0\0{refusal}\0".encode()
        except (errors.Broken, errors.NoValue, faults.Lost):
            return EMPTY
        return OK + (reply or "").encode()

    def close(self) -> None:
        """Give the files back."""
        self.fleet.store.close()
        self.accounting.close()


_daemons: dict[str, Daemon] = {}


def daemon(path: str) -> Daemon:
    """The one that answers for that directory; it forgets the one that was asked before."""
    if path not in _daemons:
        fresh = Daemon(path)
        if _daemons.setdefault(path, fresh) is not fresh:
            fresh.close()
        for other in _daemons.keys() - {path}:
            forget(other)
    return _daemons[path]


def forget(path: str) -> None:
    """Nothing is known of that directory."""
    known = _daemons.pop(path, None)
    if known:
        known.close()


def call(dest: str, method: str, arg: str | None = None, payload: bytes | None = None) -> bytes:
    """The reply to one call from dom0, as the socket of qubesd would give it."""
    request = f"{method}+{arg or ''} dom0 name {dest}".encode("ascii")
    words = request.split(b" ", 3)
    if b"\0" in request or words[2] != b"name":
        return EMPTY
    return daemon(os.environ["TESSERAQT_DOM0"]).call(dest, method, arg or "", payload or b"")


def announce(qube: str, features: dict[str, str]) -> None:
    """A running guest tells what it can do (qubes.FeaturesRequest, without its rules)."""
    with daemon(os.environ["TESSERAQT_DOM0"]).fleet as fleet:
        for name, value in features.items():
            fleet[qube].set_feature(name, value)


def import_volume(qube: str, name: str, size: int) -> None:
    """The volume holds an image of that size (admin.vm.volume.ImportWithSize)."""
    with daemon(os.environ["TESSERAQT_DOM0"]).fleet as fleet:
        volume = fleet[qube].doc["volumes"][name]
        volume["size"] = volume["usage"] = size
        fleet[qube].changed()
