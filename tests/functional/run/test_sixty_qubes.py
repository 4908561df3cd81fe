# SPDX-License-Identifier: MIT
"""Sixty qubes, chains and disposables among them, some of which run, move to another template."""

import random

import pytest

NETVMS = tuple(f"net-{number}" for number in range(8))
DVMS = tuple(f"dvm-{number}" for number in range(6))
DISPOSABLES = tuple(f"box-{number}" for number in range(10))
APPS = tuple(f"app-{number}" for number in range(36))
RESTART = {"restart": "when_needed"}


def fleet(template, **more):
    """Netvms in chains of three, and everybody else somewhere behind them, on this template."""
    on = {"template": template, "label": "red"}
    qubes = {}
    for number, name in enumerate(NETVMS):
        netvm = NETVMS[number - 1] if number % 3 else "sys-firewall"
        qubes[name] = on | {"prefs": {"provides_network": True, "netvm": netvm}}
    for number, name in enumerate(DVMS):
        netvm = NETVMS[number % len(NETVMS)]
        qubes[name] = on | {"prefs": {"template_for_dispvms": True, "netvm": netvm}}
    for number, name in enumerate(DISPOSABLES):
        netvm = NETVMS[-1 - number % 4]
        said = {"class": "DispVM", "template": DVMS[number % len(DVMS)]}
        qubes[name] = on | said | {"prefs": {"netvm": netvm}}
    for number, name in enumerate(APPS):
        qubes[name] = on | {"prefs": {"netvm": NETVMS[number % len(NETVMS)]}}
    templates = {name: {"os": "nixos", "adopt": True} for name in ("nixos", "nixos-26")}
    qubes = {name: said | more.get(name, {}) for name, said in qubes.items()}
    return {"templates": templates, "qubes": qubes}


@pytest.fixture
def sixty(world, minion):
    world.add_qube("nixos-26", klass="TemplateVM")
    run = minion.apply(world, fleet("nixos"))
    assert run.failed() == {}
    return world


def started(world, seed):
    """Some of the qubes run, and whom they need with them."""
    chance = random.Random(seed)
    for name in (*NETVMS, *DISPOSABLES, *APPS):
        if chance.random() < 0.4:
            world.power(name, "Running")
    return chance


def running(world):
    return {name for name in world.qubes() if world.qube(name)["power"] == "Running"}


@pytest.mark.parametrize("seed", range(3))
def test_all_of_them_move_in_one_apply_if_they_may_be_restarted(sixty, minion, seed):
    started(sixty, seed)
    before, declared = running(sixty), fleet("nixos-26", **everybody(RESTART))
    foretold = minion.apply(sixty, declared, test=True)
    done = minion.apply(sixty, declared)
    assert done.failed() == {}
    assert foretold.changed() == done.changed()
    assert before <= running(sixty)
    again = minion.apply(sixty, declared)
    assert (again.writes, again.changed(), again.failed()) == ([], {}, {})


@pytest.mark.parametrize("seed", range(3))
def test_those_who_cannot_are_refused_before_anything_of_them_is_written(sixty, minion, seed):
    chance = started(sixty, seed)
    may = {name: RESTART for name in everybody({}) if chance.random() < 0.6}
    before, declared = running(sixty), fleet("nixos-26", **may)
    starts = {name: sixty.qube(name)["start_time"] for name in before - may.keys() - {"dom0"}}
    foretold = minion.apply(sixty, declared, test=True)
    done = minion.apply(sixty, declared)
    assert done.failed() != {}
    assert foretold.failed() == done.failed()
    assert foretold.changed() == done.changed()
    assert done.argvs().keys().isdisjoint(done.failed())
    assert {name: sixty.qube(name)["start_time"] for name in starts} == starts
    again = minion.apply(sixty, declared)
    assert (again.writes, again.changed()) == ([], {})
    assert again.failed() == done.failed()


def everybody(said):
    return dict.fromkeys((*NETVMS, *DVMS, *DISPOSABLES, *APPS), said)
