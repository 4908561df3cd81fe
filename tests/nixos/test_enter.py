# SPDX-License-Identifier: MIT
"""The way into a container: only one that this qube has, and arguments stay what they are."""

import itertools
import os
import pty
import subprocess

import pytest
from nix_evaluation import NIXOS
from played import put

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="it asks sudo for root")

#: Each notes what it was called with, an argument a line.
NOTING = """#!/bin/sh
printf '%s\\n' "$(basename "$0")" "$@" >> "$NOTES"
"""

#: What systemd-run could hand on: which of its descriptors are terminals, and what comes by them.
RUNNING = """#!/bin/sh
for fd in 0 1 2; do [ ! -t $fd ] || printf 'terminal %s\\n' $fd >> "$NOTES"; done
printf '%s\\n' "$@" >> "$NOTES"
case " $* " in *' --pty '*) ;; *) printf 'read %s\\n' "$(head -c 9)" >> "$NOTES" ;; esac
echo said
echo complained >&2
exit 3
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


@pytest.fixture
def called_from(enter, tmp_path):
    """What was noted, and the code, of a call with a terminal at some of its descriptors."""
    put(tmp_path / "bin", {"systemd-run": RUNNING})

    def called_from(terminals):
        notes = tmp_path / "notes"
        notes.write_text("")
        ours, terminal = pty.openpty()
        os.write(ours, b"typed\n")
        files = [(tmp_path / str(fd)).open("w+b") for fd in range(3)]
        files[0].write(b"given")
        files[0].seek(0)
        ends = [terminal if fd in terminals else files[fd] for fd in range(3)]
        env = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
        ended = subprocess.run(
            ("bash", tmp_path / "enter", "web", "cat"),
            env={**env, "NOTES": str(notes)},
            stdin=ends[0],
            stdout=ends[1],
            stderr=ends[2],
            check=False,
            start_new_session=True,
            timeout=20,
        )
        os.close(terminal)
        shown = os.read(ours, 4096) if terminals else b""
        os.close(ours)
        written = [(tmp_path / str(fd)).read_text() for fd in range(3)]
        return ended.returncode, notes.read_text().splitlines(), written, shown

    return called_from


SOME = [fds for count in range(4) for fds in itertools.combinations(range(3), count)]


@pytest.mark.parametrize("terminals", [fds for fds in SOME if not {0, 1} <= set(fds)])
def test_the_terminal_of_the_caller_is_not_handed_to_the_container(called_from, terminals):
    code, noted, written, shown = called_from(terminals)
    assert code == 3
    assert "--pipe" in noted
    assert not any(line.startswith("terminal") for line in noted)
    assert noted[-1] == ("read " if 0 in terminals else "read given")
    for fd, text in ((1, "said"), (2, "complained")):
        assert (text.encode() in shown) == (fd in terminals)
        assert written[fd] == ("" if fd in terminals else f"{text}\n")


@pytest.mark.parametrize("terminals", [(0, 1), (0, 1, 2)])
def test_who_is_at_a_terminal_gets_another_one_in_the_container(called_from, terminals):
    code, noted, _, _ = called_from(terminals)
    assert code == 3
    assert "--pty" in noted
    assert "--pipe" not in noted


def test_the_command_is_there_for_the_people_of_the_qube(full):
    assert "tesseraqt-enter" in full["packages"]
