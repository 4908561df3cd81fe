# SPDX-License-Identifier: MIT
"""PCI devices that this machine lacks or somebody has are told before anything is written."""

NEW = {"template": "nixos", "label": "red"}
USB = "dom0:00_14.0"


def fleet(_rule="off", **qubes):
    return {"nixos_only": _rule, "qubes": qubes}


def test_case_01_a_port_that_this_machine_lacks_is_told(problems):
    usb = {**NEW, "prefs": {"virt_mode": "hvm"}, "devices": {"pci": {"dom0:05_00.0": "required"}}}
    [told] = problems(fleet(usb=usb))
    assert told.startswith("qubes.usb.devices.pci.dom0:05_00.0: is no PCI device of this machine")


def test_another_device_in_the_port_is_told(problems):
    other = f"{USB}:0x8086:0xffff::p0c0330"
    [told] = problems(fleet(usb={**NEW, "devices": {"pci": {other: "required"}}}))
    assert "has another device in its port on this machine: 0x8086:0xa12f::p0c0330" in told
    assert problems(fleet(usb={**NEW, "devices": {"pci": {USB: "required"}}})) == []


def given(world, name):
    """The qube was given the USB controller by hand."""
    identity = {"backend": "dom0", "port_id": "00_14.0", "device_id": "0x8086:0xa12f::p0c0330"}
    world.edit(name, assignments={"pci": [{**identity, "mode": "required", "options": {}}]})


def test_a_device_that_an_undeclared_qube_has_is_told_with_its_name(world, problems):
    given(world, "sys-net")
    [told] = problems(fleet(usb={**NEW, "devices": {"pci": {USB: "required"}}}))
    assert told == (
        f"qubes.usb.devices.pci.{USB}: is assigned to 'sys-net': take it back there (qvm-pci"
        f" unassign sys-net {USB}), or declare that"
    )


def test_a_declared_qube_that_gives_it_away_is_not_in_the_way(world, problems):
    given(world, "sys-net")
    usb = {**NEW, "devices": {"pci": {USB: "required"}}}
    old = {"adopt": True, "devices": {"pci": {USB: None}}}
    assert problems(fleet(usb=usb, **{"sys-net": old})) == []
    [told] = problems(fleet(usb=usb, **{"sys-net": {"adopt": True, "tags": ["x"]}}))
    assert "is assigned to 'sys-net'" in told
