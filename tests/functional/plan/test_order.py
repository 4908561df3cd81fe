# SPDX-License-Identifier: MIT
"""Each qube is made when all is there that it needs, and all that it inherits."""

DISPOSABLE = {"template": "nixos", "label": "red", "prefs": {"template_for_dispvms": True}}


def naming(other):
    """A disposable template that names another one."""
    return {**DISPOSABLE, "prefs": {**DISPOSABLE["prefs"], "default_dispvm": other}}


FLEET = {
    "nixos_only": "off",
    "qubes": {
        "dvm-1": naming("dvm-2"),
        "dvm-2": naming("dvm-1"),
        "heir": {"class": "DispVM", "template": "dvm-1", "label": "red"},
    },
}


def test_an_heir_gets_what_its_source_is_given_only_after_another_qube_is_made(world, minion):
    assert minion.apply(world, FLEET).failed() == {}
    assert world.qube("dvm-1")["properties"]["default_dispvm"] == "dvm-2"
    assert world.qube("heir")["properties"]["default_dispvm"] == "dvm-2"


def test_it_is_not_made_before_that_works(world, minion):
    world.inject("fail", at=2, method=r"property\.Set", dest="dvm-1")
    run = minion.apply(world, FLEET)
    assert sorted(run.failed()) == ["tesseraqt/qube/dvm-1/later", "tesseraqt/qube/heir"]
    assert "heir" not in world.qubes()


def test_a_source_that_has_its_network_through_its_heir_comes_first(world, minion):
    through = {**DISPOSABLE["prefs"], "netvm": "heir"}
    heir = {**FLEET["qubes"]["heir"], "prefs": {"netvm": None, "provides_network": True}}
    fleet = {**FLEET, "qubes": {"dvm-1": {**DISPOSABLE, "prefs": through}, "heir": heir}}
    assert minion.apply(world, fleet).failed() == {}
    assert minion.apply(world, fleet).writes == []
    assert world.qube("dvm-1")["properties"]["netvm"] == "heir"
