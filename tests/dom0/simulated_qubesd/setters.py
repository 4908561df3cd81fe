# SPDX-License-Identifier: MIT
"""What a value must be, beyond its type (setters in qubes/vm/qubesvm.py and qubes/app.py)."""

import re
import string

from simulated_qubesd import errors
from simulated_qubesd.properties import Holder, Property

_USER = string.ascii_letters + string.digits + "_-+,."
_DENIED = re.compile(r"([bump*][0-9a-f*]{6})*")


def label(holder: Holder, _prop: Property, value: str) -> str:
    """An existing label, by name or by number."""
    return holder.fleet.label(value.removeprefix("label-"))


def positive(_holder: Holder, prop: Property, value: int) -> int:
    """More than nothing."""
    if value <= 0:
        raise errors.bad_property_value(f"{prop.name} must be positive")
    return value


def not_negative(_holder: Holder, prop: Property, value: int) -> int:
    """Nothing or more."""
    if value < 0:
        raise errors.bad_property_value(f"{prop.name} must be positive or zero")
    return value


def kernel(_holder: Holder, _prop: Property, value: str) -> str:
    """A name, not a path; empty for the kernel of the qube itself."""
    if "/" in value:
        raise errors.bad_property_value("Kernel name cannot contain '/'")
    return value


def kernelopts(_holder: Holder, _prop: Property, value: str) -> str:
    """What fits in the command line."""
    if len(value) > 512:
        raise errors.bad_property_value("Kernelopts value too long (512 chars max)")
    return value


def default_user(_holder: Holder, _prop: Property, value: str) -> str:
    """A user name."""
    if set(value) - set(_USER):
        message = "Username can contain only those characters: " + _USER
        raise errors.bad_property_value(message)
    return value


def denied_list(_holder: Holder, _prop: Property, value: str) -> str:
    """Interface codes of seven characters, each once."""
    if len(value) % 7:
        raise errors.bad_value(
            f"Invalid length of interfaces={value!r} (is {len(value)}, expected multiple of 7)"
        )
    value = "".join(sorted({value[at : at + 7] for at in range(0, len(value), 7)}))
    if not _DENIED.fullmatch(value):
        raise errors.bad_property_value(
            "Interface code list should be in the form chhhhhhchhhhhh...,"
            'where c is one of "b", "u", "m", "p", "*" and h is a hexdigit or "*".'
        )
    return value


def virt_mode(holder: Holder, _prop: Property, value: str) -> str:
    """A mode that Xen has and that suits the devices of the qube."""
    value = value.lower()
    if value not in ("hvm", "pv", "pvh"):
        message = "Invalid virtualization mode, supported values: hvm, pv, pvh"
        raise errors.bad_property_value(message)
    if value == "pvh" and holder.doc["assignments"].get("pci"):
        raise errors.bad_property_value("pvh mode can't be set if pci devices are assigned")
    return value


def keyboard_layout(_holder: Holder, _prop: Property, value: str) -> str:
    """``layout+variant+options``."""
    parts = value.split("+")
    for wrong, message in (
        (len(parts) != 3, "invalid number of keyboard layout parameters"),
        (not parts[0].isalpha(), "Invalid keyboard layout provided"),
        (re.search(r"[^a-zA-Z0-9_-]", parts[1 % len(parts)]), "Invalid layout variant provided"),
        (re.search(r"[^a-zA-Z0-9_:,-]", parts[-1]), "Invalid layout options provided"),
    ):
        if wrong:
            raise errors.bad_property_value(message)
    return value


def disposable_template(holder: Holder, prop: Property, value: str | None) -> str | None:
    """A qube that disposables may be made of (validate_disposable_template)."""
    if value and not holder.fleet[value].value("template_for_dispvms", False):
        whose = "system" if holder.klass == "Qubes" else f"qube {str(holder)!r}"
        raise errors.bad_property_value(
            f"Cannot set invalid property to {whose}, {prop.name} {value!r} has "
            "template_for_dispvms set to False"
        )
    return value


def template_of_disposable(holder: Holder, _prop: Property, value: str) -> str:
    """The same for the template of a disposable (qubes/vm/dispvm.py)."""
    if not holder.fleet[value].value("template_for_dispvms", False):
        message = "template for disposable must have template_for_dispvms=True"
        raise errors.bad_property_value(message)
    return value


def pool(holder: Holder, _prop: Property, value: str) -> str:
    """An existing storage pool."""
    if value not in holder.fleet.doc["pools"]:
        raise errors.bad_property_value("No such storage pool")
    return value
