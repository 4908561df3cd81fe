# SPDX-License-Identifier: MIT
"""In a NixOS that is booted: what a container keeps is whose it should be, and there."""

import copy
import os
import pty
import subprocess

import pytest
from deploying import Root, packed
from machines import until

#: NixOS' own services with users of the moment, whose programs are stand-ins.
SERVICES_OF_NIXOS = """
{ lib, pkgs, ... }:
let
  run = pkgs.writeShellScript "run" "date >> $STATE_DIRECTORY/starts; exec sleep 1000000";
  played = {
    path = [ pkgs.coreutils ];
    preStart = lib.mkForce "";
    postStart = lib.mkForce "";
    serviceConfig.ExecStart = lib.mkForce run;
  };
in
{
  services.ntfy-sh = { enable = true; settings.base-url = "http://localhost"; };
  services.adguardhome.enable = true;
  services.prometheus.pushgateway = { enable = true; persistMetrics = true; };
  # None of them takes more from its service.
  services.ollama.enable = true;
  systemd.services = lib.genAttrs [ "ntfy-sh" "adguardhome" "pushgateway" "ollama" ] (_: played);
}
"""
KEPT = {
    "ntfy-sh": "/var/lib/ntfy-sh",
    "adguardhome": "/var/lib/AdGuardHome",
    "pushgateway": "/var/lib/pushgateway",
    "ollama": "/var/lib/ollama",
}
MODULE = "modules/00000000-services.nix"
DOCUMENT = {
    "containers": {
        "moment": {"modules": [MODULE], "state": list(KEPT.values())},
        "home": {
            "users": {"ann": {}, "bob": {}},
            "consumes": {"agent": {"socket": "/home/ann/.gnupg/S.gpg-agent"}},
            "state": {
                "/home/ann/.config/Signal": {},
                "/home/ann/Mail": {},
                "/home/bob": {},
                "/srv/box": {"user": "ann", "group": "wheel", "mode": "0750"},
            },
        },
    },
}
SERVICES = [f"tesseraqt-{name}" for name in DOCUMENT["containers"]]


@pytest.fixture(scope="module")
def deployed(machines, template):
    root = Root(machines.boot("state", template, SERVICES))
    system = root.deploy(DOCUMENT, {MODULE: SERVICES_OF_NIXOS})
    root.machine.run("nix-env", "-p", "/nix/var/nix/profiles/system", "--set", system)
    return root


@pytest.fixture
def machine(deployed):
    return deployed.machine


def well(machine, container):
    asked = ("systemctl", "-M", container, "is-system-running", "--wait")
    return machine.says(*asked, check=False) == "running"


@pytest.mark.parametrize("container", DOCUMENT["containers"])
def test_every_container_is_well(machine, container):
    failed = machine.says("systemctl", "-M", container, "--failed", "--plain", "--no-legend")
    assert well(machine, container), failed


@pytest.mark.parametrize("service", KEPT)
def test_a_user_of_the_moment_finds_what_it_kept(machine, service):
    for starts in range(1, 3):
        if starts > 1:
            machine.run("systemctl", "restart", "container@moment")
        until(lambda: machine.asked("moment", "systemctl", "is-active", service) == "active")
        found = machine.asked("moment", "cat", f"{KEPT[service]}/starts").splitlines()
        assert len(found) >= starts
    kept = machine.place / f"rw/tesseraqt/moment{KEPT[service]}/starts"
    assert len(kept.read_text().splitlines()) == len(found)


def owned(machine, path):
    return machine.asked("home", "stat", "--format=%U:%G %a", path)


def test_what_is_kept_is_whose_it_is_declared_and_usable(machine):
    assert owned(machine, "/srv/box") == "ann:wheel 750"
    for path in ("/home/ann/.config", "/home/ann/.config/Signal", "/home/ann/Mail"):
        assert owned(machine, path).startswith("ann:users ")
        assert machine.asked("home", "touch", f"{path}/mine", user="ann") == ""
    assert owned(machine, "/home/bob").startswith("bob:users ")
    machine.run("systemctl", "restart", "container@home")
    assert machine.asked("home", "ls", "/home/ann/.config/Signal", user="ann") == "mine"
    assert owned(machine, "/home/ann/.config/Signal/mine").startswith("ann:users ")


def test_a_slot_in_a_home_is_its_users(machine):
    assert owned(machine, "/home/ann/.gnupg") == "ann:users 700"
    link = machine.asked("home", "readlink", "/home/ann/.gnupg/S.gpg-agent", user="ann")
    assert link == "/run/api/agent"
    assert machine.asked("home", "touch", "/home/ann/.gnupg/mine", user="ann") == ""


