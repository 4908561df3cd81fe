# SPDX-License-Identifier: MIT
"""The way into a container: only one that this qube has, and arguments stay what they are."""

import os
import subprocess

import pytest
from nix_evaluation import NIXOS
from played import put

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="it asks sudo for root")

#: Each notes what it was called with, an argument a line.
NOTING = """#!/bin/sh
printf '%s\\n' "$(basename "$0")" "$@" >> "$NOTES"
"""


@pytest.fixture
def enter(tmp_path):
    """``enter("web", "ls")``: how it ended, and what it has called by then."""
    put(tmp_path / "bin", dict.fromkeys(("systemctl", "machinectl", "systemd-run"), NOTING))
    (tmp_path / "tesseraqt-web").touch()
    text = (NIXOS / "enter.sh").read_text().replace("/run/qubes-service", str(tmp_path))
    (tmp_path / "enter").write_text(f"names='db web'\n{text}")
    notes = tmp_path / "notes"
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"

    def enter(*arguments):
        notes.write_text("")
        argv = ("bash", tmp_path / "enter", *arguments)
        env = {**os.environ, "PATH": path, "NOTES": str(notes)}
        ended = subprocess.run(
            argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        return ended, notes.read_text().splitlines()

    return enter


@pytest.mark.parametrize("arguments", [(), ("other",), ("-u", "a b", "web"), ("../web",)])
def test_what_is_no_container_of_this_root_is_refused(enter, arguments):
    ended, called = enter(*arguments)
    assert (ended.returncode, called) == (2, [])
    assert "containers: db web" in ended.stderr


def test_a_container_of_another_qube_is_refused(enter):
    ended, called = enter("db")
    assert (ended.returncode, called) == (1, [])
    assert ended.stderr == "container db: is not one of this qube\n"


def test_a_command_gets_its_arguments_as_they_are(enter):
    ended, called = enter("-u", "alice", "web", "echo", "a b", "$(reboot)", "-x")
    assert ended.returncode == 0, ended.stderr
    assert called[:3] == ["systemctl", "start", "container@web.service"]
    assert {"--machine=web", "--uid=alice"} <= set(called)
    assert called[-4:] == ["echo", "a b", "$(reboot)", "-x"]


def test_the_command_is_there_for_the_people_of_the_qube(full):
    assert "tesseraqt-enter" in full["packages"]
