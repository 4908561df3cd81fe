# SPDX-License-Identifier: MIT
"""Programs of a container on the display of its qube, in a NixOS that booted."""

import pytest
from machines import until

PATH = "/run/current-system/sw/bin"
#: It forgets whom it takes when its last client has gone, unless it is told not to.
SERVER = ("Xvfb", ":0", "-screen", "0", "640x480x24", "-nolisten", "tcp", "-noreset")


@pytest.fixture(scope="module")
def screen(machines, deployed_root):
    """A qube with an X server that takes whoever is in the qube, as that of Qubes does."""
    machine = machines.boot("screen", deployed_root, ["tesseraqt-window"])
    variables = f"--setenv=PATH={PATH}"
    machine.run("systemd-run", "--quiet", "--unit=screen", variables, *SERVER)
    until(lambda: machine.run("test", "-S", "/tmp/.X11-unix/X0", check=False).returncode == 0)
    return machine


def windows(machine):
    return machine.says("env", "DISPLAY=:0", "xwininfo", "-root", "-tree", user="user")


def launch(machine, entry):
    argv = ("env", "DISPLAY=:0", "tesseraqt-open-window", entry)
    return machine.run(*argv, user="user", check=False)


def test_a_program_of_a_container_has_a_window_in_its_qube(screen):
    assert "xclock" not in windows(screen)
    started = launch(screen, "clock")
    assert (started.returncode, started.stderr.decode()) == (0, "")
    until(lambda: "xclock" in windows(screen))
    assert screen.inside("window", "pgrep", "-f", "xclock").returncode == 0


def test_a_program_that_nobody_declared_is_not_started(screen):
    started = launch(screen, "shell")
    assert started.returncode != 0
    assert b"it has no such program" in started.stderr


def test_the_menu_of_the_qube_has_the_program(screen):
    entry = screen.says(
        "cat", "/run/current-system/sw/share/applications/tesseraqt-window.clock.desktop"
    )
    assert "Exec=tesseraqt-open-window clock" in entry
