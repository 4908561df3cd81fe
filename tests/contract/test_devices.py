# SPDX-License-Identifier: MIT
"""qvm-device: PCI devices, how they are assigned, listed and taken back."""

import sys

import pytest

USB = ("dom0", "00_14.0", "0x8086:0xa12f::p0c0330")
AUDIO = ("dom0", "00_1f.3", "0x8086:0xa170::p040300")


@pytest.fixture
def assign(tool):
    """``assign("work", "dom0:00_14.0", …)``: what the tool does when told to assign for good."""
    return lambda qube, device, *options: tool(
        "qvm_device", "pci", "assign", "--required", *options, "--", qube, device
    )


@pytest.fixture
def unassign(tool):
    """``unassign("work", "dom0:00_14.0")``: what the tool does when told to take it back."""
    return lambda qube, *device: tool("qvm_device", "pci", "unassign", "--", qube, *device)


@pytest.fixture
def assigned(look):
    """``assigned("work")``: (backend, port, identity) of each device, with mode and options."""

    def devices(name):
        return [
            (str(a.backend_domain), a.port_id, a.device_id, a.mode.value, a.options)
            for a in look(name).devices["pci"].get_assigned_devices()
        ]

    return devices


def test_dom0_has_the_pci_devices(look):
    exposed = look("dom0").devices["pci"].get_exposed_devices()
    ports = {device.port_id: device.device_id for device in exposed}
    assert ports["00_14.0"] == USB[2]
    assert ports["00_1f.3"] == AUDIO[2]


def test_an_assigned_device_is_listed_with_its_identity(assign, assigned, work):
    assert assign(work, "dom0:00_14.0") == (0, "", "")
    assert assigned(work) == [(*USB, "required", {})]


def test_options_are_listed_as_they_were_given(assign, assigned, work):
    options = ("--option", "no-strict-reset=True", "--option", "permissive=true")
    assert assign(work, "dom0:00_1f.3", *options) == (0, "", "")
    given = {"no-strict-reset": "True", "permissive": "true"}
    assert assigned(work) == [(*AUDIO, "required", given)]


# Nobody knows which options there are.
def test_any_option_is_accepted(assign, assigned, work):
    assert assign(work, "dom0:00_14.0", "--option", "no-such=1") == (0, "", "")
    assert assigned(work) == [(*USB, "required", {"no-such": "1"})]


def test_listing_assignments_is_one_call_and_is_cached(app, calls, work):
    qube = app.domains[work]
    calls.clear()
    assert list(qube.devices["pci"].get_assigned_devices()) == []
    assert list(qube.devices["pci"].get_assigned_devices()) == []
    assert calls == [("admin.vm.device.pci.Assigned", work, None)]


# To change options is to unassign and assign again.
@pytest.mark.parametrize("options", [(), ("--option", "permissive=true")])
def test_a_device_is_not_assigned_twice_to_the_same_qube(assign, work, options):
    assign(work, "dom0:00_14.0")
    assert assign(work, "dom0:00_14.0", *options) == (
        1,
        "",
        "Error: \"'pci device dom0:00_14.0:0x8086:0xa12f::p0c0330 already assigned to work'\"\n",
    )


# They cannot both run, but that is found out when the second one starts.
def test_a_device_can_be_assigned_to_two_qubes(assign, assigned, make, work):
    assign(work, "dom0:00_14.0")
    assert assign(make("other"), "dom0:00_14.0") == (0, "", "")
    assert assigned("other") == assigned(work)


def test_a_pci_device_is_required_or_not_assigned(tool, work):
    for mode in ((), ("--ask",)):
        assert tool("qvm_device", "pci", "assign", *mode, "--", work, "dom0:00_14.0") == (
            1,
            "",
            "Error: PCI devices cannot be assigned as not required.\n",
        )


@pytest.mark.parametrize("device", ["dom0:00_99.0", "dom0:zz", "sys-net:00_14.0"])
def test_the_device_has_to_be_there(assign, work, device):
    backend, port = device.split(":")
    assert assign(work, device) == (
        1,
        "",
        f"Error: backend vm {backend} doesn't expose pci device '{port}'\n",
    )


def test_the_backend_has_to_exist(assign, work):
    assert assign(work, "nosuch:00_14.0") == (1, "", "error: no such backend vm!\n")


def test_a_device_is_written_with_its_backend(assign, work):
    assert assign(work, "00_14.0") == (
        2,
        "",
        "error: expected a backend vm, port id and [optional] device id combination like "
        "foo:bar[:baz] got 00_14.0\n",
    )


def test_the_qube_has_to_exist(assign):
    assert assign("nosuch", "dom0:00_14.0") == (2, "", "error: no such domain: 'nosuch'\n")


