# SPDX-License-Identifier: MIT
"""A fleet with containers: roots are built from pillar, and qubes are told what concerns them."""

import copy

import pytest
from nixos_root import Root

NIXOS = {"template": "nixos", "label": "blue"}
FLEET = {
    "jobs": 2,
    "templates": {"nixos": {"os": "nixos", "adopt": True}, "nixos-dev": {"clone": "nixos"}},
    "containers": {"web": {"packages": ["nginx"]}, "db": {"packages": ["postgresql"]}},
    "qubes": {
        "both": {**NIXOS, "containers": ["db", "web"]},
        "store": {**NIXOS, "containers": ["db"]},
        "plain": NIXOS,
        "dev": {"template": "nixos-dev", "label": "red", "containers": ["db"]},
    },
}
STARTS = "admin.vm.Start"


def changed(**keys):
    """The fleet, with these keys of the container ``web`` instead."""
    fleet = copy.deepcopy(FLEET)
    fleet["containers"]["web"] = keys
    return fleet


def restarts(minion, world, fleet):
    """What each qube needs a restart for, as ``tesseraqt.status`` has it."""
    declared = minion.call(world, fleet, "tesseraqt.status")["declared"]
    return {name: one["restart"] for name, one in declared.items() if "restart" in one}


def own_features(world, name):
    return sorted(key for key in world.qube(name)["features"] if "tesseraqt" in key)


def deployments(run):
    return {id_: one for id_, one in run.results.items() if id_.startswith("tesseraqt/root/")}


@pytest.fixture
def mine(world, minion, root):
    """The world once the fleet was applied."""
    assert minion.apply(world, FLEET).failed() == {}
    return world


def test_each_root_has_the_containers_of_all_its_qubes(mine):
    assert sorted(Root(mine, "nixos").boots()) == ["db", "web"]
    assert sorted(Root(mine, "nixos-dev").boots()) == ["db"]
    assert {mine.qube(name)["power"] for name in ("nixos", "nixos-dev", "both")} == {"Halted"}


def test_a_second_apply_starts_nothing_and_writes_nothing(mine, minion):
    again = minion.apply(mine, FLEET)
    assert again.failed() == {}
    assert again.writes == []
    assert STARTS not in {call["method"] for call in again.calls}
    assert minion.call(mine, FLEET, "tesseraqt.plan") == {}


def test_one_changed_package_builds_one_root_and_concerns_whoever_has_the_container(mine, minion):
    for name in ("both", "store", "plain", "dev"):
        mine.power(name, "Running")
    assert restarts(minion, mine, FLEET) == {}
    new = changed(packages=["caddy"])
    foretold = minion.apply(mine, new, test=True)
    assert foretold.writes == []
    run = minion.apply(mine, new)
    assert run.failed() == {}
    assert {id_ for id_, one in deployments(run).items() if one["changes"]} == {
        "tesseraqt/root/nixos"
    }
    started = {call["dest"] for call in run.calls if call["method"] == STARTS}
    assert started == {"nixos"}
    assert foretold.changed() == run.changed()
    assert restarts(minion, mine, new) == {"both": ["web"]}
    said = run.results["tesseraqt/qube/both/restarted"]
    assert said["result"] is True
    assert said["comment"] == "both needs a restart, to get what changed: web"
    assert foretold.results["tesseraqt/qube/both/restarted"]["comment"] == said["comment"]
    assert mine.qube("both")["power"] == "Running"


def test_a_restart_by_hand_is_enough(mine, minion):
    mine.power("both", "Running")
    new = changed(packages=["caddy"])
    minion.apply(mine, new)
    mine.power("both", "Halted")
    assert restarts(minion, mine, new) == {}
    mine.power("both", "Running")
    assert restarts(minion, mine, new) == {}


