# SPDX-License-Identifier: MIT
"""Salt itself runs the states: whatever fails, the wires whose ends are as declared are allowed."""

import copy

import pytest
from nixos_root import Root
from policy_worlds import (
    CRAFT_G1,
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


def craft_cannot_change(world):
    """craft runs on another template than is declared, and may not be restarted."""
    world.add_qube("craft", template="nixos", label="blue", tags=["tesseraqt"])
    world.power("craft", "Running")


@pytest.fixture
def mine(world, minion, quick):
    """A dom0 in which one of two roots is as declared, by what dom0 remembers."""
    begin(world)
    recorded(world, minion, FLEET, "nixos")
    yield world
    minion.end()


def test_a_root_that_lies_keeps_only_its_own_wires_waiting(mine, apply):
    Root(mine, "evil").behave("lie")
    results = apply({"tesseraqt": FLEET})
    assert results["tesseraqt/root/evil"]["result"] is False
    assert lines(mine) == {G2_G1}
    said = results[POLICY]
    assert said["result"] is False
    assert G2_G1 in said["changes"]["policy"]["new"]
    for line, qube in ((G2_LAIR, "lair"), (CRAFT_G1, "craft")):
        waits = f"tesseraqt/qube/{qube}/restarted, tesseraqt/root/evil"
        assert f"policy does not have {line}, which waits for {waits}" in said["comment"]
    assert f"not have {G2_G1}" not in said["comment"]
    assert results["tesseraqt/qube/g2/running"]["result"] is True


def test_once_it_is_as_declared_its_wires_come_too(mine, apply, minion):
    Root(mine, "evil").behave("lie")
    apply({"tesseraqt": FLEET})
    recorded(mine, minion, FLEET, "evil")
    results = apply({"tesseraqt": FLEET})
    assert {one["result"] for one in results.values()} == {True}
    assert lines(mine) == {G2_G1, G2_LAIR, CRAFT_G1}


def test_what_was_allowed_and_is_still_declared_stays(mine, apply):
    allow(mine, G2_LAIR)
    Root(mine, "evil").behave("lie")
    results = apply({"tesseraqt": FLEET})
    assert lines(mine) == {G2_G1, G2_LAIR}
    assert CRAFT_G1 in results[POLICY]["comment"]
    assert G2_LAIR not in results[POLICY]["comment"].replace("would change", "")


@pytest.mark.parametrize("alone", ["tesseraqt", "tesseraqt.policy"])
def test_a_test_run_and_the_apply_agree_about_a_qube_that_is_refused(mine, apply, alone):
    """A qube that cannot change is known to stop its own wires before anything is done."""
    craft_cannot_change(mine)
    foretold = apply({"tesseraqt": FLEET}, alone, test=True)
    assert foretold["tesseraqt/qube/craft"]["result"] is False
    assert foretold[POLICY]["result"] is False
    assert CRAFT_G1 in foretold[POLICY]["comment"]
    assert CRAFT_G1 not in foretold[POLICY]["changes"]["policy"]["new"]
    assert lines(mine) is None


def test_the_plan_says_which_wires_wait_and_for_whom(mine, minion):
    craft_cannot_change(mine)
    plan = minion.call(mine, FLEET, "tesseraqt.plan")
    (step,) = plan[POLICY]["steps"]
    assert G2_G1 in step["new"]
    assert CRAFT_G1 not in step["new"]
    waits = "tesseraqt/qube/craft, tesseraqt/qube/craft/restarted"
    assert plan[POLICY]["notes"] == [f"policy does not have {CRAFT_G1}, which waits for {waits}"]


def test_a_narrowing_that_fails_widens_nothing(mine, apply):
    (mine.policy / "30-tesseraqt.policy").write_text("* * g2 g1 allow\n")
    results = apply({"tesseraqt": without("craft", "a")}, "tesseraqt.policy")
    assert results[NARROWED]["result"] is False
    assert results[POLICY]["result"] is False
    assert (mine.policy / "30-tesseraqt.policy").read_text() == "* * g2 g1 allow\n"


LATER = "tesseraqt/policy/later"
VPN = {
    "template": "nixos",
    "label": "blue",
    "running": True,
    "prefs": {"netvm": "sys-firewall", "provides_network": True},
}


@pytest.fixture
def behind_vpn(mine, apply, minion):
    """A fleet in which g2, which runs with all wires but one, is to get a netvm that is not there
    yet, and that wire."""
    recorded(mine, minion, FLEET, "evil")
    results = apply({"tesseraqt": without("g2", "b")})
    assert {one["result"] for one in results.values()} == {True}
    fleet = copy.deepcopy(FLEET)
    fleet["qubes"]["g2"]["prefs"] = {"netvm": "vpn"}
    return {**fleet, "qubes": {**fleet["qubes"], "vpn": VPN}}


def test_a_qube_that_waits_for_its_netvm_has_its_new_wire_once_it_is_attached(
    mine, apply, behind_vpn
):
    foretold = apply({"tesseraqt": behind_vpn}, test=True)
    results = apply({"tesseraqt": behind_vpn})
    assert {one["result"] for one in results.values()} == {True}
    assert results[POLICY]["changes"] == {}
    assert f"{G2_LAIR}, which waits for {LATER}" in results[POLICY]["comment"]
    assert results[LATER]["changes"] == {"policy": {"old": None, "new": G2_LAIR}}
    changed = [{id_: one["changes"] for id_, one in ran.items()} for ran in (foretold, results)]
    assert changed[0] == changed[1]
    assert lines(mine) == {G2_G1, G2_LAIR, CRAFT_G1}
    again = apply({"tesseraqt": behind_vpn})
    assert {(one["result"], str(one["changes"])) for one in again.values()} == {(True, "{}")}


def test_applied_by_itself_policy_fails_for_it(mine, apply, behind_vpn):
    results = apply({"tesseraqt": behind_vpn}, "tesseraqt.policy")
    assert results[POLICY]["result"] is False
    assert f"{G2_LAIR}, which waits for {LATER}" in results[POLICY]["comment"]
    assert lines(mine) == {G2_G1, CRAFT_G1}


def test_a_qube_behind_the_default_netvm_waits_for_that(mine, apply, behind_vpn):
    fleet = {**copy.deepcopy(behind_vpn), "globals": {"default_netvm": "vpn"}}
    fleet["qubes"]["g2"]["prefs"] = {"netvm": None}
    results = apply({"tesseraqt": fleet})
    assert {one["result"] for one in results.values()} == {True}
    assert results[POLICY]["changes"] == {}
    assert results[LATER]["changes"] == {"policy": {"old": None, "new": G2_LAIR}}


def test_and_not_where_its_netvm_does_not_start(mine, apply, behind_vpn):
    mine.inject("fail", method="admin.vm.Start", dest="vpn")
    results = apply({"tesseraqt": behind_vpn})
    assert results["tesseraqt/qube/vpn/running"]["result"] is False
    assert results[POLICY]["result"] is True
    assert results[LATER]["result"] is False
    said = f"policy does not have {G2_LAIR}, which waits for tesseraqt/qube/g2/attached"
    assert said in results[LATER]["comment"]
    assert lines(mine) == {G2_G1, CRAFT_G1}
