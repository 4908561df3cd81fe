# SPDX-License-Identifier: MIT
"""Labels, firewalls and devices (qubes/api/admin.py)."""

from collections.abc import Callable

from simulated_qubesd import device_text, devices, errors, firewall, validation
from simulated_qubesd.api import DOM0, QUBES, Call, reading, writing

DEVICE_CLASSES = ("pci", "block", "usb")
_DEFAULT_LABELS = 8


@reading("admin.label.List", dest=DOM0)
def list_labels(call: Call) -> str:
    """The names of the labels."""
    return "".join(f"{name}\n" for name in call.fleet.doc["labels"])


def _label(call: Call) -> dict:
    name = call.fleet.label(validation.label_name(call.arg))
    return call.fleet.doc["labels"][name]


@reading("admin.label.Get", arg=True, dest=DOM0)
def get_label(call: Call) -> str:
    """The colour of a label."""
    return _label(call)["color"]


@reading("admin.label.Index", arg=True, dest=DOM0)
def get_label_index(call: Call) -> str:
    """The number of a label."""
    return str(_label(call)["index"])


@writing("admin.label.Create", arg=True, payload=True, dest=DOM0)
def create_label(call: Call) -> None:
    """There is a label of that name and colour."""
    name = validation.label_name(call.arg, creation=True)
    color = validation.label_color(call.payload)
    labels = call.fleet.doc["labels"]
    if name in labels:
        raise errors.Refused("QubesLabelInUseError", f"Label is still in use: {name!r}")
    index = max(_DEFAULT_LABELS, *(label["index"] for label in labels.values())) + 1
    labels[name] = {"index": index, "color": color}
    call.fleet.changed()


def _shown(call: Call, name: str) -> str:
    label = call.fleet.doc["labels"][name]
    return f"Label({label['index']}, {label['color'].encode()!r}, {name!r})"


@writing("admin.label.Remove", arg=True, dest=DOM0)
def remove_label(call: Call) -> None:
    """The label is gone; no qube has it and it is none of the first eight."""
    name = call.fleet.label(validation.label_name(call.arg))
    if call.fleet.doc["labels"][name]["index"] <= _DEFAULT_LABELS:
        raise errors.malformed("Can only remove custom labels")
    if any(qube.value("label", None) == name for qube in call.fleet):
        raise errors.Refused("QubesLabelInUseError", f"Label is still in use: {_shown(call, name)}")
    del call.fleet.doc["labels"][name]
    call.fleet.changed()


@reading("admin.vm.firewall.Get", dest=QUBES)
def get_firewall(call: Call) -> str:
    """The rules, in their canonical form."""
    return firewall.listed(call.dest.doc["firewall"])


@writing("admin.vm.firewall.Set", payload=True, dest=QUBES, saves=False)
def set_firewall(call: Call) -> None:
    """These rules, and no others."""
    text = validation.ascii_text(call.payload, "Rules contains non-ASCII characters")
    call.dest.doc["firewall"] = [firewall.canonical(line) for line in text.splitlines()]
    call.dest.changed()


@writing("admin.vm.firewall.Reload", dest=QUBES, saves=False)
def reload_firewall(_call: Call) -> None:
    """The rules are applied once more."""


@reading("admin.deviceclass.List", dest=DOM0)
def device_classes(_call: Call) -> str:
    """The classes of devices."""
    return "".join(f"{name}\n" for name in DEVICE_CLASSES)


def _devices(declare: Callable, action: str, **takes: object) -> Callable:
    def register(handle: Callable) -> Callable:
        for devclass in DEVICE_CLASSES:
            declare(f"admin.vm.device.{devclass}.{action}", **takes)(handle)
        return handle

    return register


@_devices(reading, "Available", arg=None)
def available(call: Call) -> str:
    """The devices that the qube exposes."""
    found = {
        f"{device['port_id']}:{device['device_id']}": device_text.of_device(device, call.endpoint)
        for device in devices.exposed(call.dest, call.endpoint)
        if call.arg in ("", device["port_id"])
    }
    return "".join(f"{key} {found[key]}\n" for key in sorted(found))


