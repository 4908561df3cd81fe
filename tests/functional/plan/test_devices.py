# SPDX-License-Identifier: MIT
"""Devices that come and go are declared by port or by identity, and need not be plugged in."""

import pytest

STICK = "0951:1666:E0D5:u080650:1.0"
OTHER = "1050:0407::u030101:1.0"


@pytest.fixture
def assigned(mine):
    """``assigned()``: what ``work`` was given, by kind: device and mode."""

    def found():
        return {
            kind: {
                f"{one['backend']}:{one['port_id']}:{one['device_id']}": one["mode"]
                for one in devices
            }
            for kind, devices in mine.qube("work")["assignments"].items()
            if devices
        }

    return found


@pytest.fixture
def declare_devices(mine, minion):
    """``declare_devices(devices)``: a test run foretells it, an apply does it, a second nothing."""

    def run(**devices):
        said = {"template": "nixos", "devices": devices}
        foretold = minion.single(mine, "present", "work", test=True, **said).results["work"]
        done = minion.single(mine, "present", "work", **said)
        assert done.results["work"]["result"] is True
        assert done.results["work"]["changes"] == foretold["changes"]
        assert minion.single(mine, "present", "work", **said).writes == []
        return done

    return run


def plug(world, kind, port, identity):
    """The device is in that port of a running ``sys-net``."""
    device = {"port_id": port, "device_id": identity}
    world.edit("sys-net", devices={kind: [device]})


@pytest.mark.parametrize("kind", ["block", "usb"])
@pytest.mark.parametrize(
    ("key", "is_"),
    [
        ("sys-net:sda", "sys-net:sda:*"),
        ("sys-net:sda:*", "sys-net:sda:*"),
        (f"sys-net:sda:{STICK}", f"sys-net:sda:{STICK}"),
        (f"sys-net:*:{STICK}", f"sys-net:*:{STICK}"),
    ],
)
@pytest.mark.parametrize("plugged", [False, True])
def test_a_device_is_assigned_as_declared_be_it_plugged_in_or_not(
    mine, assigned, declare_devices, kind, key, is_, plugged
):
    if plugged:
        plug(mine, kind, "sda", STICK)
    declare_devices(**{kind: {key: "ask-to-attach"}})
    assert assigned() == {kind: {is_: "ask-to-attach"}}
    declare_devices(**{kind: {key: None}})
    assert assigned() == {}


def test_what_comes_later_in_the_same_qube_is_done(mine, minion):
    said = {"template": "nixos", "firewall": ["drop"], "prefs": {"netvm": "none"}}
    said["devices"] = {"block": {"sys-net:sda": "auto-attach"}}
    assert minion.single(mine, "present", "work", **said).results["work"]["result"] is True
    assert mine.qube("work")["firewall"] == ["action=drop"]


def test_a_block_device_is_not_required_unless_that_is_said(assigned, declare_devices):
    declare_devices(block={"sys-net:sda": {}})
    assert assigned() == {"block": {"sys-net:sda:*": "auto-attach"}}
    declare_devices(block={"sys-net:sda": "required"})
    assert assigned() == {"block": {"sys-net:sda:*": "required"}}


def given(world, kind, *devices):
    """The qube was given these by hand, or by an earlier tesseraqt."""
    pairs = [one.split(":", 2) for one in devices]
    made = [
        {"backend": b, "port_id": p, "device_id": i, "mode": "auto-attach", "options": {}}
        for b, p, i in pairs
    ]
    world.edit("work", assignments={kind: made})


def test_what_was_once_pinned_by_its_port_becomes_the_port(mine, assigned, declare_devices):
    given(mine, "usb", f"sys-net:2-1:{STICK}", f"sys-net:2-2:{STICK}")
    declare_devices(usb={"sys-net:2-1": "auto-attach"})
    pinned = f"sys-net:2-2:{STICK}"
    assert assigned() == {"usb": {"sys-net:2-1:*": "auto-attach", pinned: "auto-attach"}}


def test_a_port_and_a_device_in_it_can_be_declared_beside_each_other(
    mine, assigned, declare_devices
):
    given(mine, "usb", f"sys-net:2-1:{OTHER}")
    both = {"sys-net:2-1": "ask-to-attach", f"sys-net:2-1:{STICK}": "auto-attach"}
    declare_devices(usb=both)
    assert assigned() == {
        "usb": {"sys-net:2-1:*": "ask-to-attach", f"sys-net:2-1:{STICK}": "auto-attach"}
    }
    declare_devices(usb={**both, "sys-net:2-1": None})
    assert assigned() == {"usb": {f"sys-net:2-1:{STICK}": "auto-attach"}}


def test_a_port_that_is_declared_empty_has_nothing_assigned(mine, assigned, declare_devices):
    given(mine, "usb", f"sys-net:2-1:{OTHER}", "sys-net:2-1:*", f"sys-net:*:{STICK}")
    declare_devices(usb={"sys-net:2-1": None})
    assert assigned() == {"usb": {f"sys-net:*:{STICK}": "auto-attach"}}


def test_a_pci_device_is_the_one_in_its_port(mine, assigned, declare_devices):
    declare_devices(pci={"dom0:00_14.0": "required"})
    pinned = {"pci": {"dom0:00_14.0:0x8086:0xa12f::p0c0330": "required"}}
    assert assigned() == pinned
    declare_devices(pci={"dom0:00_14.0:0x8086:0xA12F::P0C0330": "required"})
    assert assigned() == pinned


def test_a_standalone_qube_of_a_template_with_a_larger_root_is_refused(world, minion, refused):
    minion.single(world, "present", "nixos", adopt=True, volumes={"root": "20GiB"})
    comment = refused(
        "present",
        "solo",
        **{"class": "StandaloneVM", "template": "nixos", "label": "red"},
        volumes={"root": "15GiB"},
    )
    assert "volume 'root' has 21474836480 bytes and cannot shrink to 16106127360" in comment


def test_a_volume_that_was_grown_by_hand_is_in_nobodys_way(mine, minion):
    said = {"template": "nixos", "volumes": {"private": "3GiB"}}
    minion.single(mine, "present", "work", **said)
    private = {**mine.qube("work")["volumes"]["private"], "size": 5 * 2**30}
    mine.edit("work", volumes={**mine.qube("work")["volumes"], "private": private})
    done = minion.single(mine, "present", "work", **said, tags=["x"]).results["work"]
    assert (done["result"], list(done["changes"])) == (True, ["tags.x"])
    again = minion.single(mine, "present", "work", **said, tags=["x"])
    assert again.writes == []
    assert "has 5368709120 bytes" in again.results["work"]["comment"]
