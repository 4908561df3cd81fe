# SPDX-License-Identifier: MIT
"""A netvm is neither taken from running qubes nor given to them while it is off."""

import pytest


@pytest.fixture
def serving(mine, minion):
    """``work`` runs, and ``mail`` runs and has its network through it."""
    through = {"provides_network": True, "netvm": "sys-firewall"}
    minion.single(mine, "present", "work", template="nixos", prefs=through)
    minion.single(mine, "present", "mail", template="nixos", label="red", prefs={"netvm": "work"})
    minion.single(mine, "running", "mail")
    return mine


def test_a_qube_is_not_halted_while_others_have_their_network_through_it(serving, refused):
    comment = refused("halted", "work")
    assert comment.startswith("work cannot be halted while it is the netvm of mail: ")
    assert "(qvm-shutdown --wait mail)" in comment


def test_nor_is_it_restarted_for_a_change(serving, refused):
    comment = refused("present", "work", template="fedora-42", restart="when_needed")
    assert comment.startswith("work cannot be halted while it is the netvm of mail: ")


def test_nor_while_it_is_their_default(serving, minion, refused):
    minion.single(serving, "globals", "globals", prefs={"default_netvm": "work"})
    minion.single(serving, "present", "mail", template="nixos", prefs={"netvm": None})
    assert "netvm of mail" in refused("halted", "work")


def test_those_who_need_it_may_be_halted_first(serving, minion):
    fleet = {
        "nixos_only": "off",
        "qubes": {
            "work": {"adopt": True, "prefs": {"provides_network": True}, "running": False},
            "mail": {"adopt": True, "prefs": {"netvm": "work"}, "running": False},
        },
    }
    assert minion.apply(serving, fleet).failed() == {}
    assert {serving.qube(name)["power"] for name in ("work", "mail")} == {"Halted"}


def test_status_says_why_a_qube_is_not_yet_removed(world, minion):
    fleet = {"nixos_only": "off", "qubes": {"sys-net": {"absent": True}, "gone": {"absent": True}}}
    told = minion.call(world, fleet, "tesseraqt.status")["declared"]
    assert told["sys-net"]["status"] == "not yet removed"
    assert "not tesseraqt's" in told["sys-net"]["why"][0]
    assert told["gone"] == {"status": "absent"}


@pytest.fixture
def moving(mine, minion):
    """``work`` runs, and is declared to have its network through ``exit``, which is off."""
    through = {"provides_network": True, "netvm": "sys-firewall"}
    minion.single(mine, "present", "exit", template="nixos", label="red", prefs=through)
    minion.single(mine, "running", "work")
    return mine


def test_a_running_qube_gets_no_netvm_that_is_off(moving, refused):
    comment = refused("present", "work", template="nixos", prefs={"netvm": "exit"})
    assert "work is running, and its prefs.netvm (exit is off) can change only while" in comment


def test_not_by_default_either(moving, minion, refused):
    minion.single(moving, "present", "work", template="nixos", prefs={"netvm": "sys-firewall"})
    moving.power("work", "Halted")
    minion.single(moving, "globals", "globals", prefs={"default_netvm": "exit"})
    minion.single(moving, "running", "work")
    moving.power("exit", "Halted")
    assert "exit is off" in refused("present", "work", template="nixos", prefs={"netvm": None})


def test_one_that_may_restart_does_and_takes_its_netvm_along(moving, minion):
    said = {"template": "nixos", "prefs": {"netvm": "exit"}, "restart": "when_needed"}
    foretold = minion.single(moving, "present", "work", test=True, **said)
    done = minion.single(moving, "present", "work", **said)
    assert done.results["work"]["changes"] == foretold.results["work"]["changes"]
    assert {moving.qube(name)["power"] for name in ("work", "exit")} == {"Running"}
    assert moving.qube("work")["properties"]["netvm"] == "exit"


def test_a_global_property_that_qubes_refuses_is_told_in_its_words(mine, minion):
    minion.single(mine, "present", "work", template="nixos", prefs={"provides_network": True})
    run = minion.single(mine, "globals", "globals", prefs={"default_netvm": "work"})
    assert run.results["globals"]["result"] is False
    assert "qubes-prefs -- default_netvm work: Network loop on" in run.results["globals"]["comment"]


def test_the_default_netvm_cannot_be_off_while_running_qubes_would_follow(moving, minion, refused):
    moving.power("work", "Halted")
    minion.single(moving, "present", "work", template="nixos", prefs={"netvm": None})
    minion.single(moving, "running", "work")
    comment = refused("globals", "globals", prefs={"default_netvm": "exit", "stats_interval": 7})
    assert "default_netvm cannot become exit, which is off, while work would follow" in comment
