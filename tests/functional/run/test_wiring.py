# SPDX-License-Identifier: MIT
"""Whoever takes a wire away waits for no other apply, and no apply brings it back."""

import fcntl
import os
import threading

import pytest
from crashes import hanging
from policy_worlds import CRAFT_G1, FLEET, G2_G1, G2_LAIR, NARROWED, POLICY, allow, begin, lines
from policy_worlds import without as fleet_without
from tesseraqt_lib.dom0 import lock as apply_lock
from tesseraqt_lib.policy import lock
from tesseraqt_lib.run import wiring
from tesseraqt_lib.run.session import Run

RULES = [
    {"from": source, "to": target, "api": "srv.x"}
    for source, target in (("craft", "g1"), ("g2", "g1"), ("g2", "lair"))
]


@pytest.fixture
def begun(world, tmp_path):
    """``begun()``: a run of Salt begins; what it held is let go of in the end."""
    opts = {"test": False, "cachedir": str(tmp_path / "cache"), "root_dir": str(world.path)}
    yield lambda: Run({}, opts, {})
    apply_lock.release(Run({}, opts, {}).lock_path)


@pytest.fixture
def busy(world, minion):
    """A world in which a process holds the lock of an apply and hangs in the middle of it."""
    begin(world)
    with hanging(world, 1, lambda: minion.apply(world, FLEET)):
        yield world


def test_a_wire_is_taken_away_while_another_apply_hangs(busy, minion):
    allow(busy, G2_G1, G2_LAIR)
    run = minion.apply(busy, fleet_without("g2", "b"))
    assert run.results[NARROWED]["result"] is True
    assert run.results[NARROWED]["changes"] == {"policy": {"old": G2_LAIR, "new": None}}
    assert run.results[POLICY]["result"] is False
    assert lines(busy) == {G2_G1}


def test_what_was_taken_away_meanwhile_an_older_apply_does_not_bring_back(world, begun):
    allow(world, G2_LAIR)
    older, newer = begun(), begun()
    wiring.narrow(older, RULES)
    wiring.narrow(newer, RULES[:2])
    done = wiring.widen(older, {"rules": RULES, "needs": {}}, {})
    assert lines(world) == {CRAFT_G1, G2_G1}
    assert done.result is False
    assert done.comment.endswith(f"policy does not have {G2_LAIR}, which waits for {wiring.TAKEN}")


def test_that_holds_for_a_wire_that_was_not_allowed_by_then(world, begun):
    older, newer = begun(), begun()
    wiring.narrow(older, RULES)
    assert wiring.narrow(newer, []).changes == {}
    assert wiring.widen(older, {"rules": RULES, "needs": {}}, {}).result is False
    assert lines(world) == set()


def test_the_same_declaration_applied_twice_at_once_takes_nothing_from_the_first(world, begun):
    older, newer = begun(), begun()
    wiring.narrow(older, RULES)
    wiring.narrow(newer, RULES)
    assert wiring.widen(older, {"rules": RULES, "needs": {}}, {}).result is True
    assert lines(world) == {CRAFT_G1, G2_G1, G2_LAIR}


def test_when_the_note_is_lost_nothing_is_added(world, begun):
    run = begun()
    wiring.narrow(run, RULES)
    run.narrowed_path.unlink()
    assert wiring.widen(run, {"rules": RULES, "needs": {}}, {}).result is False
    assert lines(world) == set()


def test_the_note_is_readable_by_nobody_else_and_written_once(begun):
    run = begun()
    wiring.narrow(run, RULES)
    first = run.narrowed_path.stat()
    assert first.st_mode & 0o777 == 0o600
    wiring.narrow(begun(), RULES)
    assert run.narrowed_path.stat() == first


def test_a_state_of_ones_own_that_narrows_nothing_before_is_held_up_by_no_note(world, begun):
    wiring.narrow(begun(), [])
    assert wiring.widen(begun(), {"rules": RULES[:1], "needs": {}}, {}).result is True
    assert lines(world) == {CRAFT_G1}


@pytest.fixture
def directory(world):
    """The directory of policy, locked by somebody else, as ``qubes-policy`` does."""
    file = os.open(world.policy, os.O_DIRECTORY)
    fcntl.flock(file, fcntl.LOCK_EX)
    yield file
    os.close(file)


def test_whoever_changes_policy_at_the_same_time_is_waited_for(world, begun, directory):
    allow(world, G2_G1)
    threading.Timer(0.5, fcntl.flock, (directory, fcntl.LOCK_UN)).start()
    assert wiring.narrow(begun(), []).result is True
    assert lines(world) == set()


def test_one_who_does_not_come_to_an_end_is_told(world, loaders, directory, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    allow(world, G2_G1)
    done = loaders.states.tesseraqt.policy_narrowed("all")
    assert done.result is False
    assert f"somebody else holds the lock on {world.policy}" in done.comment
    assert lines(world) == {G2_G1}


def test_a_rule_waits_for_states_that_did_not_run_or_have_not_ended():
    needs = {"a": ("one", "two"), "b": ("three",), "c": ()}
    running = {
        "tesseraqt_|-one_|-n_|-f": {"result": True},
        "tesseraqt_|-two_|-n_|-f": {"result": None, "proc": object()},
        "__FAILHARD__": True,
    }
    assert wiring.unmet(needs, running, test=False) == {"two", "three"}
    assert wiring.unmet(needs, running, test=True) == {"three"}
