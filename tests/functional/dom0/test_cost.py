# SPDX-License-Identifier: MIT
"""What a run costs, counted in calls to qubesd, so that no machine is too fast to notice."""

import subprocess
from collections import Counter

import pytest

#: A run of nothing asks once for the list of qubes.
BASE = {"admin.vm.List": 1}


def fleet(count, **more):
    qubes = {
        f"q{number:03}": {"template": "nixos", "label": "red", "prefs": {"memory": 500}, **more}
        for number in range(count)
    }
    return {"nixos_only": "off", "qubes": qubes}


def methods(run):
    """How often each method was called; features and their like by what is asked."""
    return dict(Counter(call["method"] for call in run.calls))


@pytest.fixture
def second(world, minion, monkeypatch):
    """``second(fleet)``: a second apply, in which nothing may be spawned or written."""

    def run(declared):
        assert minion.apply(world, declared).failed() == {}
        with monkeypatch.context() as patch:
            patch.setattr(subprocess, "Popen", spawned)
            again = minion.apply(world, declared)
        assert again.failed() == {}
        assert again.writes == []
        assert again.ran == []
        return methods(again)

    return run


def spawned(*arguments, **_):
    raise AssertionError(f"a process was started: {arguments}")


def test_nothing_declared_asks_nothing(second):
    assert sum(second({}).values()) <= 1


@pytest.mark.parametrize("count", [1, 5, 10])
def test_a_qube_as_declared_costs_its_properties_and_its_tags(second, count):
    assert second(fleet(count)) == {
        **BASE,
        "admin.vm.property.GetAll": count,
        "admin.vm.tag.List": count,
    }


def test_each_declared_feature_and_service_costs_one_question(second):
    declared = fleet(3, features={"x-a": 1, "x-b": 2, "x-c": None}, services={"cups": True})
    assert second(declared) == {
        **BASE,
        "admin.vm.property.GetAll": 3,
        "admin.vm.tag.List": 3,
        "admin.vm.feature.Get": 3 * 4,
    }


def test_many_features_wanted_away_cost_one_list(second):
    declared = fleet(3, features={f"x-{name}": None for name in "abcdef"})
    assert second(declared) == {
        **BASE,
        "admin.vm.property.GetAll": 3,
        "admin.vm.tag.List": 3,
        "admin.vm.feature.List": 3,
    }


def test_what_is_not_declared_is_not_asked(second):
    asked = second(fleet(2, firewall=["drop"], volumes={"private": "3GiB"}))
    assert asked == {
        **BASE,
        "admin.vm.property.GetAll": 2,
        "admin.vm.tag.List": 2,
        "admin.vm.firewall.Get": 2,
        "admin.vm.volume.List": 2,
        "admin.vm.volume.Info": 2,
    }


def test_devices_cost_one_question_for_each_kind_of_them(second):
    devices = {
        "pci": {"dom0:00_14.0": "required"},
        "usb": {"sys-net:2-1": "ask-to-attach", "sys-net:*:1050:0407::u030101": "auto-attach"},
    }
    assert second(fleet(1, devices=devices)) == {
        **BASE,
        "admin.vm.property.GetAll": 1,
        "admin.vm.tag.List": 1,
        "admin.vm.device.pci.Assigned": 1,
        "admin.vm.device.usb.Assigned": 1,
    }


def test_kernels_and_what_a_qube_is_named_for_cost_nothing_once_they_are_so(second):
    declared = fleet(2)
    prefs = {"kernel": "pvgrub2-pvh", "netvm": "sys-net", "default_dispvm": "default-dvm"}
    prefs |= {"memory": 600, "bootmode": "default"}
    declared["qubes"]["q000"]["prefs"] = prefs
    assert second(declared) == {
        **BASE,
        "admin.vm.property.GetAll": 2,
        "admin.vm.tag.List": 2,
    }


def test_the_globals_cost_one_question(second):
    declared = {**fleet(1), "globals": {"stats_interval": 5, "default_netvm": None}}
    assert second(declared)["admin.property.GetAll"] == 1


def test_the_nixos_rule_costs_one_question_for_each_root(second):
    declared = {**fleet(9), "nixos_only": "enforce"}
    assert second(declared) == {
        **BASE,
        "admin.vm.property.GetAll": 9,
        "admin.vm.tag.List": 9,
        "admin.vm.feature.Get": 1,
    }


def test_a_whole_state_run_through_salt_costs_the_same(world, apply):
    declared = {"tesseraqt": {**fleet(4, features={"x-a": 1}), "nixos_only": "enforce"}}
    apply(declared)
    world.forget_calls()
    assert all(one["result"] is True for one in apply(declared).values())
    assert Counter(call["method"] for call in world.calls()) == {
        **BASE,
        "admin.vm.property.GetAll": 4,
        "admin.vm.tag.List": 4,
        "admin.vm.feature.Get": 4 + 1,
    }


