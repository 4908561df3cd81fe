# SPDX-License-Identifier: MIT
"""Which other qubes a declared qube names, and where such references lead back to their start."""

from tesseraqt_lib.fleet.references import Reference, cycles, references
from tesseraqt_lib.model import Device, Qube


def test_a_qube_names_others_by_template_clone_properties_and_devices_and_never_dom0():
    work = Qube(
        "work",
        template="nixos",
        prefs={"netvm": "sys-vpn", "guivm": "dom0", "audiovm": "", "default_dispvm": None},
        devices={
            "usb": {"sys-usb:1-2": Device("sys-usb:1-2")},
            "pci": {"dom0:00_14.0": Device("dom0:00_14.0")},
        },
    )
    assert list(references(work)) == [
        Reference("template", "nixos"),
        Reference("prefs.netvm", "sys-vpn"),
        Reference("devices.usb.sys-usb:1-2", "sys-usb"),
    ]
    assert [one.hard for one in references(work)] == [True, False, False]
    assert list(references(Qube("copy", clone="nixos"))) == [Reference("clone", "nixos")]


def net(**netvms):
    return {name: Qube(name, prefs={"netvm": netvm}) for name, netvm in netvms.items()}


def test_each_cycle_is_found_once_from_its_first_name():
    qubes = net(b="c", c="a", a="b", alone="alone", leads="a", out="elsewhere")
    assert cycles(qubes, "prefs.netvm") == [["a", "b", "c", "a"], ["alone", "alone"]]
    assert cycles(qubes, "template") == []