def test_what_it_left_as_a_link_makes_nothing_of_root_elsewhere(machine):
    """The qube's root does not follow it, and the container starts when it is gone."""
    kept = machine.place / "rw/tesseraqt/home/srv"
    machine.run("systemctl", "stop", "container@home", "tesseraqt-state-home")
    kept.rename(kept.with_name("away"))
    kept.symlink_to("/etc/tesseraqt-pwned")
    machine.run("systemctl", "start", "container@home", check=False)
    assert not machine.active("container@home")
    assert not (machine.root / "etc/tesseraqt-pwned").exists()
    log = machine.says("journalctl", "-u", "tesseraqt-state-home", "-n", "20", "--no-pager")
    assert "/rw/tesseraqt/home/srv is a link to /etc/tesseraqt-pwned" in log
    kept.unlink()
    kept.with_name("away").rename(kept)
    until(lambda: machine.active("container@home"))


def test_another_state_version_is_told_and_undone(deployed):
    changed = copy.deepcopy(DOCUMENT)
    changed["containers"]["home"]["config"] = {"system.stateVersion": "23.11"}
    sent = packed(changed, {MODULE: SERVICES_OF_NIXOS})
    built = deployed.build(sent)
    answer = deployed.switch(sent, built["toplevel"])
    assert answer.get("back") == "0", answer
    log = deployed.machine.says("journalctl", "-u", "tesseraqt-state-home", "--no-pager")
    said = "is of system.stateVersion 24.11, and its system has 23.11"
    assert said in log, (log, built, answer, deployed.log[-60:])
    until(lambda: deployed.machine.active("container@home"))


#: A unit in a package adds to that of a container what no evaluation of options sees.
DROP_IN = """
{ pkgs, ... }:
{
  systemd.packages = [
    (pkgs.writeTextDir "lib/systemd/system/container@home.service.d/x.conf" "[Service]")
  ];
}
"""


def test_a_package_with_a_drop_in_for_a_container_is_not_built(deployed):
    module = "modules/00000000-drop-in.nix"
    changed = {**DOCUMENT, "root": {"modules": [module]}}
    built = deployed.build(packed(changed, {MODULE: SERVICES_OF_NIXOS, module: DROP_IN}))
    assert built["code"] != "0"
    told = f"/{module}: changes what tesseraqt makes of the containers home moment: /nix/store/"
    assert told in "\n".join(deployed.log[-200:]), deployed.log[-60:]


def at_a_terminal(machine, argv, **ends):
    """What a call of a person at a terminal wrote, to that and to where it was told to."""
    ours, terminal = pty.openpty()
    given = {"stdin": terminal, "stdout": terminal, "stderr": terminal, **ends}
    done = subprocess.run(machine.command(argv), check=False, timeout=60, **given)
    os.close(terminal)
    shown = b""
    os.set_blocking(ours, False)
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:
        pass
    os.close(ours)
    return shown.decode().replace("\r\n", "\n") + (done.stdout or b"").decode()


LOOK = "for fd in 0 1 2; do test ! -t $fd || echo terminal $fd; done; readlink /proc/self/fd/1"


def test_the_terminal_of_the_caller_stays_out_of_the_container(machine):
    enter = ["tesseraqt-enter", "home", "sh", "-c"]
    told = at_a_terminal(machine, [*enter, LOOK], stdout=subprocess.PIPE)
    assert told.startswith("pipe:")
    told = at_a_terminal(machine, [*enter, f"{{ {LOOK}; }} >&2"], stdout=subprocess.DEVNULL)
    assert told.startswith("pipe:")
    told = at_a_terminal(machine, [*enter, "tty; exit 7"])
    assert told.startswith("/dev/pts/")


def test_what_a_user_left_as_a_link_gives_nothing_to_that_user(machine):
    machine.asked("home", "rm", "-r", "/home/ann/Mail/mine", user="ann")
    machine.asked("home", "sh", "-c", "rm -rf ~/.ssh; ln -s /etc/shadow x", user="bob")
    changed = copy.deepcopy(DOCUMENT["containers"]["home"])
    changed["state"] = ["/home/bob"]
    changed["consumes"]["agent"]["socket"] = "/home/bob/x/agent"
    before = machine.asked("home", "stat", "--format=%U", "/etc/shadow")
    Root(machine).deploy({"containers": {"home": changed}})
    assert machine.asked("home", "stat", "--format=%U", "/etc/shadow") == before == "root"
