# SPDX-License-Identifier: MIT
"""Devices: who exposes them, who was given them (qubes/devices.py, qubes/ext/pci.py).

A device or an assignment is a dictionary with backend, port_id and device_id; ``*`` stands for any.
"""

import re
from collections.abc import Iterator

from simulated_qubesd import device_text, errors
from simulated_qubesd.events import on
from simulated_qubesd.qube import Qube

Device = dict
UNKNOWN = "0000:0000::?******"


def exposed(qube: Qube, devclass: str) -> list[Device]:
    """The devices of the qube that it could give to others; only a running one has any."""
    if not qube.is_running:
        return []
    found = qube.doc["devices"].get(devclass, [])
    return [{"backend": qube.name, "devclass": devclass, **device} for device in found]


def assigned(qube: Qube, devclass: str) -> list[Device]:
    """What was given to the qube for good."""
    return qube.doc["assignments"].get(devclass, [])


def attached(qube: Qube, devclass: str) -> list[Device]:
    """What the running qube has now."""
    return qube.doc.get("attached", {}).get(devclass, []) if qube.is_running else []


def matching(qube: Qube, devclass: str, wanted: Device) -> list[Device]:
    """The devices that an assignment means, as far as they are there."""
    if wanted["backend"] not in qube.fleet:
        return []
    return [
        device
        for device in exposed(qube.fleet[wanted["backend"]], devclass)
        if wanted["port_id"] in ("*", device["port_id"])
        and wanted["device_id"] in ("*", device["device_id"])
    ]


def _same(one: Device, other: Device) -> bool:
    return all(one[key] == other[key] for key in ("backend", "port_id", "device_id"))


def _find(known: list[Device], wanted: Device) -> Device | None:
    return next((device for device in known if _same(device, wanted)), None)


def assign(qube: Qube, devclass: str, assignment: Device) -> None:
    """The device is the qube's, from its next start on."""
    if _find(assigned(qube, devclass), assignment):
        name = device_text.name(assignment)
        raise errors.device(
            "DeviceAlreadyAssigned", f"{devclass} device {name} already assigned to {qube}"
        )
    if assignment["mode"] == "manual":
        raise errors.Broken("Only auto-attachable devices can be assigned.")
    qube.doc["assignments"].setdefault(devclass, []).append(assignment)
    qube.changed()


def unassign(qube: Qube, devclass: str, device: Device) -> None:
    """The device is not the qube's any more."""
    assignment = _find(assigned(qube, devclass), device)
    if assignment is None:
        name = device_text.name(device)
        raise errors.device("DeviceNotAssigned", f"{devclass} device {name} not assigned to {qube}")
    assigned(qube, devclass).remove(assignment)
    qube.changed()


def change_mode(qube: Qube, devclass: str, device: Device, mode: str) -> None:
    """The assignment is of that mode."""
    assignment = _find(assigned(qube, devclass), device)
    if assignment is None:
        message = f"Device {device_text.name(device)} not assigned to {qube}"
        raise errors.bad_value(message)
    assignment["mode"] = mode
    qube.changed()


def attach(qube: Qube, devclass: str, assignment: Device) -> None:
    """The running qube has the device until it stops."""
    if qube.is_halted:
        message = "VM not running, cannot attach device, do you mean `assign`?"
        raise errors.not_running(qube.name, message)
    found = matching(qube, devclass, assignment)
    if len(found) != 1:
        kind = "ambiguous" if found else "unknown"
        raise errors.malformed(f"Cannot attach {kind} {devclass} device.")
    device = found[0]
    if _find(attached(qube, devclass), device):
        raise errors.device(
            "DeviceAlreadyAttached",
            f"device {device_text.name(device)} of class {devclass} already attached to {qube}",
        )
    _attach(qube, devclass, assignment, device)


def _attach(qube: Qube, devclass: str, assignment: Device, device: Device) -> None:
    now = {**assignment, "port_id": device["port_id"], "device_id": device["device_id"]}
    qube.doc.setdefault("attached", {}).setdefault(devclass, []).append(now)
    qube.changed()


def detach(qube: Qube, devclass: str, device: Device) -> None:
    """The running qube does not have the device any more."""
    now = next((d for d in attached(qube, devclass) if d["port_id"] == device["port_id"]), None)
    if now is None:
        raise errors.device(
            "DeviceNotAssigned", f"{devclass} device {device['port_id']} not attached to {qube}"
        )
    if any(a["mode"] == "required" and _covers(a, now) for a in assigned(qube, devclass)):
        raise errors.not_halted(
            qube.name,
            "Can not detach a required device from a non halted qube. "
            "You need to unassign device first.",
        )
    attached(qube, devclass).remove(now)
    qube.changed()


def _covers(assignment: Device, device: Device) -> bool:
    return assignment["backend"] == device["backend"] and all(
        assignment[key] in ("*", device[key]) for key in ("port_id", "device_id")
    )


def _to_attach(qube: Qube) -> Iterator[tuple[str, Device, list[Device]]]:
    for devclass, assignments in qube.doc["assignments"].items():
        for assignment in assignments:
            yield devclass, assignment, matching(qube, devclass, assignment)


def check_required(qube: Qube) -> None:
    """Every device that the qube cannot do without is there (QubesVM.start)."""
    for devclass, assignment, found in _to_attach(qube):
        if assignment["mode"] == "required" and not found:
            _refuse_unknown_pci(devclass, assignment)
            name = device_text.name(assignment)
            message = f"{devclass.capitalize()} device {name} not available"
            raise errors.Refused("QubesException", message)


def _refuse_unknown_pci(devclass: str, assignment: Device) -> None:
    """libvirt is asked about a PCI device before anybody checks that it is there."""
    at = re.fullmatch(r"(\w\w)_(\w\w)\.(\w)", assignment["port_id"])
    if devclass == "pci" and at:
        raise errors.Refused(
            "QubesException",
            f"Start failed: pci_0000_{'_'.join(at.groups())} not found, "
            "see /var/log/libvirt/libxl/libxl-driver.log for details",
        )


def check_exclusive(qube: Qube) -> None:
    """A PCI device is in one running qube at most; it is libvirt that refuses the second."""
    for devclass, _assignment, found in _to_attach(qube):
        for device in found if devclass == "pci" else ():
            owner = next((q for q in qube.fleet if _find(attached(q, "pci"), device)), None)
            if owner is not None:
                raise errors.Refused(
                    "QubesException",
                    "Start failed: Requested operation is not valid: PCI device "
                    f"{device['data']['sbdf']} is in use by driver xenlight, domain {owner}, "
                    "see /var/log/libvirt/libxl/libxl-driver.log for details",
                )


@on("domain-start")
def assigned_devices_are_attached(qube: Qube, **_) -> None:
    """What was given to the qube is in it."""
    for devclass, assignment, found in _to_attach(qube):
        for device in found:
            if assignment["mode"] != "ask-to-attach":
                _attach(qube, devclass, assignment, device)
