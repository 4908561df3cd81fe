# SPDX-License-Identifier: MIT
"""What a qube says of itself speaks against that qube, never against the declaration."""

import copy

import pytest
from policy_worlds import (
    FLEET,
    G2_G1,
    G2_LAIR,
    NARROWED,
    POLICY,
    allow,
    begin,
    lines,
    recorded,
    without,
)
from salt.exceptions import CommandExecutionError

CRAFT, EVIL, LAIR = (f"tesseraqt/qube/{name}" for name in ("craft", "evil", "lair"))
HOW = "; declare only NixOS and Whonix qubes, or set `nixos_only: warn`"
LIES = [
    {"os-distribution": "fedora"},
    {"os-distribution": None},
    {"os-distribution": "whonix"},
    {"whonix-gw": "1"},
    {"whonix-ws": "1"},
]
#: The root of which nobody declares what it runs.
OPEN = copy.deepcopy(FLEET)
OPEN["templates"]["evil"] = {"adopt": True}


@pytest.fixture
def mine(world, minion):
    """A dom0 in which two wires are allowed, and one of two roots is as declared."""
    begin(world)
    recorded(world, minion, FLEET, "nixos")
    allow(world, G2_G1, G2_LAIR)
    return world


def ids(run):
    return set(run.failed())


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_root_refuses_itself_and_what_runs_it_and_no_revocation(mine, minion, lie):
    mine.edit("evil", features=lie)
    fleet = without("g2", "b", OPEN)
    said = minion.call(mine, fleet, "tesseraqt.check")["problems"]
    assert said
    assert all(line.startswith(("templates.evil", "qubes.craft", "qubes.lair")) for line in said)
    foretold = minion.apply(mine, fleet, test=True)
    assert {EVIL, LAIR, CRAFT, "tesseraqt/root/evil"} <= ids(foretold)
    before = {name: mine.qube(name) for name in ("evil",)}
    run = minion.apply(mine, fleet)
    assert ids(foretold) <= ids(run)
    assert run.results[NARROWED]["changes"] == {"policy": {"old": G2_LAIR, "new": None}}
    assert {one for one in run.failed() if "g1" in one or "g2" in one} == set()
    assert "g1" in mine.qubes()
    assert {"craft", "lair"} & set(mine.qubes()) == set()
    assert before == {name: mine.qube(name) for name in before}
    assert lines(mine) == {G2_G1}


def test_check_says_which_qubes_and_where(mine, minion):
    mine.edit("evil", features={"os-distribution": "fedora"})
    minion.begin(mine, OPEN)
    told = minion.modules["tesseraqt.check"]()["problems"]
    assert told == [f"templates.evil: its root 'evil' reports 'fedora'{HOW}"]
    assert minion.modules.pack["__context__"]["retcode"] == 1
    minion.end()
    refused = minion.apply(mine, OPEN, test=True).failed()
    assert refused[EVIL] == refused[LAIR] == refused[CRAFT] == told[0]


def test_a_qube_that_is_only_named_fails_too_if_its_root_breaks_the_rule(world, minion):
    fleet = {"templates": {"fedora-42": {}}, "qubes": {"a": {"template": "nixos", "label": "red"}}}
    run = minion.apply(world, fleet)
    assert list(run.failed()) == ["tesseraqt/qube/fedora-42"]
    assert "reports 'fedora'" in run.failed()["tesseraqt/qube/fedora-42"]
    assert "a" in world.qubes()


def test_plan_and_status_say_it_of_that_qube(mine, minion):
    mine.edit("evil", features={"os-distribution": "fedora"})
    why = f"templates.evil: its root 'evil' reports 'fedora'{HOW}"
    plan = minion.call(mine, OPEN, "tesseraqt.plan")
    assert plan[EVIL] == plan[LAIR] == {"refused": [why]}
    assert "steps" in plan["tesseraqt/qube/g1"]
    assert any("waits for tesseraqt/qube/craft" in line for line in plan[POLICY]["notes"])
    status = minion.call(mine, OPEN, "tesseraqt.status")["declared"]
    assert status["evil"]["blocked"] == [why]
    assert status["g1"]["status"] == "missing"


def test_a_refused_root_is_not_built_either(mine, declare):
    mine.edit("evil", features={"os-distribution": "fedora"})
    with pytest.raises(CommandExecutionError, match="its root 'evil' reports 'fedora'"):
        declare({"tesseraqt": OPEN}).modules["tesseraqt.build"]("evil")
    assert mine.writes() == []


def test_what_is_declared_against_the_rule_still_stops_everything(mine, minion):
    fleet = copy.deepcopy(FLEET)
    fleet["templates"]["evil"] = {"os": "other"}
    assert minion.call(mine, fleet, "tesseraqt.check")["problems"]
    with pytest.raises(Exception, match="does not run NixOS"):
        minion.apply(mine, fleet)


def test_a_qube_that_is_to_go_cannot_keep_itself(mine, minion):
    mine.add_qube("old", "StandaloneVM", label="red", tags=["tesseraqt"])
    mine.edit("old", features={"os-distribution": "fedora", "whonix-gw": "1"})
    run = minion.apply(mine, {**FLEET, "qubes": {"old": {"absent": True}}, "templates": {}})
    assert run.failed() == {}
    assert "old" not in mine.qubes()


@pytest.mark.parametrize("lie", LIES[2:], ids=str)
def test_a_netvm_that_calls_itself_a_whonix_gateway_refuses_only_who_is_behind_it(
    mine, minion, lie
):
    mine.add_qube("fake", "StandaloneVM", label="red", properties={"provides_network": True})
    mine.edit("fake", features=lie)
    fleet = copy.deepcopy(FLEET)
    fleet["qubes"]["g2"]["prefs"] = {"netvm": "fake"}
    (said,) = {
        line.partition(": ")[2] for line in minion.call(mine, fleet, "tesseraqt.check")["problems"]
    } & {
        "'g1/srv.x' would link identities: 'g2' is behind the Whonix gateway 'fake', 'g1' is"
        " behind none"
    }
    refused = minion.apply(mine, fleet, test=True).failed()
    assert said in refused["tesseraqt/qube/g2"]
    assert {"tesseraqt/qube/g1", CRAFT, LAIR} & set(refused) == set()
