# SPDX-License-Identifier: MIT
"""A chain of qubes that need each other and a restart is restarted as a whole, or not at all."""

import pytest

NAMES = ("net", "fw", "work")
RESTART = {"restart": "when_needed"}


@pytest.fixture
def outdated(mine, minion):
    """work has its network through fw, and that through net; their root was deployed just now."""
    for name, netvm in (("net", ""), ("fw", "net"), ("work", "fw")):
        prefs = {"netvm": netvm, "provides_network": name != "work"}
        minion.single(mine, "present", name, template="nixos", label="red", prefs=prefs)
    minion.single(mine, "running", "work")
    for name in NAMES:
        mine.edit(name, start_time="1500.5")
    return mine


def fleet(**more):
    """The three, and a container in work; ``more`` says who may be restarted."""
    netvms = {"net": "none", "fw": "net", "work": "fw"}
    qubes = {
        name: {
            "template": "nixos",
            "label": "red",
            "prefs": {"netvm": netvms[name], "provides_network": name != "work"},
            **more.get(name, {}),
        }
        for name in NAMES
    }
    for name in NAMES:
        qubes[name]["containers"] = ["web"]
    templates = {"nixos": {"os": "nixos", "adopt": True}}
    return {"templates": templates, "qubes": qubes, "containers": {"web": {}}}


def restarts(minion, world, declared):
    """The states of restarts ran, one after the other; what was halted and started, and the
    results by ID."""
    ran, results = [], {}
    for state in minion.call(world, declared, "tesseraqt.fleet", "restarts"):
        said = {}
        for one in state["arguments"]:
            said |= one
        said.pop("require", None)
        run = minion.single(world, state["function"], said.pop("name"), **said)
        ran += [f"{one.argv[0].removeprefix('qvm-')} {one.argv[-1]}" for one in run.ran]
        results[state["id"]] = next(iter(run.results.values()))
    return ran, results


def deploy(minion, world, declared, since):
    """dom0 remembers that the root was given what is declared, at this second."""
    states = minion.call(world, declared, "tesseraqt.fleet", "restarts")
    parts = {}
    for state in states:
        for one in state["arguments"]:
            parts |= one.get("parts", {})
    text = " ".join(f"{name}={word}@{since}" for name, word in sorted(parts.items()))
    world.edit("nixos", tags=["tesseraqt"], features={"x-tesseraqt-parts": text})


@pytest.mark.parametrize("only", [False, True])
def test_the_chain_is_halted_from_its_leaves_and_started_from_its_root(outdated, minion, only):
    declared = fleet(**dict.fromkeys(NAMES, RESTART))
    if only:
        declared["qubes"]["work"]["containers"] = declared["qubes"]["fw"]["containers"] = []
    deploy(minion, outdated, declared, 2000)
    ran, results = restarts(minion, outdated, declared)
    assert ran == [f"shutdown {name}" for name in reversed(NAMES)] + [f"start {n}" for n in NAMES]
    assert [one for one in results.values() if one["result"] is not True] == []
    again, _ = restarts(minion, outdated, declared)
    assert again == []


def test_nobody_is_halted_if_one_of_them_may_not_be_restarted(outdated, minion):
    declared = fleet(net=RESTART, fw=RESTART)
    deploy(minion, outdated, declared, 2000)
    started = outdated.qube("work")["start_time"]
    ran, results = restarts(minion, outdated, declared)
    assert ran == []
    comment = results["tesseraqt/qube/net/restarted"]["comment"]
    assert comment.startswith("net cannot be halted while it is the netvm of fw")
    assert "needs a restart" in results["tesseraqt/qube/work/restarted"]["comment"]
    assert outdated.qube("work")["start_time"] == started


def test_nobody_is_halted_if_nobody_needs_it(outdated, minion):
    declared = fleet(**dict.fromkeys(NAMES, RESTART))
    deploy(minion, outdated, declared, 1000)
    assert restarts(minion, outdated, declared)[0] == []


def test_a_restart_that_was_cut_off_is_finished_from_the_root(outdated, minion):
    declared = fleet(**dict.fromkeys(NAMES, RESTART))
    deploy(minion, outdated, declared, 2000)
    states = minion.call(outdated, declared, "tesseraqt.fleet", "restarts")
    first = {key: value for one in states[0]["arguments"] for key, value in one.items()}
    minion.single(outdated, states[0]["function"], first.pop("name"), **first)
    assert {outdated.qube(name)["power"] for name in NAMES} == {"Halted"}
    ran, _ = restarts(minion, outdated, declared)
    assert ran == [f"start {name}" for name in NAMES]
