# SPDX-License-Identifier: MIT
"""What qubesd sets along with something else is foreseen: one apply gets to what is declared."""

import pytest
from converging import converges

ON_NIXOS = {"template": "nixos", "label": "red"}


def declared(qubes, **more):
    return {"nixos_only": "off", "qubes": qubes, **more}


@pytest.mark.parametrize("value", [None, "", "1", "2"])
def test_a_feature_that_comes_with_providing_network_is_as_declared(world, minion, value):
    prefs = {"provides_network": True, "netvm": "sys-net"}
    net = ON_NIXOS | {"prefs": prefs, "features": {"servicevm": value}}
    converges(minion, world, declared({"net": net}))
    assert world.qube("net")["features"].get("servicevm") == value


@pytest.mark.parametrize("value", [None, "", "1"])
def test_one_that_goes_with_it_is_too(world, minion, value):
    net = ON_NIXOS | {"prefs": {"provides_network": True, "netvm": "sys-net"}}
    converges(minion, world, declared({"net": net}))
    prefs = {"provides_network": False, "netvm": "sys-net"}
    net = ON_NIXOS | {"prefs": prefs, "features": {"servicevm": value}}
    converges(minion, world, declared({"net": net}))
    assert world.qube("net")["features"].get("servicevm") == value


@pytest.mark.parametrize("value", [None, "1"])
def test_a_clone_has_it_from_its_source_or_not(world, minion, value):
    world.edit("nixos", properties={"provides_network": True}, tags=["tesseraqt"])
    copy = {"clone": "nixos", "os": "nixos", "features": {"servicevm": value}}
    converges(minion, world, {"templates": {"copy": copy}})
    assert world.qube("copy")["features"].get("servicevm") == value
