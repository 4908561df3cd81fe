# SPDX-License-Identifier: MIT
"""Ports and what is plugged into them, and how the Admin API writes that."""

from __future__ import annotations

import functools
import re
from typing import Any

from qubesadmin import exc

ANY = "*"
UNKNOWN_ID = "0000:0000::?******"
_ANY_INTERFACE = "?******"


class ProtocolError(AssertionError):
    """What qubesd sent makes no sense."""


def pack(**facts: object) -> bytes:
    """The facts as the Admin API writes them."""
    quoted = ((key, str(value).replace("'", r"\'")) for key, value in facts.items())
    return " ".join(f"{key}='{value}'" for key, value in quoted).encode("ascii")


def unpack(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """The facts, and apart from them those that begin with ``_``."""
    pairs = re.findall(r"(\S+?)='((?:\\'|[^'])*)'(?: |$)", text.strip())
    plain = {key: value.replace(r"\'", "'") for key, value in pairs}
    options = {key[1:]: value for key, value in plain.items() if key.startswith("_")}
    return {key: value for key, value in plain.items() if not key.startswith("_")}, options


class DeviceInterface:
    """One thing that a device can do, as a letter and six digits."""

    _CLASSES = {"p": "pci", "u": "usb", "b": "block", "m": "mic"}  # noqa: RUF012

    def __init__(self, interface_encoding: str, devclass: str | None = None) -> None:
        prefix = devclass[0].lower() if devclass else ""
        self._code = prefix + interface_encoding.ljust(7 - len(prefix), ANY)
        self.devclass = devclass or self._CLASSES.get(self._code[0])

    @classmethod
    def unknown(cls) -> DeviceInterface:
        """Nobody knows what the device can do."""
        return cls(_ANY_INTERFACE)

    @staticmethod
    def from_str_bulk(interfaces: str | None) -> list[DeviceInterface]:
        """The interfaces of a list without separators."""
        interfaces = interfaces or ""
        if len(interfaces) % 7:
            raise exc.QubesValueError(
                f"Invalid length of {interfaces=} (is {len(interfaces)}, expected multiple of 7)"
            )
        return [DeviceInterface(interfaces[at : at + 7]) for at in range(0, len(interfaces), 7)]

    def matches(self, other: DeviceInterface) -> bool:
        """This pattern covers the other interface."""
        return len(repr(self)) == len(repr(other)) and all(
            mine in (ANY, theirs) for mine, theirs in zip(repr(self), repr(other), strict=True)
        )

    def __repr__(self) -> str:
        return self._code

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeviceInterface) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


@functools.total_ordering
class Port:
    """Where a device is plugged in: a qube, a place in it, a class of devices."""

    def __init__(self, backend_domain: Any, port_id: str | None, devclass: str | None) -> None:
        self.backend_domain = backend_domain
        self.port_id = ANY if port_id is None else port_id
        self.devclass = devclass or "peripheral"

    @property
    def backend_name(self) -> str:
        """The name of the qube, or ``*``."""
        return ANY if self.backend_domain is None else self.backend_domain.name

    def _key(self) -> tuple[str, str, str]:
        return self.backend_name, self.devclass, self.port_id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Port) and self._key() == other._key()

    def __lt__(self, other: Port) -> bool:
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    @property
    def _is_any(self) -> bool:
        return self.backend_domain is None and self.port_id == ANY

    def __repr__(self) -> str:
        return ANY if self._is_any else f"{self.backend_name}+{self.port_id}"

    def __str__(self) -> str:
        return ANY if self._is_any else f"{self.backend_name}:{self.port_id}"


@functools.total_ordering
class VirtualDevice:
    """A device by its port, its identity, or both."""

    def __init__(self, port: Port, device_id: str | None = None) -> None:
        self.port = port
        self._device_id = device_id

    def clone(self, **changes: Any) -> VirtualDevice:
        """The same but for the changes."""
        return VirtualDevice(**{"port": self.port, "device_id": self.device_id, **changes})

    @property
    def device_id(self) -> str:
        """What the device says it is."""
        return ANY if self._device_id is None else self._device_id

    @property
    def is_device_id_set(self) -> bool:
        """Somebody named the identity."""
        return self._device_id is not None

    @property
    def backend_domain(self) -> Any:
        """The qube that has the port."""
        return self.port.backend_domain

    @property
    def backend_name(self) -> str:
        """The name of that qube."""
        return self.port.backend_name

    @property
    def port_id(self) -> str:
        """The place in that qube."""
        return self.port.port_id

    @property
    def devclass(self) -> str:
        """The class."""
        return self.port.devclass

    @property
    def description(self) -> str:
        """As a person reads it."""
        return "any device" if self.device_id == ANY else self.device_id

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Port):
            return self.port == other and self.device_id == ANY
        device = getattr(other, "virtual_device", other)
        return isinstance(device, VirtualDevice) and (
            (self.port, self.device_id) == (device.port, device.device_id)
        )

    def __lt__(self, other: VirtualDevice) -> bool:
        return (self.port, self.device_id) < (other.port, other.device_id)

    def __hash__(self) -> int:
        return hash((self.port, self.device_id))

    def __repr__(self) -> str:
        return f"{self.port!r}:{self.device_id}"

    def __str__(self) -> str:
        return f"{self.port}:{self.device_id}"

    @property
    def repr_for_qarg(self) -> str:
        """As the argument of a call."""
        plain = repr(self).replace(":", "+").replace(_ANY_INTERFACE, "_" * len(_ANY_INTERFACE))
        return plain.replace(ANY, "_")

    @classmethod
    def from_qarg(
        cls, representation: str, devclass: str, domains: Any, blind: bool = False
    ) -> VirtualDevice:
        """The device that an argument names."""
        return cls._parse(representation, devclass, domains, blind, "+")

    @classmethod
    def from_str(
        cls, representation: str, devclass: str, domains: Any, blind: bool = False
    ) -> VirtualDevice:
        """The device that a person names."""
        return cls._parse(representation, devclass, domains, blind, ":")

    @classmethod
    def _parse(cls, text: str, devclass: str, domains: Any, blind: bool, separator: str) -> Any:
        backend, rest = text.split(separator, 1)
        port, _, identity = rest.replace(separator, ":").partition(":")
        port, identity = (ANY if word == "_" else word for word in (port, identity))
        if backend in ("_", ANY):
            qube = None
        else:
            qube = domains.get_blind(backend) if blind else domains[backend]
        identity = identity.replace("_" * len(_ANY_INTERFACE), _ANY_INTERFACE)
        return cls(Port(qube, port, devclass), identity or None)

    def serialize(self) -> bytes:
        """As a payload."""
        return pack(
            device_id=self.device_id,
            port_id=self.port_id,
            devclass=self.devclass,
            backend_domain=self.backend_name,
        )