def test_a_port_can_be_assigned_whatever_is_in_it(assign, assigned, unassign, tool, work):
    assert assign(work, "dom0:00_14.0", "--port") == (0, "", "")
    assert assigned(work) == [("dom0", "00_14.0", "*", "required", {})]
    assert unassign(work, "dom0:00_14.0").rc == 1
    asked = ("qvm_device", "pci", "unassign", "--port", "--", work, "dom0:00_14.0")
    assert tool(*asked) == (0, "", "")
    assert assigned(work) == []


def test_a_device_of_a_running_qube_is_assigned_for_its_next_start(assign, assigned, busy, look):
    assert assign(busy, "dom0:00_14.0") == (0, "", "")
    assert assigned(busy) == [(*USB, "required", {})]
    assert list(look(busy).devices["pci"].get_attached_devices()) == []


def test_a_device_of_a_running_qube_can_be_unassigned(assign, assigned, unassign, busy):
    assign(busy, "dom0:00_14.0")
    assert unassign(busy, "dom0:00_14.0") == (0, "", "")
    assert assigned(busy) == []


# The hint is on stdout.
def test_unassigning_what_is_attached_says_how_to_detach(assign, unassign, tool, work):
    assign(work, "dom0:00_14.0")
    tool("qvm_start", "--", work)
    assert unassign(work, "dom0:00_14.0") == (
        0,
        "Unassigned. To detach you can now restart domain or run: \n"
        " \tqvm-pci detach work dom0:00_14.0\n",
        "",
    )


def test_what_is_not_assigned_cannot_be_unassigned(unassign, work):
    assert unassign(work, "dom0:00_14.0") == (
        1,
        "",
        "Error: \"'pci device dom0:00_14.0:0x8086:0xa12f::p0c0330 not assigned to work'\"\n",
    )


def test_all_devices_can_be_unassigned_at_once(assign, assigned, unassign, work):
    assign(work, "dom0:00_14.0")
    assign(work, "dom0:00_1f.3")
    assert unassign(work) == (0, "", "")
    assert assigned(work) == []
    assert unassign(work) == (0, "", "")


# Defaults change with the first device, and change back with the last.
def test_a_qube_with_pci_devices_is_by_default_hvm_without_memory_balancing(
    assign, unassign, work, look
):
    def modes():
        qube = look(work)
        assert all(qube.property_is_default(name) for name in ("virt_mode", "maxmem", "kernelopts"))
        return qube.virt_mode, qube.maxmem, qube.kernelopts

    assert modes() == ("pvh", 4000, "swiotlb=2048")
    assign(work, "dom0:00_14.0")
    assert modes() == ("hvm", 0, "")
    unassign(work, "dom0:00_14.0")
    assert modes() == ("pvh", 4000, "swiotlb=2048")


def test_a_qube_with_pci_devices_cannot_be_made_pvh(assign, tool, work):
    assign(work, "dom0:00_14.0")
    assert tool("qvm_prefs", "--", work, "virt_mode", "pvh") == (
        1,
        "",
        "error: pvh mode can't be set if pci devices are assigned\n",
    )


# The other way round nobody objects.
def test_a_qube_made_pvh_can_be_given_pci_devices(assign, tool, work):
    tool("qvm_prefs", "--", work, "virt_mode", "pvh")
    assert assign(work, "dom0:00_14.0") == (0, "", "")


def test_a_disposable_does_not_get_the_devices_of_its_template(assign, assigned, make):
    assign("default-dvm", "dom0:00_14.0")
    assert assigned(make("disposable", "--class", "DispVM")) == []


# From another program's process the class of devices has to be said, and may not be said in
# one whose name begins with qvm-.
@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("/usr/bin/salt-call", ("pci", "assign")),
        ("/usr/bin/qvm-device", ("pci", "assign")),
        ("/usr/bin/qvm-pci", ("assign",)),
    ],
)
def test_the_class_of_devices_is_taken_from_the_name_of_the_program(
    tool, monkeypatch, work, program, words
):
    monkeypatch.setattr(sys, "argv", [program])
    asked = ("qvm_device", *words, "--required", "--", work, "dom0:00_14.0")
    assert tool(*asked) == (0, "", "")


@pytest.mark.since_4_4("4.3 says 'Failed to list … devices'")
def test_the_class_of_devices_has_to_be_known(tool):
    assert tool("qvm_device", "nosuch", "list") == (
        1,
        "",
        "qubesadmin.exc.ProtocolError: no such method: 'admin.vm.device.nosuch.Attached'\n",
    )


def test_the_tool_switches_the_cache_of_its_client_on(main, app, work):
    app.cache_enabled = False
    assert main("qvm_device", "pci", "assign", "--required", "--", work, "dom0:00_14.0") == 0
    assert app.cache_enabled is True
