# SPDX-License-Identifier: MIT
"""A note is about one qube, and where it says so about one run of it; what has another one's name
is left alone. No note, and not the lock either, goes with Salt's cache."""

import os
import shutil
import stat

import pytest
from crashes import killed
from tesseraqt_lib.dom0.notes import Notes

SOLO = {"class": "StandaloneVM", "template": "nixos", "label": "red"}
FLEET = {"nixos_only": "off", "qubes": {"solo": SOLO}}


@pytest.mark.parametrize("features", [{"os": "Linux"}, {}])
@pytest.mark.parametrize("noted", ["", "11111111-2222-3333-4444-555555555555"])
def test_a_qube_made_by_hand_under_a_noted_name_is_not_removed(world, minion, noted, features):
    """Whoever died before the first call has noted no more than the name."""
    Notes(world.path / "var" / "lib" / "tesseraqt" / "begun").begin("solo", noted)
    world.add_qube("solo", "StandaloneVM", features=features)
    if not features:
        world.power("solo", "Running")
        world.power("solo", "Halted")
    kept = world.qube("solo")["properties"]["uuid"]
    done = minion.single(world, "present", "solo", **SOLO)
    assert "not tesseraqt's" in done.failed()["solo"]
    assert done.writes == []
    assert world.qube("solo")["properties"]["uuid"] == kept


def test_what_was_halted_for_a_change_and_is_another_qube_now_stays_off(world, minion):
    fleet = {"nixos_only": "off", "qubes": {"work": {"template": "nixos", "label": "red"}}}
    minion.apply(world, fleet)
    Notes(world.path / "var" / "lib" / "tesseraqt" / "stopped").begin("work", "another")
    assert minion.apply(world, fleet).writes == []
    assert world.qube("work")["power"] == "Halted"


@pytest.mark.parametrize("umask", [0, 0o077, 0o777])
def test_notes_are_for_root_only_whatever_the_umask(tmp_path, umask):
    old = os.umask(umask)
    try:
        notes = Notes(tmp_path / "tesseraqt" / "begun")
        notes.begin("work", "it")
    finally:
        os.umask(old)
    for path in (notes.place, notes.place.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert (notes.place / "work").stat().st_mode & 0o077 == 0


def test_the_cache_of_salt_may_be_cleared_at_any_time(world, minion):
    world.inject("die", at=3)
    assert killed(lambda: minion.apply(world, FLEET))
    world.clear_faults()
    shutil.rmtree(f"{world.path}-cache", ignore_errors=True)
    assert minion.apply(world, FLEET).failed() == {}
    assert "tesseraqt-made-solo" in world.qube("solo")["tags"]
