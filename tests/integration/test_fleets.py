# SPDX-License-Identifier: MIT
"""A master drives two dom0s, each with a fleet of its own."""

import pytest

APPLY = ("state.apply", "tesseraqt")


def fleet(*names, label):
    return {
        "tesseraqt": {
            "templates": {"nixos": {"os": "nixos"}},
            "defaults": {"template": "nixos", "label": label},
            "qubes": {name: {"tags": ["fleet"], "running": name == names[0]} for name in names},
        }
    }


@pytest.fixture(scope="module")
def pillars():
    return {
        "dom0-here": fleet("work", "vault", label="blue"),
        "dom0-there": fleet("lab", label="red"),
    }


@pytest.fixture(scope="module")
def applied(master, minions):
    return master.salt_cli().run(*APPLY, minion_tgt="*", _timeout=120).data


def test_both_machines_converge_to_their_own_pillar(applied, minions):
    assert applied.keys() == minions.keys()
    for states in applied.values():
        assert all(state["result"] is True for state in states.values()), states
    here, there = (minions[name].world.snapshot()["qubes"] for name in ("dom0-here", "dom0-there"))
    assert {"work", "vault"} <= here.keys() and "lab" not in here
    assert "lab" in there and not {"work", "vault"} & there.keys()
    assert there["lab"]["power"] == "Running"


def test_a_second_apply_writes_on_neither(applied, master, minions):
    for minion in minions.values():
        minion.world.forget_calls()
    again = master.salt_cli().run(*APPLY, minion_tgt="*", _timeout=120).data
    assert all(state["changes"] == {} for states in again.values() for state in states.values())
    assert [minion.world.writes() for minion in minions.values()] == [[], []]