def _listed(call: Call, found: list[dict]) -> str:
    lines = {
        f"{device['backend']}+{device['port_id']}:{device['device_id']}": device_text.of_assignment(
            device, call.endpoint, call.dest.name
        )
        for device in found
        if call.arg in ("", f"{device['backend']}+{device['port_id']}")
    }
    return "".join(f"{key} {lines[key]}\n" for key in sorted(lines))


@_devices(reading, "Assigned", arg=None)
def assigned(call: Call) -> str:
    """What was given to the qube for good."""
    return _listed(call, devices.assigned(call.dest, call.endpoint))


@_devices(reading, "Attached", arg=None)
def attached(call: Call) -> str:
    """What the qube has now."""
    return _listed(call, devices.attached(call.dest, call.endpoint))


def _named(call: Call) -> dict:
    device = device_text.from_argument(call.arg)
    if device["backend"] != "*" and device["backend"] not in call.fleet:
        raise errors.Broken(f"no qube {device['backend']}")
    return device


@_devices(writing, "Assign", arg=True, payload=True)
def assign(call: Call) -> None:
    """The device is the qube's, from its next start on."""
    assignment = device_text.assignment(call.payload, _named(call), call.endpoint)
    devices.assign(call.dest, call.endpoint, assignment)


@_devices(writing, "Unassign", arg=True)
def unassign(call: Call) -> None:
    """The device is not the qube's any more."""
    devices.unassign(call.dest, call.endpoint, _named(call))


@_devices(writing, "Attach", arg=True, payload=None, saves=False)
def attach(call: Call) -> None:
    """The running qube has the device."""
    assignment = device_text.assignment(call.payload, _named(call), call.endpoint)
    devices.attach(call.dest, call.endpoint, assignment)


@_devices(writing, "Detach", arg=True, saves=False)
def detach(call: Call) -> None:
    """The running qube does not have the device any more."""
    devices.detach(call.dest, call.endpoint, _named(call))


@_devices(writing, "Set.assignment", arg=True, payload=True)
def set_assignment(call: Call) -> None:
    """The assignment is of another mode."""
    mode = call.payload.decode("ascii", "replace")
    if mode not in ("required", "ask-to-attach", "auto-attach"):
        message = "Invalid assignment mode"
        raise errors.Refused("QubesUnrecognizedDeviceAssignmentMode", message)
    devices.change_mode(call.dest, call.endpoint, _named(call), mode)


def _interfaces(call: Call) -> list[str]:
    text = validation.ascii_text(call.payload, "Device interface contains non-ASCII characters")
    if len(text) % 7:
        raise errors.bad_value(
            f"Invalid length of interfaces={text!r} (is {len(text)}, expected multiple of 7)"
        )
    found = [text[at : at + 7] for at in range(0, len(text), 7)]
    if len(set(found)) != len(found):
        raise errors.malformed("Duplicated device interfaces in payload.")
    return found


@reading("admin.vm.device.denied.List")
def list_denied(call: Call) -> str:
    """The interfaces that are kept from the qube."""
    text = call.dest.value("devices_denied")
    return "\n".join(text[at : at + 7] for at in range(0, len(text), 7))


@writing("admin.vm.device.denied.Add", payload=None)
def deny(call: Call) -> None:
    """These interfaces too."""
    more = "".join(_interfaces(call))
    call.dest.set("devices_denied", call.dest.value("devices_denied") + more)


@writing("admin.vm.device.denied.Remove", payload=None)
def allow(call: Call) -> None:
    """These interfaces not, or none when the payload is ``all``."""
    denied = list_denied(call).split()
    removed = denied if call.payload == b"all" else _interfaces(call)
    kept = "".join(interface for interface in denied if interface not in removed)
    call.dest.set("devices_denied", kept)