def test_the_parts_of_a_qube_are_listed_once_however_many_sls_files_ask(world, apply):
    root = {"nixos": {"adopt": True}}
    declared = {"tesseraqt": {"containers": {"web": None}, "templates": root, **fleet(2)}}
    declared["tesseraqt"]["qubes"]["q000"]["containers"] = ["web"]
    apply(declared, sls="tesseraqt.absent")
    world.forget_calls()
    assert all(one["result"] is True for one in apply(declared, sls="tesseraqt.absent").values())
    assert Counter(call["method"] for call in world.calls()) == {
        **BASE,
        "admin.vm.property.GetAll": 2 + 1,
        "admin.vm.tag.List": 2 + 1,
        "admin.vm.feature.List": 1,
        "admin.vm.feature.Get": 1 + 3,  # and what its root says that it runs
    }


def test_a_test_run_costs_what_a_run_costs_that_finds_nothing_to_do(world, minion):
    declared = fleet(4, features={"x-a": 1})
    minion.apply(world, declared)
    assert methods(minion.apply(world, declared, test=True)) == methods(
        minion.apply(world, declared)
    )


def test_making_a_qube_costs_one_call_for_each_difference(world, minion):
    declared = fleet(5, features={"x-a": 1}, tags=["t"])
    run = minion.apply(world, declared)
    assert Counter(call["method"] for call in run.writes) == {
        "admin.vm.Create.AppVM": 5,
        "admin.vm.tag.Set": 15,  # the declared one, and two that say whose it is
        "admin.vm.property.Set": 5,
        "admin.vm.feature.Set": 5,
    }


#: Six properties, three features, two services, two tags.
RICH = {
    "prefs": {
        "autostart": False,
        "include_in_backups": False,
        "maxmem": 4000,
        "netvm": "sys-firewall",
        "vcpus": 2,
    },
    "features": {"menu-items": "", "vm-config.role": "desk", "x-site": "here"},
    "services": {"cups": False, "network-manager": True},
    "tags": ["bench", "rack"],
}


def test_what_was_written_is_read_back_once_by_one_look(world, minion):
    declared = fleet(5)
    for qube in declared["qubes"].values():
        qube.update({**RICH, "prefs": {"memory": 500, **RICH["prefs"]}})
    run = minion.apply(world, declared)
    reads = Counter(call["method"] for call in run.calls if not call["writing"])
    assert len(run.writes) == 5 * 16
    assert reads["admin.vm.List"] <= BASE["admin.vm.List"] + 5 + 1
    for method in ("property.GetAll", "tag.List", "feature.List"):
        assert 5 <= reads[f"admin.vm.{method}"] <= 5 + 1  # and sys-firewall
    assert reads["admin.vm.feature.Get"] == reads["admin.label.List"] == 0
    again = minion.apply(world, declared)
    assert again.writes == []
    assert methods(again)["admin.vm.feature.Get"] == 5 * 5


def test_each_more_qube_of_a_first_run_costs_its_writes_and_four_reads(world, minion):
    small, large = fleet(4, **RICH), fleet(12, **RICH)
    first = minion.apply(world, small)
    grown = minion.apply(world, large)
    more = len(grown.calls) - len(first.calls) - (len(minion.apply(world, small).calls))
    assert more <= (12 - 4) * (15 + 4) + 4


def test_the_cost_of_a_first_run_grows_with_the_fleet_and_not_faster(minion, world):
    small = len(minion.apply(world, fleet(5)).calls)
    middle = len(minion.apply(world, fleet(10)).calls)
    large = len(minion.apply(world, fleet(15)).calls)
    assert abs((large - middle) - (middle - small)) <= 1


CONTAINERS = {
    "templates": {"nixos": {"os": "nixos", "adopt": True}},
    "containers": {
        "web": {"consumes": {"store": None}},
        "db": {"provides": {"sql": {"tcp": 5432}}},
    },
    "qubes": {
        "with": {
            "template": "nixos",
            "label": "red",
            "containers": {"db": None, "web": {"store": "db.sql"}},
        },
        "without": {"template": "nixos", "label": "red"},
    },
}


def test_containers_cost_a_list_and_a_question_for_each_flag_and_a_root_costs_two(root, second):
    assert second(CONTAINERS) == {
        **BASE,
        "admin.vm.property.GetAll": 3,
        "admin.vm.tag.List": 3,
        "admin.vm.feature.List": 1,
        "admin.vm.feature.Get": 3 + 2,
    }
