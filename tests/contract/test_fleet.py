# SPDX-License-Identifier: MIT
"""A whole fleet, through Salt, by whichever dom0 answers: it converges, stays, and comes back."""

import json
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).parent.parent
sys.path[:0] = [str(TESTS / "functional"), str(TESTS.parent / "tools")]

import rich_fleet  # noqa: E402
import simulated_dom0  # noqa: E402


@pytest.fixture
def call(app, tmp_path):
    """``call("state.apply", …)``: what Salt answers in this dom0, where the fleet is declared."""
    pillar = simulated_dom0.write_pillar(
        tmp_path / "pillar", {"dom0": {"tesseraqt": rich_fleet.FLEET}}
    )
    config = simulated_dom0.write_config(tmp_path / "minion", pillar)
    simulated_dom0.salt_call(config, "saltutil.sync_all", capture_output=True)

    def run(*arguments):
        options = {"capture_output": True, "text": True}
        ended = simulated_dom0.salt_call(config, *arguments, "--out=json", **options)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return json.loads(ended.stdout)["local"]

    return run


def changes(answer):
    """What changed, by the ID of the state."""
    return {one["__id__"]: one["changes"] for one in answer.values() if one["changes"]}


def test_one_apply_gets_there_as_foretold_and_the_next_does_nothing(call):
    foretold = changes(call("state.apply", "tesseraqt", "test=True"))
    assert foretold
    assert changes(call("state.apply", "tesseraqt")) == foretold
    assert changes(call("state.apply", "tesseraqt")) == {}
    assert call("tesseraqt.plan") == {}


def test_what_drifted_comes_back(call, tool):
    call("state.apply", "tesseraqt")
    for argv in (
        ("qvm_prefs", "--", "worker", "memory", "777"),
        ("qvm_prefs", "--default", "--", "worker", "netvm"),
        ("qvm_features", "--", "worker", "x-once", "again"),
        ("qvm_service", "--disable", "--", "worker", "cups"),
        ("qvm_tags", "--", "worker", "del", "now"),
        ("qvm_volume", "config", "--", "worker:private", "revisions_to_keep", "1"),
        ("qvm_prefs", "--", "shown", "label", "red"),
        ("qvm_prefs", "--default", "--", "dvm-2", "default_dispvm"),
    ):
        assert tool(*argv).rc == 0, argv
    assert sorted(changes(call("state.apply", "tesseraqt"))) == [
        *("tesseraqt/qube/dvm-2", "tesseraqt/qube/shown", "tesseraqt/qube/worker")
    ]
    assert call("tesseraqt.plan") == {}


#: Qubes makes such a qube with more than is declared: the default netvm, disposables.
CONFINED = {
    "nixos_only": "off",
    "qubes": {
        "usb": {
            "template": "nixos",
            "label": "red",
            "autostart": True,
            "prefs": {
                "netvm": "none",
                "default_dispvm": "none",
                "virt_mode": "hvm",
                "maxmem": 0,
            },
            "features": {"x-one": 1},
            "firewall": ["drop"],
            "devices": {"pci": {"dom0:00_14.0": "required"}},
        }
    },
}


def test_after_each_write_a_new_qube_is_as_confined_as_declared(tmp_path, app, look, tool):
    pillar = simulated_dom0.write_pillar(tmp_path / "pillar", {"dom0": {"tesseraqt": CONFINED}})
    config = simulated_dom0.write_config(tmp_path / "minion", pillar)
    simulated_dom0.salt_call(config, "saltutil.sync_all", capture_output=True)
    options = {"capture_output": True, "text": True}
    ended = simulated_dom0.salt_call(config, "tesseraqt.plan", "--out=json", **options)
    steps = json.loads(ended.stdout)["local"]["tesseraqt/qube/usb"]["steps"]
    for number, step in enumerate(steps, 1):
        argv = step["argv"]
        if argv[0] == "qubesd-query":
            app.qubesd_call(argv[4], argv[3], None, b"action=drop\n")
        else:
            assert tool(argv[0].replace("-", "_"), *argv[1:]).rc == 0, argv
        usb = look("usb")
        assert number == 1 or usb.netvm is None, argv
        assert number <= 3 or usb.default_dispvm is None, argv
        assert usb.autostart is (number == len(steps)), argv
    assert [device.port_id for device in look("usb").devices["pci"].get_assigned_devices()]
