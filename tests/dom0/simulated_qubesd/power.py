# SPDX-License-Identifier: MIT
"""Switching qubes on and off (qubes/vm/qubesvm.py, qubes/vm/mix/net.py)."""

import time

from simulated_qubesd import devices, errors, volumes
from simulated_qubesd.events import on
from simulated_qubesd.fleet import Fleet
from simulated_qubesd.qube import Qube

SHUTDOWN_SECONDS = 0.05


def start(qube: Qube) -> None:
    """The qube runs, and the qubes that network it; one that runs already is left alone."""
    if qube.klass == "AdminVM":
        raise errors.not_halted(qube.name, "Cannot start Dom0 fake domain!")
    try:
        _check_disposable(qube)
        if qube.is_halted:
            _boot(qube)
    except (errors.Refused, errors.Broken):
        if qube.klass == "DispVM":
            _throw_away(qube)
        raise


def _check_disposable(qube: Qube) -> None:
    if qube.klass == "DispVM" and not qube.template.value("template_for_dispvms", False):
        raise errors.Refused(
            "QubesException",
            f"template for disposable ({qube.template}) needs to have template_for_dispvms=True",
        )


def _boot(qube: Qube) -> None:
    reason = qube.features.get("prohibit-start")
    if reason:
        message = f"Qube start is prohibited. Rationale: {reason}"
        raise errors.Refused("QubesException", message)
    qube.fire("domain-pre-start")
    devices.check_required(qube)
    if qube.netvm is not None and not qube.netvm.is_running:
        start(qube.netvm)
    _check_memory(qube)
    _check_sources(qube)
    devices.check_exclusive(qube)
    qube.fire("domain-qdb-create")
    fleet = qube.fleet
    fleet.doc["last_xid"] = fleet.doc.get("last_xid", 0) + (
        2 if qube.value("virt_mode") == "hvm" else 1
    )
    fleet.changed()
    volumes.start(qube)
    qube.doc["xid"] = fleet.doc["last_xid"]
    qube.doc["start_time"] = str(time.time())
    qube.switch("Running")
    qube.fire("domain-start")


def _check_memory(qube: Qube) -> None:
    if qube.value("memory") * 1024 > qube.fleet.doc["host"]["memory_kib"]:
        message = f"Not enough memory to start domain {qube.name!r}"
        raise errors.Refused("QubesMemoryError", message)


def _check_sources(qube: Qube) -> None:
    """Nothing is snapshot that is in use without snapshots (Storage.start)."""
    for volume in qube.doc["volumes"].values():
        if not volume["snap_on_start"]:
            continue
        source = volumes.source_of(qube, volume)
        owner = next(q for q in qube.fleet if source in q.doc.get("volumes", {}).values())
        if source["revisions_to_keep"] == -1 and owner.is_running:
            raise errors.Refused("QubesVMError", f"Volume {source['vid']} is running")


def shutdown(qube: Qube, force: bool, wait: bool) -> None:
    """The qube goes down: at once if somebody waits, else soon.

    It does not if its document says ``ignores_shutdown``; then nobody waits in vain either.
    """
    if qube.klass == "AdminVM":
        raise errors.Broken("AdminVM.shutdown takes no arguments")
    if qube.is_halted:
        raise errors.not_started(qube.name)
    qube.fire("domain-pre-shutdown", force=force)
    if qube.power == "Paused" and not force:
        raise errors.not_running(qube.name)
    if qube.power == "Paused" or (wait and not qube.doc.get("ignores_shutdown")):
        stopped(qube)
    elif not qube.doc.get("ignores_shutdown"):
        qube.fleet.doc.setdefault("going_down", {})[qube.name] = time.time() + SHUTDOWN_SECONDS
        qube.fleet.changed()


def settle(fleet: Fleet) -> None:
    """Qubes that were told to go down, and nobody waited for, are off in time."""
    going = fleet.doc.get("going_down", {})
    for name in [name for name, when in going.items() if when <= time.time()]:
        del going[name]
        fleet.changed()
        if name in fleet and fleet[name].is_running:
            stopped(fleet[name])


def kill(qube: Qube) -> None:
    """The qube is off at once."""
    if qube.klass == "AdminVM":
        raise errors.Refused("QubesVMError", "Cannot kill Dom0 fake domain!")
    if qube.is_halted:
        raise errors.not_started(qube.name)
    stopped(qube)


def stopped(qube: Qube) -> None:
    """The qube is off, its disks are saved, and a disposable that cleans up is gone."""
    volumes.stop(qube)
    qube.features.pop("deferred-netvm-original", None)
    qube.doc["attached"] = {}
    qube.switch("Halted")
    qube.fire("domain-shutdown")
    if qube.klass == "DispVM" and qube.value("auto_cleanup"):
        qube.fleet.remove(qube)


def _throw_away(qube: Qube) -> None:
    """A disposable that does not start is not kept (DispVM.start, cleanup)."""
    if qube.name in qube.fleet:
        qube.fleet.remove(qube)


def pause(qube: Qube) -> None:
    """The qube does not move."""
    if qube.is_halted:
        raise errors.not_running(qube.name)
    qube.switch("Paused")


def unpause(qube: Qube) -> None:
    """It moves again."""
    if qube.power != "Paused":
        raise errors.Refused("QubesVMNotPausedError", f"Domain is not paused: {qube.name!r}")
    qube.features.pop("deferred-netvm-original", None)
    qube.switch("Running")


def suspend(qube: Qube) -> None:
    """The qube sleeps."""
    if qube.is_halted:
        raise errors.not_running(qube.name)
    qube.switch("Suspended")


def resume(qube: Qube) -> None:
    """It is awake again."""
    if qube.power == "Suspended":
        qube.switch("Running")
    else:
        unpause(qube)


@on("domain-pre-shutdown")
def nobody_loses_the_network(qube: Qube, force: bool, **_) -> None:
    """A qube that networks running ones is not shut down without force."""
    users = [other.name for other in qube.connected if other.is_running and not other.is_preload]
    if qube.provides_network and users and not force:
        message = f"There are other VMs connected to this VM: {', '.join(users)}"
        raise errors.in_use(message)
