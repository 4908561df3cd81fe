# SPDX-License-Identifier: MIT
"""In a NixOS that is booted: containers are small and well, and their users keep their numbers."""

import copy
import os

import pytest
from deploying import Root, packed
from machines import until

PEOPLE = ("aa", "aaron", "carol")
DOCUMENT = {
    "containers": {
        "idle": {},
        "shows": {
            "desktop": {
                "dies": {"title": "Dies", "command": ["no-such-program"]},
                "stays": {"title": "Stays", "command": ["sleep", "1000000"]},
                "ends": {"title": "Ends", "command": ["true"]},
            },
        },
        "people": {
            "users": {key: {} for key in PEOPLE},
            "state": ["/home", "/srv/files"],
            "config": {
                "systemd.services.touchy": {
                    "wantedBy": ["multi-user.target"],
                    "script": "[ ! -e /srv/files/fail ]",
                },
            },
        },
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
    "root": {"packages": ["socat"]},
}
SERVICES = [f"tesseraqt-{name}" for name in DOCUMENT["containers"]]


@pytest.fixture(scope="module")
def machine(machines, template):
    """A fresh NixOS, with the services of the document on."""
    return Root(machines.boot("users", template, SERVICES))


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
    document["containers"]["people"]["users"] = {key: {} for key in users}
    return document


def inside(root, container, *argv, user="root"):
    return root.machine.inside(container, *argv, user=user).stdout.decode().strip()


def numbers(root, users):
    ask = "for name in " + " ".join(users) + "; do echo $name $(id -u $name); done"
    return dict(line.split() for line in inside(root, "people", "sh", "-c", ask).splitlines())


def owners(root):
    return inside(root, "people", "sh", "-c", "stat -c '%n %U' /srv/files/*")


def well(root, container):
    asked = ("systemctl", "-M", container, "is-system-running")
    return root.machine.says(*asked, check=False) == "running"


@pytest.mark.parametrize("container", DOCUMENT["containers"])
def test_every_container_is_well(deployed, container):
    failed = deployed.machine.says("systemctl", "-M", container, "--failed", "--plain")
    assert well(deployed, container), failed


def test_an_idle_container_is_a_systemd_its_journal_and_who_knows_names(deployed):
    deployed.machine.run("systemctl", "restart", "container@idle")
    names = (
        "for one in /proc/[0-9]*; do ! grep -qs container@idle $one/cgroup || cat $one/comm; done"
    )
    found = set(deployed.machine.says("bash", "-c", names).split())
    # What stands for nsncd in this tree sleeps.
    assert found == {"systemd-nspawn", "systemd", "systemd-journal", "sleep"}


def test_a_command_runs_in_the_home_of_its_user(deployed):
    assert inside(deployed, "people", "pwd", user="carol") == "/home/carol"
    assert inside(deployed, "people", "pwd") == "/root"


@pytest.mark.parametrize(
    ("entry", "told"),
    [("dies", "the program has failed"), ("stays", "started"), ("ends", "started")],
)
def test_who_starts_a_program_hears_whether_it_runs(deployed, entry, told):
    asked = f"{entry}\n{'0' * 32}\n".encode()
    call = ("socat", "-t", "30", "-", "UNIX-CONNECT:/run/tesseraqt/open/shows")
    assert deployed.machine.says(*call, data=asked).startswith(told)
    assert well(deployed, "shows")


def test_a_service_has_a_user_of_its_own_and_its_state(deployed):
    active = inside(deployed, "service", "systemctl", "is-active", "redis-main", "nobody")
    assert active == "active\nactive"
    inside(deployed, "service", "test", "-e", "/var/lib/nobody/here")


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
    assert (now["aa"], now["carol"]) == (before["aa"], before["carol"])
    assert len({before["aaron"], *now.values()}) == 5
    deploy(deployed, changed(["a", "a0", "b", *PEOPLE]))
    deployed.machine.halt()
    deployed.machine.start(SERVICES)
    assert numbers(deployed, PEOPLE) == before
    assert owners(deployed) == files


def test_who_had_lost_a_number_before_is_told_at_the_next_start(deployed):
    home = deployed.machine.place / "rw" / "tesseraqt" / "people" / "home" / "carol"
    (home / "lost").touch()
    os.chown(home / "lost", 1999, 100)
    deployed.machine.run("systemctl", "restart", "container@people")
    log = deployed.machine.says("journalctl", "-u", "container@people", "--no-pager", "-n", "200")
    assert "/home/carol: the number of carol is " in log
    assert "chown -hR --from=1999 carol /home/carol" in log
    (home / "lost").unlink()


def test_maps_that_the_container_broke_do_not_keep_it_from_starting(deployed):
    kept = deployed.machine.place / "rw" / "tesseraqt" / "people" / "var" / "lib" / "nixos"
    (kept / "uid-map").write_text('{"carol": 0, "aa": "1001", "aaron": 1001, "b": [')
    (kept / "gid-map").write_bytes(b"\0\377")
    deployed.machine.run("systemctl", "restart", "container@people")
    found = numbers(deployed, PEOPLE)
    assert len(set(found.values())) == 3
    assert "0" not in found.values()
    assert well(deployed, "people")


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
    until(lambda: well(deployed, "idle"))


def test_a_unit_that_failed_before_does_not(deployed):
    inside(deployed, "people", "touch", "/srv/files/fail")
    deployed.machine.run("systemctl", "restart", "container@people")
    assert not well(deployed, "people")
    deploy(deployed, changed([*PEOPLE, "z"]))
    told = "the unit people/touchy.service had failed before, too"
    assert any(told in line for line in deployed.log)
    assert set(numbers(deployed, [*PEOPLE, "z"])) == {*PEOPLE, "z"}
