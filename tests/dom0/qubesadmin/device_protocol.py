# SPDX-License-Identifier: MIT
"""Devices, and assignments of devices to qubes."""

from __future__ import annotations

import enum
import functools
from typing import Any

from qubesadmin.device_ports import (
    ANY,
    UNKNOWN_ID,
    DeviceInterface,
    Port,
    ProtocolError,
    VirtualDevice,
    pack,
    unpack,
)

__all__ = [
    "AssignmentMode",
    "DeviceAssignment",
    "DeviceInfo",
    "DeviceInterface",
    "Port",
    "ProtocolError",
    "UnknownDevice",
    "VirtualDevice",
]


class AssignmentMode(enum.Enum):
    """When a device is attached."""

    MANUAL = "manual"
    ASK = "ask-to-attach"
    AUTO = "auto-attach"
    REQUIRED = "required"


class DeviceInfo(VirtualDevice):
    """Everything that is known of a device."""

    def __init__(self, port: Port, *, device_id: str | None = None, **facts: Any) -> None:
        super().__init__(port, device_id)
        self.attachment = facts.pop("attachment", None)
        self._interfaces = facts.pop("interfaces", None)
        for name in ("vendor", "product", "manufacturer", "name", "serial"):
            setattr(self, name, facts.pop(name, None) or "unknown")
        self.data = facts

    @classmethod
    def deserialize(cls, line: bytes, backend: Any, devclass: str) -> DeviceInfo:
        """A device as the backend lists it."""
        head, _, rest = line.decode("ascii").partition(" ")
        port, _, _identity = head.partition(":")
        facts, options = unpack(rest)
        for known in ("port_id", "devclass", "backend_domain"):
            facts.pop(known, None)
        facts["interfaces"] = DeviceInterface.from_str_bulk(facts.get("interfaces"))
        return cls(Port(backend, port, devclass), **facts, **options)

    @property
    def device_id(self) -> str:
        return self._device_id or UNKNOWN_ID

    @property
    def interfaces(self) -> list[DeviceInterface]:
        """What the device can do."""
        return self._interfaces or [DeviceInterface.unknown()]

    @property
    def description(self) -> str:
        names = (self.product, self.name, self.serial, f"unknown {self.devclass} device")
        product = next(name for name in names if name != "unknown")
        vendors = (self.vendor, self.manufacturer, "unknown vendor")
        vendor = next(name for name in vendors if name != "unknown")
        return f"{_CATEGORIES.get(repr(self.interfaces[0])[:5], self._generic)}: {vendor} {product}"

    @property
    def _generic(self) -> str:
        return f"{self.devclass.upper()} device"


_CATEGORIES = {
    "p0300": "Display",
    "p0403": "Audio",
    "p0200": "Network",
    "p0280": "Network",
    "p0c03": "PCI_USB",
}


class UnknownDevice(DeviceInfo):
    """A device that nobody exposes now."""

    @staticmethod
    def from_device(device: VirtualDevice) -> UnknownDevice:
        """The same device, of which nothing is known."""
        return UnknownDevice(device.port, device_id=device.device_id)


@functools.total_ordering
class DeviceAssignment:
    """A device given to a qube."""

    def __init__(
        self,
        device: VirtualDevice,
        frontend_domain: Any = None,
        options: dict | None = None,
        mode: str | AssignmentMode = AssignmentMode.MANUAL,
    ) -> None:
        if isinstance(device, DeviceInfo):
            device = VirtualDevice(device.port, device.device_id)
        self.virtual_device = device
        self.frontend_domain = frontend_domain
        self.options = options or {}
        self.mode = AssignmentMode(mode)

    @classmethod
    def new(
        cls,
        backend_domain: Any,
        port_id: str,
        devclass: str,
        device_id: str | None = None,
        **rest: Any,
    ) -> DeviceAssignment:
        """The assignment of what is at a port."""
        return cls(VirtualDevice(Port(backend_domain, port_id, devclass), device_id), **rest)

    def clone(self, **changes: Any) -> DeviceAssignment:
        """The same but for the changes."""
        mine = {
            "device": self.virtual_device,
            "options": self.options,
            "mode": self.mode,
            "frontend_domain": self.frontend_domain,
        }
        return type(self)(**{**mine, **changes})

    def __getattr__(self, name: str) -> Any:
        if name in ("port", "port_id", "device_id", "devclass", "backend_domain", "backend_name"):
            return getattr(self.virtual_device, name)
        raise AttributeError(name)

    @property
    def repr_for_qarg(self) -> str:
        """As the argument of a call."""
        return self.virtual_device.repr_for_qarg

    def __repr__(self) -> str:
        return repr(self.virtual_device)

    def __str__(self) -> str:
        return str(self.virtual_device)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (VirtualDevice, DeviceAssignment)) and (
            (self.port, self.device_id) == (other.port, other.device_id)
        )

    def __lt__(self, other: Any) -> bool:
        return (self.port, self.device_id) < (other.port, other.device_id)

    def __hash__(self) -> int:
        return hash(self.virtual_device)

    def matches(self, device: VirtualDevice) -> bool:
        """The assignment means this device."""
        return (
            self.devclass == device.devclass
            and self.backend_domain == device.backend_domain
            and self.port_id in (ANY, device.port_id)
            and self.device_id in (ANY, device.device_id)
        )

    @property
    def devices(self) -> list[DeviceInfo]:
        """The devices that the assignment means, as far as they are there."""
        if not self.backend_domain:
            return []
        known = self.backend_domain.devices[self.devclass]
        if self.port_id != ANY:
            device = known[self.port_id]
            if isinstance(device, UnknownDevice) or self.device_id in (device.device_id, ANY):
                return [device]
        if self.device_id == UNKNOWN_ID:
            return []
        return [device for device in known if self.matches(device)]

    @property
    def device(self) -> DeviceInfo:
        """The one device that the assignment means."""
        found = self.devices
        if len(found) > 1:
            raise ProtocolError("Too many devices matches to assignment")
        return found[0] if found else UnknownDevice(self.port, device_id=self.device_id)

    @property
    def required(self) -> bool:
        """The qube does not start without it."""
        return self.mode is AssignmentMode.REQUIRED

    @property
    def attach_automatically(self) -> bool:
        """The qube gets it without a person asking for it."""
        return self.mode is not AssignmentMode.MANUAL

    def serialize(self) -> bytes:
        """As a payload."""
        facts = {"mode": self.mode.value}
        if self.frontend_domain is not None:
            facts["frontend_domain"] = str(self.frontend_domain)
        options = {f"_{key}": value for key, value in self.options.items()}
        return self.virtual_device.serialize() + b" " + pack(**facts, **options)

    @classmethod
    def deserialize(cls, text: str, expected_device: VirtualDevice) -> DeviceAssignment:
        """An assignment as qubesd lists it."""
        facts, options = unpack(text)
        device = expected_device.clone(device_id=facts.get("device_id", expected_device.device_id))
        frontend = facts.get("frontend_domain")
        app = device.backend_domain.app if device.backend_domain else None
        qube = app.domains[frontend] if app and frontend else None
        return cls(device, qube, options, facts.get("mode", "manual"))
