# SPDX-License-Identifier: MIT
"""The devices of a qube, by class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qubesadmin import exc
from qubesadmin.device_protocol import (
    AssignmentMode,
    DeviceAssignment,
    DeviceInfo,
    DeviceInterface,
    Port,
    UnknownDevice,
    VirtualDevice,
)

_AUTOMATIC = ("testclass", "usb", "block", "mic", "pci")


class DeviceCollection:
    """What a qube exposes, was given and has, of one class of devices."""

    def __init__(self, vm: Any, class_: str) -> None:
        self._vm = vm
        self._class = class_
        self._dev_cache: dict[str, DeviceInfo] = {}
        self._attachment_cache: list[DeviceAssignment] | None = None
        self._assignment_cache: list[DeviceAssignment] | None = None

    def _ask(self, action: str, *rest: object) -> bytes:
        return self._vm.qubesd_call(None, f"admin.vm.device.{self._class}.{action}", *rest)

    def attach(self, assignment: DeviceAssignment) -> None:
        """The running qube has the device."""
        if assignment.devclass == "pci":
            raise exc.QubesValueError(
                "PCI devices cannot be attached manually, "
                "did you mean `qvm-pci assign --required ...`"
            )
        self._add(assignment, "attach")
        self._attachment_cache = None

    def detach(self, assignment: DeviceAssignment) -> None:
        """It does not any more."""
        self._check(assignment, "detach")
        self._ask("Detach", assignment.repr_for_qarg)
        self._assignment_cache = None

    def assign(self, assignment: DeviceAssignment) -> None:
        """The device is the qube's."""
        kind = assignment.devclass
        if kind not in ("pci", "testclass", "block") and assignment.required:
            raise exc.QubesValueError("Only pci and block devices can be assigned as required.")
        if kind == "pci" and not assignment.required:
            raise exc.QubesValueError("PCI devices cannot be assigned as not required.")
        if kind not in _AUTOMATIC and assignment.attach_automatically:
            message = f"{kind} devices cannot be assigned to be automatically attached."
            raise exc.QubesValueError(message)
        self._add(assignment, "assign")
        self._assignment_cache = None

    def unassign(self, assignment: DeviceAssignment) -> None:
        """It is not any more."""
        self._check(assignment, "unassign")
        self._ask("Unassign", assignment.repr_for_qarg)
        self._assignment_cache = None

    def _add(self, assignment: DeviceAssignment, action: str) -> None:
        assignment.frontend_domain = assignment.frontend_domain or self._vm
        self._check(assignment, action)
        self._ask(action.capitalize(), assignment.repr_for_qarg, assignment.serialize())

    def _check(self, assignment: DeviceAssignment, action: str) -> None:
        if assignment.frontend_domain not in (None, self._vm):
            raise exc.QubesValueError(
                f"Trying to {action} device belonging to other domain: {assignment.frontend_domain}"
            )
        if assignment.devclass != self._class:
            raise exc.QubesValueError(
                f"Device class does not match to expected: {assignment.devclass=}!={self._class=}"
            )

    def get_dedicated_devices(self) -> Iterator[DeviceAssignment]:
        """What the qube has or was given."""
        yield from {*self.get_attached_devices(), *self.get_assigned_devices()}

    def get_attached_devices(self) -> Iterator[DeviceAssignment]:
        """What the qube has."""
        if self._attachment_cache is None:
            found = self._list("Attached")
            if self._vm.app.cache_enabled:
                self._attachment_cache = found
        else:
            found = self._attachment_cache
        yield from found

    def get_assigned_devices(self, required_only: bool = False) -> Iterator[DeviceAssignment]:
        """What the qube was given."""
        if self._assignment_cache is None:
            found = self._list("Assigned")
            if self._vm.app.cache_enabled:
                self._assignment_cache = found
        else:
            found = self._assignment_cache
        yield from (known for known in found if known.required or not required_only)

    def _list(self, action: str) -> list[DeviceAssignment]:
        found = []
        for line in self._ask(action).decode().splitlines():
            head, _, rest = line.partition(" ")
            domains = self._vm.app.domains
            device = VirtualDevice.from_qarg(head, self._class, domains, blind=True)
            found.append(DeviceAssignment.deserialize(rest, device))
        return found

    def get_exposed_devices(self) -> Iterator[DeviceInfo]:
        """What the qube could give to others."""
        for line in self._ask("Available").splitlines():
            yield DeviceInfo.deserialize(line, self._vm, self._class)

    __iter__ = get_exposed_devices

    def update_assignment(self, device: VirtualDevice, required: AssignmentMode) -> None:
        """The assignment is of that mode."""
        self._ask("Set.assignment", device.repr_for_qarg, required.value.encode())
        self._assignment_cache = None

    def clear_cache(self) -> None:
        """Everything that was fetched is forgotten."""
        self._dev_cache.clear()
        self._assignment_cache = None
        self._attachment_cache = None

    def __getitem__(self, item: str) -> DeviceInfo:
        if item not in self._dev_cache:
            for device in self.get_exposed_devices():
                if device.port_id == item:
                    self._dev_cache[item] = device
                    break
            else:
                return UnknownDevice(Port(self._vm, item, self._class))
        return self._dev_cache[item]


class DeviceManager(dict):
    """The devices of a qube: ``vm.devices["pci"]``."""

    def __init__(self, vm: Any) -> None:
        super().__init__()
        self._vm = vm

    def __missing__(self, key: str) -> DeviceCollection:
        self[key] = DeviceCollection(self._vm, key)
        return self[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def keys(self) -> list[str]:
        """The classes there are."""
        return self._vm.app.list_deviceclass()

    def deny(self, *interfaces: DeviceInterface) -> None:
        """Devices that can do that are kept from the qube."""
        self._denied("Add", interfaces)

    def allow(self, *interfaces: DeviceInterface) -> None:
        """They are not any more."""
        self._denied("Remove", interfaces)

    def _denied(self, action: str, interfaces: tuple[DeviceInterface, ...]) -> None:
        text = "".join(map(repr, interfaces))
        method = f"admin.vm.device.denied.{action}"
        self._vm.qubesd_call(None, method, None, text.encode("ascii"))

    def clear_cache(self) -> None:
        """Everything that was fetched is forgotten."""
        for collection in self.values():
            collection.clear_cache()
