# SPDX-License-Identifier: MIT
"""Whoever waits at a terminal sees how far a root is; whoever does not gets no such lines."""

import contextlib
import io
import os
import pty
import sys

import pytest
from tesseraqt_lib.bounded.process import Bounds, run
from tesseraqt_lib.guest.log import Log, Progress

PLANNED = [f"  /nix/store/{number:032}-part-{number}.drv" for number in range(3)]
BUILDING = [f"building '{line.strip()}'..." for line in PLANNED]


@pytest.fixture
def progress(tmp_path):
    log = Log(tmp_path / "nixos.log")
    yield Progress("nixos", log)
    log.close()


def shown(monkeypatch, act):
    """What stands on a terminal once ``act`` was done there."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        patch.setattr("tesseraqt_lib.guest.log.OFTEN", 0.0)
        act()
    text = b""
    # At the end of what was written, a terminal that nobody has open any more is an error.
    with contextlib.suppress(OSError):
        while piece := os.read(master, 65536):
            text += piece
    os.close(master)
    return text.decode("ascii").splitlines()


def build(progress):
    progress.phase("building")
    for line in (*PLANNED, *BUILDING):
        progress.heard(f"nixos: {line}")


def test_a_terminal_shows_root_phase_count_and_time(progress, monkeypatch):
    lines = shown(monkeypatch, lambda: build(progress))
    assert lines == [
        "tesseraqt: nixos: building, 0:00",
        "tesseraqt: nixos: building 1 of 3, 0:00",
        "tesseraqt: nixos: building 2 of 3, 0:00",
        "tesseraqt: nixos: building 3 of 3, 0:00",
    ]


def test_a_new_phase_counts_anew(progress, monkeypatch):
    build(progress)
    assert shown(monkeypatch, lambda: progress.phase("activating")) == [
        "tesseraqt: nixos: activating, 0:00"
    ]


def test_a_root_that_is_silent_is_seen_to_go_on(progress, monkeypatch):
    monkeypatch.setattr("tesseraqt_lib.guest.log.RARELY", -1.0)
    monkeypatch.setattr("tesseraqt_lib.bounded.process.BEAT", 0.1)
    progress.phase("building")

    def wait():
        bounds = Bounds(total=5, idle=5)
        ended = run(("sleep", "0.35"), io.BytesIO(), bounds, print, progress.beat)
        assert (ended.code, ended.broken) == (0, "")

    assert shown(monkeypatch, wait)[:3] == ["tesseraqt: nixos: building, 0:00"] * 3


def test_nothing_is_shown_where_nobody_looks(progress, capsys):
    build(progress)
    assert capsys.readouterr() == ("", "")