def test_who_may_be_restarted_is_restarted_once(mine, minion):
    mine.power("both", "Running")
    new = changed(packages=["caddy"])
    new["qubes"]["both"]["restart"] = "when_needed"
    before = mine.qube("both")["start_time"]
    foretold = minion.apply(mine, new, test=True)
    run = minion.apply(mine, new)
    assert run.failed() == {}
    assert mine.qube("both")["start_time"] != before
    assert foretold.results["tesseraqt/qube/both/restarted"]["result"] is None
    assert foretold.changed() == run.changed()
    assert minion.apply(mine, new).writes == []


def test_flags_say_which_containers_start_where(mine):
    assert {name: own_features(mine, name) for name in ("both", "plain", "store")} == {
        "both": ["service.tesseraqt-db", "service.tesseraqt-web"],
        "plain": [],
        "store": ["service.tesseraqt-db"],
    }


def test_a_container_less_leaves_no_flag_and_needs_a_restart(mine, minion):
    mine.power("both", "Running")
    fewer = copy.deepcopy(FLEET)
    fewer["qubes"]["both"]["containers"] = ["web"]
    run = minion.apply(mine, fewer)
    assert run.failed() == {}
    assert run.changed()["tesseraqt/qube/both"]["containers.db"] == {"old": "on", "new": None}
    assert "service.tesseraqt-db" not in mine.qube("both")["features"]
    assert restarts(minion, mine, fewer) == {"both": ["containers"]}
    assert minion.apply(mine, fewer).writes == []


def test_without_any_container_nothing_of_them_is_left_after_the_restart(mine, minion):
    mine.power("both", "Running")
    none = copy.deepcopy(FLEET)
    none["qubes"]["both"]["containers"] = []
    foretold = minion.apply(mine, none, test=True)
    run = minion.apply(mine, none)
    assert run.failed() == {}
    assert foretold.changed() == run.changed()
    assert own_features(mine, "both") == ["x-tesseraqt-outdated"]
    assert restarts(minion, mine, none) == {"both": ["containers"]}
    assert minion.apply(mine, none).writes == []
    mine.power("both", "Halted")
    assert minion.apply(mine, none).failed() == {}
    assert own_features(mine, "both") == []
    assert "tesseraqt-containers" not in mine.qube("both")["tags"]
    assert minion.apply(mine, none).writes == []


def test_somebody_elses_use_of_present_leaves_the_containers_alone(mine, minion):
    minion.single(mine, "present", "both", prefs={"memory": 500})
    assert "service.tesseraqt-db" in mine.qube("both")["features"]


WIRED = {
    "web": {"packages": ["nginx"], "consumes": {"store": None}},
    "db": {"packages": ["postgresql"], "provides": {"sql": {"tcp": 5432}}},
}


def wired(to):
    """The fleet, in which the slot of ``web`` in ``both`` leads there."""
    fleet = {**copy.deepcopy(FLEET), "containers": WIRED}
    fleet["qubes"]["both"]["containers"] = {"db": None, "web": {"store": to}}
    return fleet


def test_another_end_of_a_wire_is_one_feature_and_nothing_is_built_or_restarted(mine, minion):
    assert minion.apply(mine, wired("db.sql")).failed() == {}
    assert mine.qube("both")["features"]["vm-config.tesseraqt-web"] == "store=db.sql"
    mine.power("both", "Running")
    there = wired("store/db.sql")
    steps = [
        step["argv"]
        for id_, one in minion.call(mine, there, "tesseraqt.plan").items()
        for step in one["steps"]
        if "policy" not in id_
    ]
    name = "vm-config.tesseraqt-web"
    assert steps == [["qvm-features", "--", "both", name, "store=store/db.sql"]]
    run = minion.apply(mine, there)
    assert run.failed() == {}
    assert [call["method"] for call in run.writes] == ["admin.vm.feature.Set"]
    assert restarts(minion, mine, there) == {}
    assert minion.apply(mine, there).writes == []


def test_a_root_that_fails_stops_no_other_and_its_qubes_are_not_told_to_restart(mine, minion):
    mine.power("both", "Running")
    Root(mine, "nixos").behave("lie")
    run = minion.apply(mine, changed(packages=["caddy"]))
    assert set(run.failed()) == {"tesseraqt/root/nixos"} | {
        f"tesseraqt/qube/{name}/restarted" for name in ("both", "store", "plain")
    }
    assert run.results["tesseraqt/root/nixos-dev"]["result"] is True


