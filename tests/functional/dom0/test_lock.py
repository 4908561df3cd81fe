# SPDX-License-Identifier: MIT
"""Two applies at once: one works, the other says who does."""

import os
import shutil
import signal
from pathlib import Path

import pytest
import salt.loader
from crashes import hanging, wait_for

FLEET = {
    "nixos_only": "off",
    "qubes": {
        "one": {"template": "nixos", "label": "red", "prefs": {"memory": 500}},
        "two": {"template": "nixos", "label": "red", "prefs": {"memory": 500}},
    },
}


@pytest.fixture
def holder(world, minion):
    """A process that hangs in the middle of its apply, at its third writing call."""
    with hanging(world, 3, lambda: minion.apply(world, FLEET)) as child:
        yield child


def test_the_second_fails_at_once_and_names_the_holder(world, minion, holder):
    second = minion.apply(world, FLEET)  # which does not wait for the holder: that hangs
    said = second.failed()
    assert set(said) == {"tesseraqt/qube/one", "tesseraqt/qube/two"}
    for comment in said.values():
        assert f"pid {holder}" in comment
        assert "another apply holds the lock" in comment
        assert "apply again" in comment
    assert second.changed() == {}


def test_nothing_of_the_second_comes_in_between(world, minion, holder):
    minion.apply(world, FLEET)
    assert {call["pid"] for call in world.writes()} == {holder}


def test_a_killed_holder_leaves_no_lock(world, minion, holder):
    os.kill(holder, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{holder}/fd/0").exists())
    second = minion.apply(world, FLEET)
    assert second.failed() == {}
    assert {"one", "two"} <= set(world.qubes())


def test_looking_is_possible_meanwhile(world, minion, holder):
    foretold = minion.apply(world, FLEET, test=True)
    assert foretold.failed() == {}
    assert "tesseraqt/qube/two" in minion.call(world, FLEET, "tesseraqt.plan")
    assert minion.call(world, FLEET, "tesseraqt.status")["declared"]["two"]["status"] == "missing"
    assert {call["pid"] for call in world.writes()} == {holder}


def test_clearing_the_cache_of_salt_does_not_hand_out_the_lock(world, minion, holder):
    shutil.rmtree(f"{world.path}-cache", ignore_errors=True)
    said = minion.apply(world, FLEET).failed()
    assert set(said) == {"tesseraqt/qube/one", "tesseraqt/qube/two"}
    assert {call["pid"] for call in world.writes()} == {holder}


def test_other_dom0s_are_not_locked(world, minion, holder, minion_opts, tmp_path):
    """The lock belongs to the dom0, so two minions of a test bench do not meet."""
    modules = salt.loader.minion_mods(minion_opts, context={})
    assert modules["tesseraqt.check"]()["problems"] == []


def test_a_lock_whose_file_was_removed_is_taken_anew(world, minion):
    minion.apply(world, {})
    lock = world.path / "var" / "lib" / "tesseraqt" / "lock"
    minion.apply(world, FLEET)
    lock.unlink()
    assert minion.apply(world, FLEET).failed() == {}
