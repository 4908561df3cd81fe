# SPDX-License-Identifier: MIT
"""A wire that is not declared any more is taken away, whatever else is wrong; a lost pillar is no
declaration."""

import copy
import re

import pytest
from policy_worlds import (
    CRAFT_G1,
    FLEET,
    G2_G1,
    G2_LAIR,
    NARROWED,
    REST,
    allow,
    begin,
    lines,
    rule,
    without,
)


@pytest.fixture
def mine(world):
    """A dom0 in which the wires are allowed."""
    begin(world)
    allow(world, G2_G1, G2_LAIR, CRAFT_G1)
    return world


def broken(fleet):
    """The fleet with something wrong in each part that has nothing to do with wires."""
    fleet = copy.deepcopy(fleet)
    fleet["qubes"]["other"] = {"label": "purpel", "prefs": {"memory": "lots"}}
    fleet["qubes"]["g1"]["pref"] = {}
    fleet["templates"]["nixos"]["os"] = "nixso"
    fleet["containers"]["web"]["pakages"] = []
    fleet["defaults"]["prefs"] = {"netvm": 5}
    fleet["globals"] = {"default_netvm": "no such qube"}
    return fleet


def test_with_problems_elsewhere_the_wire_goes_and_nothing_else_is_done(mine, apply):
    results = apply({"tesseraqt": broken(without("g2", "b"))})
    assert lines(mine) == {G2_G1, CRAFT_G1}
    assert results[NARROWED]["result"] is True
    assert results[NARROWED]["changes"] == {"policy": {"old": G2_LAIR, "new": None}}
    first, second = sorted(results.values(), key=lambda one: one["__run_num__"])
    assert (first["__id__"], second["result"]) == (NARROWED, False)
    assert "6 problems in the declaration, no qube was changed" in second["comment"]
    assert mine.calls() == []


@pytest.mark.parametrize(
    "sls", ["tesseraqt.policy_narrowed", "tesseraqt.policy", "tesseraqt.prune"]
)
def test_each_part_by_itself_narrows_too(mine, apply, sls):
    apply({"tesseraqt": broken(without("g2", "b"))}, sls)
    assert lines(mine) == {G2_G1, CRAFT_G1}


def test_a_test_run_foretells_that_and_writes_nothing(mine, apply):
    results = apply({"tesseraqt": broken(without("g2", "b"))}, test=True)
    assert results[NARROWED]["result"] is None
    assert results[NARROWED]["changes"] == {"policy": {"old": G2_LAIR, "new": None}}
    assert lines(mine) == {G2_G1, G2_LAIR, CRAFT_G1}


def test_the_plan_of_a_wrong_pillar_says_what_is_taken_away_all_the_same(mine, minion):
    with pytest.raises(Exception, match=f"takes this away all the same: {re.escape(G2_LAIR)}$"):
        minion.call(mine, broken(without("g2", "b")), "tesseraqt.plan")


@pytest.mark.parametrize(
    "wire",
    [
        {"to": "g1/srv.x", "aks": True},
        {"to": "g1/srv.x", "ask": "maybe"},
        {"to": "g1/srv.no"},
        {"to": "g1"},
        ["g1/srv.x"],
        5,
    ],
    ids=str,
)
def test_a_wire_that_is_declared_wrong_is_not_declared(mine, apply, wire):
    fleet = copy.deepcopy(FLEET)
    fleet["qubes"]["g2"]["containers"]["web"]["a"] = wire
    apply({"tesseraqt": fleet}, "tesseraqt.policy_narrowed")
    assert lines(mine) == {G2_LAIR, CRAFT_G1}


def test_what_one_wire_asks_for_another_wrong_one_does_not_allow(mine, apply):
    """Two containers of a qube, one of which asks: which of them is meant is not known."""
    fleet = copy.deepcopy(FLEET)
    fleet["containers"]["two"] = fleet["containers"]["web"]
    fleet["qubes"]["g2"]["containers"]["two"] = {"a": {"to": "g1/srv.x", "ask": True}}
    apply({"tesseraqt": fleet}, "tesseraqt.policy_narrowed")
    assert lines(mine) == {G2_LAIR, CRAFT_G1}


