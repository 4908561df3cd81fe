# SPDX-License-Identifier: MIT
"""In a NixOS that is booted: containers are small and well, and their users keep their numbers."""

import copy
import os
import shutil
import tempfile
from pathlib import Path

import pytest
import simulated_dom0
from deploying import Root, packed
from factory import Factory
from nix_evaluation import REPO

simulated_dom0.importable()

from guests.machine import NEEDED, Machine, until  # noqa: E402

PEOPLE = ("aa", "aaron", "carol")
DOCUMENT = {
    "containers": {
        "idle": {},
        "people": {"users": dict.fromkeys(PEOPLE, {}), "state": ["/home", "/srv/files"]},
        "service": {
            "config": {
                "services.redis.servers.main": {"enable": True},
                "systemd.services.nobody": {
                    "wantedBy": ["multi-user.target"],
                    "path": ["/run/current-system/sw"],
                    "serviceConfig": {"DynamicUser": True, "StateDirectory": "nobody"},
                    "script": "touch $STATE_DIRECTORY/here; exec sleep 1000000",
                },
            },
            "state": ["/var/lib/private", "/var/lib/redis-main"],
        },
    },
}
SERVICES = ["tesseraqt-idle", "tesseraqt-people", "tesseraqt-service"]


@pytest.fixture(scope="module")
def template(nixpkgs):
    if os.geteuid() != 0 or not all(map(shutil.which, NEEDED)):
        pytest.skip("nothing can boot: it takes root, and " + ", ".join(NEEDED))
    ready = os.environ.get("NIXOS_ROOT")
    return Path(ready) if ready else Factory(REPO / "build" / "nixos", nixpkgs).root()


@pytest.fixture(scope="module")
def machine(template):
    """A machine as the document says."""
    place = Path(tempfile.mkdtemp(prefix="q", dir="/tmp"))
    machine = Machine(place)
    machine.install(template)
    machine.start(SERVICES)
    root = Root(machine)
    yield root
    machine.kill()
    machine.discard()
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def deployed(machine):
    """The same, with a system: what it boots, too."""
    deploy(machine, DOCUMENT)
    return machine


def deploy(root, document):
    toplevel = root.deploy(document)
    root.machine.run("nix-env", "-p", "/nix/var/nix/profiles/system", "--set", toplevel)


def changed(users):
    document = copy.deepcopy(DOCUMENT)
    document["containers"]["people"]["users"] = dict.fromkeys(users, {})
    return document


def inside(root, container, *argv, user="root"):
    return root.machine.inside(container, *argv, user=user).stdout.decode().strip()


def numbers(root, users):
    ask = "for name in " + " ".join(users) + "; do echo $name $(id -u $name); done"
    return dict(line.split() for line in inside(root, "people", "sh", "-c", ask).splitlines())


def owners(root):
    return inside(root, "people", "stat", "-c", "%n %U", "/srv/files/aa", "/srv/files/aaron", "/srv/files/carol")


@pytest.mark.parametrize("container", ["idle", "people", "service"])
def test_every_container_is_well(deployed, container):
    assert deployed.machine.says("systemctl", "-M", container, "--failed", "--plain", "--no-legend") == ""
    assert deployed.machine.says("systemctl", "-M", container, "is-system-running") == "running"


def test_an_idle_container_is_a_systemd_its_journal_and_who_knows_names(deployed):
    deployed.machine.run("systemctl", "restart", "container@idle")
    [unit] = deployed.machine.says("systemctl", "show", "container@idle", "-p", "ControlGroup", "--value").split()
    script = 'for pid in /proc/[0-9]*; do grep -qs "$0/payload" $pid/cgroup && cat $pid/comm; done; true'
    found = deployed.machine.says("bash", "-c", script, unit).split()
    assert sorted(found) in (["sleep", "systemd", "systemd-journal"], ["nsncd", "systemd", "systemd-journal"])


def test_a_command_runs_in_the_home_of_its_user(deployed):
    assert inside(deployed, "people", "pwd", user="carol") == "/home/carol"
    assert inside(deployed, "people", "pwd") == "/root"


def test_a_service_has_a_user_of_its_own_and_its_state(deployed):
    assert inside(deployed, "service", "stat", "-c", "%n", "/var/lib/nobody/here") == "/var/lib/nobody/here"
    assert inside(deployed, "service", "systemctl", "is-active", "redis-main", "nobody") == "active\nactive"


def test_users_keep_their_numbers_whoever_comes_and_goes(deployed):
    make = "for name in aa aaron carol; do install -d -o $name -m 0700 /srv/files/$name; done"
    inside(deployed, "people", "sh", "-c", make)
    before, files = numbers(deployed, PEOPLE), owners(deployed)
    deploy(deployed, changed(["a0", *PEOPLE]))
    assert numbers(deployed, PEOPLE) == before
    deploy(deployed, changed(["a0", "aa", "b", "carol"]))
    deployed.machine.halt()
    deployed.machine.start(SERVICES)
    now = numbers(deployed, ["a0", "aa", "b", "carol"])
    assert {name: now[name] for name in ("aa", "carol")} == {name: before[name] for name in ("aa", "carol")}
    assert len({before["aaron"], *now.values()}) == 5
    deploy(deployed, changed(["a", "a0", "b", *PEOPLE]))
    deployed.machine.halt()
    deployed.machine.start(SERVICES)
    assert numbers(deployed, PEOPLE) == before
    assert owners(deployed) == files


def test_maps_that_the_container_broke_do_not_keep_it_from_starting(deployed):
    kept = deployed.machine.place / "rw" / "tesseraqt" / "people" / "var" / "lib" / "nixos"
    (kept / "uid-map").write_text('{"carol": 0, "aa": "1001", "aaron": 1001, "b": [')
    (kept / "gid-map").write_bytes(b"\0\377")
    deployed.machine.run("systemctl", "restart", "container@people")
    found = numbers(deployed, PEOPLE)
    assert len(set(found.values())) == 3
    assert "0" not in found.values()
    assert deployed.machine.says("systemctl", "-M", "people", "is-system-running") == "running"


def test_a_unit_that_fails_in_a_container_takes_the_switch_back(deployed):
    document = copy.deepcopy(DOCUMENT)
    document["containers"]["idle"]["config"] = {
        "systemd.services.broken": {"wantedBy": ["multi-user.target"], "script": "exit 1"}
    }
    before = deployed.machine.says("readlink", "-f", "/run/current-system")
    sent = packed(document)
    built = deployed.build(sent)
    answer = deployed.switch(sent, built["toplevel"])
    assert (answer["code"], answer["failed_units"], answer["back"]) == ("0", "1", "0")
    assert any("the unit idle/broken.service has failed" in line for line in deployed.log)
    assert deployed.machine.says("readlink", "-f", "/run/current-system") == before
    until(lambda: deployed.machine.says("systemctl", "-M", "idle", "is-system-running") == "running")
