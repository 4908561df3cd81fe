# SPDX-License-Identifier: MIT
"""qvm-device: devices that come and go, by port and by identity; here none is plugged in."""

import pytest

STICK = "0951:1666:E0D5:u080650:1.0"


@pytest.fixture
def act(tool):
    """``act("assign", "work", "sys-net:sda", …)``: what the tool does about block devices."""
    return lambda action, qube, device, *options: tool(
        "qvm_device", "block", action, *options, "--", qube, device
    )


@pytest.fixture
def assigned(look):
    """``assigned("work")``: ``backend:port:identity`` of each device, with its mode."""

    def devices(name):
        found = look(name).devices["block"].get_assigned_devices()
        return [(str(one.virtual_device), one.mode.value) for one in found]

    return devices


def test_what_is_not_plugged_in_is_not_assigned_by_its_port(act, work):
    assert act("assign", work, "sys-net:sda") == (
        1,
        "",
        "Error: backend vm sys-net doesn't expose block device 'sda'\n",
    )


# What is declared: the port alone, a device in a port, a device in any port.
@pytest.mark.parametrize(
    ("options", "asked", "listed"),
    [
        (("--port",), "sys-net:sda", "sys-net:sda:*"),
        ((), f"sys-net:sda:{STICK}", f"sys-net:sda:{STICK}"),
        ((), f"sys-net:*:{STICK}", f"sys-net:*:{STICK}"),
    ],
)
@pytest.mark.parametrize(
    ("mode", "name"),
    [((), "auto-attach"), (("--ask",), "ask-to-attach"), (("--required",), "required")],
)
def test_it_is_by_its_identity_or_if_the_port_alone_is_meant(
    act, assigned, work, options, asked, listed, mode, name
):
    assert act("assign", work, asked, *mode, *options) == (0, "", "")
    assert assigned(work) == [(listed, name)]
    assert act("unassign", work, listed) == (0, "", "")
    assert assigned(work) == []


def test_a_running_qube_is_given_one_that_is_not_plugged_in(act, assigned, busy):
    assert act("assign", busy, "sys-net:sda", "--port") == (0, "", "")
    assert act("assign", busy, f"sys-net:*:{STICK}") == (0, "", "")
    assert sorted(assigned(busy)) == [
        (f"sys-net:*:{STICK}", "auto-attach"),
        ("sys-net:sda:*", "auto-attach"),
    ]


def test_the_port_and_a_device_in_it_are_two_assignments(act, assigned, work):
    act("assign", work, "sys-net:sda", "--port")
    assert act("assign", work, f"sys-net:sda:{STICK}", "--ask") == (0, "", "")
    assert act("unassign", work, "sys-net:sda:*") == (0, "", "")
    assert assigned(work) == [(f"sys-net:sda:{STICK}", "ask-to-attach")]


def test_a_qube_does_not_start_without_what_it_requires(act, tool, work):
    act("assign", work, "sys-net:sda", "--port", "--required")
    assert tool("qvm_start", "--skip-if-running", "--", work).rc == 1
    act("unassign", work, "sys-net:sda:*")
    act("assign", work, "sys-net:sda", "--port")
    assert tool("qvm_start", "--skip-if-running", "--", work) == (0, "", "")


def test_the_kernels_of_dom0_are_the_volumes_of_a_pool(app, calls):
    pool = app.pools[app.default_pool_kernel]
    calls.clear()
    kernels = {"6.12.63-1.fc41", "6.17.9-1.fc41", "pvgrub2-pvh"}
    assert {volume.vid for volume in pool.volumes} == kernels
    assert calls == [("admin.pool.volume.List", "dom0", "linux-kernel")]


def test_another_kernel_is_refused_when_it_is_set(tool, work):
    said = tool("qvm_prefs", "--", work, "kernel", "mirage-firewall")
    assert (said.rc, said.out) == (1, "")
    assert "Kernel 'mirage-firewall' not installed" in said.err
