# SPDX-License-Identifier: MIT
"""Ways around the network of a qube are warned of: disposables that it opens, and wires."""

import pytest

NEW = {"template": "nixos", "label": "red"}


def fleet(_rule="off", **qubes):
    return {"nixos_only": _rule, "qubes": qubes}


def test_an_offline_qube_whose_disposables_have_network_is_warned_of(warnings):
    vault = {**NEW, "prefs": {"netvm": "none"}}
    assert warnings(fleet(vault=vault)) == [
        "qubes.vault: is without network, and what it opens in a disposable of 'default-dvm' is in"
        " the open network: give it a `default_dispvm` with the same network, or none"
    ]
    for said in ("none", "default-mgmt-dvm"):
        assert (
            warnings(fleet(vault={**NEW, "prefs": {"netvm": "none", "default_dispvm": said}})) == []
        )


def test_a_qube_behind_whonix_whose_disposables_are_not_is_warned_of(world, warnings):
    gate = {"template": "whonix-workstation-18", "label": "black"}
    gate["prefs"] = {"provides_network": True, "netvm": "sys-firewall"}
    anon = {"template": "whonix-workstation-18", "label": "red", "prefs": {"netvm": "gate"}}
    dvm = {**anon, "prefs": {"netvm": "gate", "template_for_dispvms": True}}
    dvm["prefs"]["default_dispvm"] = "dvm"
    [told] = warnings(fleet(gate=gate, anon=anon, dvm=dvm))
    assert "qubes.anon: is behind the Whonix gateway 'gate'" in told
    anon["prefs"]["default_dispvm"] = "dvm"
    assert warnings(fleet(gate=gate, anon=anon, dvm=dvm)) == []


def test_a_kind_of_devices_that_this_machine_lacks_ends_nothing(world, minion, warnings):
    said = fleet(ear={**NEW, "devices": {"mic": {"dom0:mic": "ask-to-attach"}}}, work=NEW)
    assert minion.apply(world, said).failed().keys() == {"tesseraqt/qube/ear"}
    assert "work" in world.qubes()
    [told] = warnings(said)
    assert "qubes.ear.devices.mic: is no kind of devices" in told
    assert minion.call(world, said, "tesseraqt.status")["declared"]["ear"]["status"] == "unknown"
    assert "refused" in minion.call(world, said, "tesseraqt.plan")["tesseraqt/qube/ear"]


WIRED = {
    "db": {"provides": {"sql": {"tcp": 5432}}},
    "web": {"consumes": {"store": None}},
}


@pytest.mark.parametrize("offline", ["db", "web"])
@pytest.mark.parametrize("meant", [True, False])
def test_a_wire_between_a_qube_with_network_and_one_without_is_warned_of(
    world, minion, offline, meant
):
    def qube(name, part):
        netvm = "none" if name == offline else "sys-firewall"
        prefs = {"netvm": netvm, "default_dispvm": "none"}
        return {**NEW, "prefs": prefs, "containers": part}

    wire = {"to": "db/db.sql", **({"trust": True} if meant else {})}
    said = {
        "templates": {"nixos": {"adopt": True}},
        "containers": WIRED,
        "qubes": {"db": qube("db", ["db"]), "web": qube("web", {"web": {"store": wire}})},
    }
    other = {"db": "web", "web": "db"}[offline]
    text = f"joins {offline!r}, which has no network, to {other!r}, which has"
    expected = f"qubes.web.containers.web.store: {text}; set `trust: true` if that is meant"
    found = minion.call(world, said, "tesseraqt.check")
    assert found == {"problems": [], "warnings": [] if meant else [expected]}


def test_a_disposable_has_what_its_template_is_declared_to_have_however_late(world, minion):
    dvm = {**NEW, "prefs": {"template_for_dispvms": True}, "tags": ["wide"]}
    disp = {"class": "DispVM", "template": "dvm", "label": "red"}
    assert minion.apply(world, fleet(dvm=dvm, disp=disp)).failed() == {}
    dvm |= {"firewall": [], "features": {"x-a": 1}, "services": {"cups": False}}
    dvm |= {"tags": {"wide": False}}
    dvm["prefs"] |= {"netvm": "none", "memory": 500}
    assert minion.apply(world, fleet(dvm=dvm, disp=disp)).failed() == {}
    late = world.qube("disp")
    fresh = {"class": "DispVM", "template": "dvm", "label": "red"}
    assert minion.apply(world, fleet(dvm=dvm, disp=disp, fresh=fresh)).failed() == {}
    early = world.qube("fresh")
    for part in ("features", "firewall"):
        assert late[part] == early[part]
    for key in ("netvm", "memory"):
        assert late["properties"][key] == early["properties"][key]
    assert "wide" not in late["tags"]


def test_what_a_disposable_declares_itself_stands(world, minion):
    dvm = {**NEW, "prefs": {"template_for_dispvms": True, "memory": 500}, "firewall": ["drop"]}
    disp = {"class": "DispVM", "template": "dvm", "label": "red", "prefs": {"memory": 600}}
    assert minion.apply(world, fleet(dvm=dvm, disp=disp)).failed() == {}
    assert world.qube("disp")["properties"]["memory"] == 600
