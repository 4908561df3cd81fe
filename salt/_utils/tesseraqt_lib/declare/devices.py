# SPDX-License-Identifier: MIT
"""What may be declared of the devices of a qube: persistent assignments, by kind and device.

A device is declared by its port, by its identity in that port, or, where devices come and go,
by its identity in any port.
"""

from __future__ import annotations

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.declare.values import Scalar
from tesseraqt_lib.shapes.mappings import Map, Record, Short
from tesseraqt_lib.shapes.scalars import Choice, Nullable, Text

#: What qubesd knows of a device apart from its port (``device_id`` in ``qubes/ext/*.py``).
IDENTITY = r"[A-Za-z0-9_.:-]{1,256}"
#: As ``qubes.utils.sbdf_to_path`` writes it: the way to the device, bridge by bridge.
PCI_PORT = Text(
    r"dom0:(?:[0-9a-fA-F]{4}_)?[0-9a-fA-F]{2}_[0-9a-fA-F]{2}\.[0-7]"
    rf"(?:-[0-9a-fA-F]{{2}}_[0-9a-fA-F]{{2}}\.[0-7]){{0,8}}(?::{IDENTITY})?",
    "a PCI device is dom0:00_14.0, as qvm-pci prints it",
    normal=str.lower,
)


def port_only(text: str) -> str:
    """A device without ``:*``, which says no more than the port."""
    return text.removesuffix(":*")


PORT = Text(
    rf"{words.VM_NAME}:(?:[A-Za-z0-9][A-Za-z0-9._-]{{0,63}}(?::(?:\*|{IDENTITY}))?|\*:{IDENTITY})",
    "a device is backend:port, as qvm-device prints it",
    normal=port_only,
)
OPTION = Text(r"[a-z][a-z0-9-]{0,31}", "an option is lower-case words joined by '-'")
OPTIONS = Map(OPTION, Scalar(128))

#: ``qubesadmin.devices``: PCI devices are required, and only they and block devices can be.
REQUIRED = ("required",)
WANTED = ("auto-attach", "ask-to-attach")
#: The mode where none is said. A qube does not start without what it requires, and what can be
#: unplugged is no reason for that unless somebody says so.
DEFAULT_MODES = {"pci": "required", "block": "auto-attach"}


def assigned(*modes: str) -> Nullable:
    """The shape of an assignment in one of these modes; null means that there is none.

    The mode may be left out where a device has one by default.
    """
    needed = () if "required" in modes else ("mode",)
    return Nullable(Short("mode", Record({"mode": Choice(modes), "options": OPTIONS}, needed)))


DEVICES = Record(
    {
        "block": Map(PORT, assigned(*REQUIRED, *WANTED)),
        "mic": Map(PORT, assigned(*WANTED)),
        "pci": Map(PCI_PORT, assigned(*REQUIRED)),
        "usb": Map(PORT, assigned(*WANTED)),
    }
)