def test_somebody_elses_root_is_told_before_anything_is_done(world, minion, root):
    world.add_qube("theirs", "TemplateVM", label="black", features={"os-distribution": "nixos"})
    fleet = {
        "templates": {"theirs": {"os": "nixos"}},
        "containers": {"web": {"modules": ["salt://no/such.nix"]}},
        "qubes": {"a": {"template": "theirs", "label": "red", "containers": ["web"]}},
    }
    assert minion.call(world, fleet, "tesseraqt.check")["problems"] == [
        "containers.web.modules[0]: 'salt://no/such.nix' is not among Salt's files",
        "qubes.a.containers: goes into the root 'theirs', which is not tesseraqt's:"
        " declare it with `adopt: true`, or a `clone:` of it",
    ]


def test_an_adopted_qube_that_runs_the_root_of_its_template_gets_no_nixos(world, minion, root):
    world.add_qube("old", "AppVM", template="nixos", label="red")
    fleet = {
        "templates": {"nixos": {"os": "nixos"}},
        "qubes": {"old": {"adopt": True, "nixos": {}}},
    }
    assert minion.call(world, fleet, "tesseraqt.check")["problems"] == [
        "qubes.old.nixos: goes into the root 'old', which is class AppVM and has no root"
        " of its own: declare it in its template",
    ]


def test_status_shows_roots_and_what_is_less_hardened(mine, minion):
    weak = changed(
        packages=["nginx"],
        hardening={"network": "qube", "no_new_privileges": True},
        limits={"memory": "2 GiB", "cpu": None, "tasks": 10},
    )
    roots = minion.call(mine, weak, "tesseraqt.status")["roots"]
    assert roots["nixos"]["status"] == "outdated"
    assert roots["nixos"]["weakened"] == {
        "web": ["network: qube", "cpu: no limit", "memory: 2147483648"]
    }
    assert roots["nixos-dev"]["status"] == "deployed"
    assert "weakened" not in roots["nixos-dev"]


def test_what_a_template_was_given_while_it_was_on_reaches_its_qubes_once_it_is_off(mine, minion):
    new = changed(packages=["caddy"])
    new["qubes"]["both"]["restart"] = "when_needed"
    mine.power("nixos", "Running")
    assert minion.apply(mine, new).failed() == {}
    mine.power("both", "Running")
    assert restarts(minion, mine, new) == {"both": ["web"]}
    waiting = minion.apply(mine, new)
    assert waiting.writes == []
    said = waiting.results["tesseraqt/qube/both/restarted"]["comment"]
    assert said == "both needs a restart once nixos is halted, to get what changed: web"
    mine.power("nixos", "Halted")
    foretold = minion.apply(mine, new, test=True)
    done = minion.apply(mine, new)
    assert foretold.writes == []
    assert foretold.changed() == done.changed()
    assert sorted(done.changed()) == ["tesseraqt/qube/both/restarted", "tesseraqt/root/nixos"]
    assert minion.apply(mine, new).writes == []
    assert restarts(minion, mine, new) == {}


def test_a_wrong_argument_of_restarted_is_told_and_restarts_nothing(mine, minion):
    mine.power("both", "Running")
    wrong = minion.single(
        mine, "restarted", "both", root="nixos", parts={"web": "x"}, restart="soon"
    )
    told = wrong.results["both"]["comment"]
    assert "parts.web: 'x' is refused: a fingerprint is 12 hexadecimal digits" in told
    assert "restart: 'soon' is not one of: never, when_needed" in told
    parts = {"web": "0123456789ab"}
    lost = minion.single(mine, "restarted", "both", root="gone", parts=parts, restart="when_needed")
    assert lost.results["both"]["comment"] == "gone, the root of both, does not exist"
    assert wrong.writes == lost.writes == []