@pytest.mark.parametrize(
    "pillar",
    [
        {},
        {"tesseraqt": None},
        {"tesseraqt": {}},
        {"tesserakt": FLEET},
        {"tesseraqt": {"qubse": FLEET["qubes"]}},
        {"tesseraqt": {"qubes": 5}},
        {"tesseraqt": [FLEET]},
        {"tesseraqt": {key: FLEET[key] for key in ("templates", "containers")}},
    ],
    ids=["no key", "null", "empty", "misspelt", "misspelt below", "a number", "a list", "no qube"],
)
@pytest.mark.parametrize("test", [True, False])
def test_a_pillar_that_is_lost_takes_no_wire_away_and_says_so(mine, apply, pillar, test):
    results = apply(pillar, test=test)
    assert lines(mine) == {G2_G1, G2_LAIR, CRAFT_G1}
    assert results[NARROWED]["result"] is False
    assert "pillar declares no qube" in results[NARROWED]["comment"]
    assert "state.single tesseraqt.policy_narrowed all" in results[NARROWED]["comment"]


def test_the_plan_of_a_lost_pillar_does_not_say_that_there_is_nothing_to_do(mine, minion):
    (refused,) = minion.call(mine, {}, "tesseraqt.plan")[NARROWED]["refused"]
    assert "pillar declares no qube" in refused


def test_where_nothing_is_allowed_a_lost_pillar_has_nothing_to_keep(world, apply):
    assert NARROWED not in apply({})
    allow(world)
    assert NARROWED not in apply({})


def test_a_fleet_without_wires_takes_them_all_away(mine, apply):
    fleet = without("g2", "a", without("g2", "b", without("craft", "a")))
    apply({"tesseraqt": fleet}, "tesseraqt.policy_narrowed")
    assert lines(mine) == set()


@pytest.mark.parametrize("pillar", [{}, {"tesseraqt": FLEET}, {"tesseraqt": 5}], ids=len)
def test_in_the_way_that_docs_say_every_wire_goes_whatever_pillar_says(mine, declare, pillar):
    answer = declare(pillar).modules["state.single"]("tesseraqt.policy_narrowed", "all")
    assert {one["result"] for one in answer.values()} == {True}
    assert lines(mine) == set()
    assert (mine.policy / "30-tesseraqt.policy").read_text().endswith(f"{REST}\n")


def test_a_qube_is_pruned_after_its_wires(mine, apply):
    mine.add_qube("gone", template="nixos", tags=["tesseraqt", "tesseraqt-made-gone"])
    allow(mine, rule("gone", "g1"), G2_G1)
    results = apply({"tesseraqt": FLEET, "prune": ["gone"]}, "tesseraqt.prune")
    assert "gone" not in mine.qubes()
    assert lines(mine) == {G2_G1}
    order = {id_: one["__run_num__"] for id_, one in results.items()}
    assert order[NARROWED] < order["tesseraqt/qube/gone/absent"]


def test_what_cannot_be_narrowed_is_not_pruned(mine, apply):
    mine.add_qube("gone", template="nixos", tags=["tesseraqt", "tesseraqt-made-gone"])
    (mine.policy / "30-tesseraqt.policy").write_text("* * gone g1 allow\n")
    results = apply({"tesseraqt": FLEET, "prune": ["gone"]}, "tesseraqt.prune")
    assert results[NARROWED]["result"] is False
    assert "gone" in mine.qubes()


@pytest.mark.parametrize("sls", ["tesseraqt", "tesseraqt.policy_narrowed"])
def test_a_machine_that_does_not_answer_keeps_no_wire(mine, apply, sls):
    mine.inject("fail", count="calls", method=r"admin\.vm\.List")
    results = apply({"tesseraqt": without("g2", "b")}, sls)
    assert lines(mine) == {G2_G1, CRAFT_G1}
    told = [one["comment"] for one in results.values() if one["result"] is False]
    assert "the machine cannot be looked at: " in told[0]
