# SPDX-License-Identifier: MIT
"""How devices are written in arguments and payloads of the Admin API (qubes/device_protocol.py)."""

import re
import string

from simulated_qubesd import errors, validation

_KEYS = set(string.ascii_letters + string.digits + r"!#$%&()*+,-./:;<>?@[\]^_{|}~")
_VALUES = _KEYS | set(string.punctuation + " ")
_MODES = ("manual", "ask-to-attach", "auto-attach", "required")
_ANY_INTERFACE = "?******"


def name(device: dict) -> str:
    """``backend:port:identity``, as messages name a device."""
    if device["backend"] == "*" and device["port_id"] == "*":
        return f"*:{device['device_id']}"
    return f"{device['backend']}:{device['port_id']}:{device['device_id']}"


def from_argument(argument: str) -> dict:
    """The device that ``backend+port+identity`` names; ``_`` stands for any."""
    backend, plus, rest = argument.partition("+")
    if not plus:
        raise errors.Broken(f"no device in {argument!r}")
    port, _, identity = rest.replace("+", ":").partition(":")
    identity = "*" if identity in ("", "_") else identity
    return {
        "backend": "*" if backend == "_" else backend,
        "port_id": "*" if port == "_" else port,
        "device_id": identity.replace("_" * len(_ANY_INTERFACE), _ANY_INTERFACE),
    }


def assignment(payload: bytes, expected: dict, devclass: str) -> dict:
    """The assignment that the payload spells, for the device that the argument names."""
    parts = _parts(validation.ascii_text(payload, "device is not ASCII"))
    options = {key[1:]: value for key, value in parts.items() if key.startswith("_")}
    for key, wanted in (
        ("backend_domain", expected["backend"]),
        ("port_id", expected["port_id"]),
        ("devclass", devclass),
        ("device_id", expected["device_id"]),
    ):
        if parts.get(key, wanted) != wanted and (key, wanted) != ("device_id", "*"):
            raise errors.malformed(f"Got {key} {parts[key]} when expected {wanted}.")
    mode = parts.get("mode", "manual")
    if mode not in _MODES:
        raise errors.malformed(f"{mode!r} is not a valid AssignmentMode")
    identity = parts.get("device_id", expected["device_id"])
    return {**expected, "device_id": identity, "mode": mode, "options": options}


def _parts(text: str) -> dict[str, str]:
    found = {}
    for key, value in re.findall(r"(\S+?)='((?:\\'|[^'])*)'(?: |$)", text.strip()):
        value = value.replace(r"\'", "'")
        if set(key) - _KEYS or set(value) - _VALUES:
            raise errors.malformed(f"Invalid chars in property {key}")
        found[key] = value
    return found


def _pack(pairs: dict[str, str]) -> str:
    quoted = ((key, str(value).replace("'", r"\'")) for key, value in pairs.items())
    return " ".join(f"{key}='{value}'" for key, value in quoted)


def _identity(device: dict, devclass: str) -> dict[str, str]:
    return {
        "device_id": device["device_id"],
        "port_id": device["port_id"],
        "devclass": devclass,
        "backend_domain": device["backend"],
    }


def of_device(device: dict, devclass: str) -> str:
    """A device as ``Available`` lists it."""
    names = ("vendor", "product", "manufacturer", "name", "serial")
    facts = {
        **_identity(device, devclass),
        **{key: device[key] for key in names if key in device},
        "interfaces": device.get("interfaces", _ANY_INTERFACE),
        **{f"_{key}": value for key, value in device.get("data", {}).items()},
    }
    return _pack(facts)


def of_assignment(device: dict, devclass: str, frontend: str) -> str:
    """An assignment as ``Assigned`` and ``Attached`` list it."""
    facts = {
        **_identity(device, devclass),
        "mode": device["mode"],
        "frontend_domain": frontend,
        **{f"_{key}": value for key, value in device["options"].items()},
    }
    return _pack(facts)
