# SPDX-License-Identifier: MIT
"""Containers of a NixOS that booted: what they may, what they keep, and when they start again."""

import pytest
from deploying import Root
from machines import document, fleet, services

#: CAP_NET_ADMIN, CAP_NET_RAW, CAP_MKNOD, CAP_AUDIT_CONTROL
DROPPED = (12, 13, 27, 30)
CONTAINERS = ("app", "cache", "site", "count", "files", "window", "online", "beside")


@pytest.fixture(scope="module")
def work(machines, deployed_root):
    return machines.boot("work", deployed_root, services(fleet(), "work"))


def status(machine, container):
    lines = machine.asked(container, "cat", "/proc/1/status").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_container_boots_its_own_nixos(work, container):
    assert work.active(f"container@{container}.service")
    assert work.asked(container, "systemctl", "is-system-running", "--wait") == "running"
    assert work.asked(container, "cat", "/proc/1/comm") == "systemd"
    system = work.asked(container, "readlink", "-f", "/run/current-system")
    assert f"-nixos-system-{container}-" in system


def test_what_does_not_start_by_itself_waits_for_a_call(work):
    assert not work.active("container@postgres.service")


@pytest.mark.parametrize("container", ["site", "online"])
def test_a_container_has_a_user_namespace_and_no_more_capabilities_than_declared(work, container):
    told = status(work, container)
    assert told["NoNewPrivs"] == "1"
    for kind in ("CapBnd", "CapPrm", "CapEff", "CapInh"):
        assert [number for number in DROPPED if int(told[kind], 16) >> number & 1] == []
    [mapped] = work.asked(container, "cat", "/proc/self/uid_map").splitlines()
    assert mapped.split()[0] == "0"
    assert int(mapped.split()[1]) >= 65536


def test_two_containers_have_users_of_their_own(work):
    maps = {work.asked(name, "cat", "/proc/self/uid_map").split()[1] for name in CONTAINERS}
    assert len(maps) == len(CONTAINERS)


def test_a_container_without_network_has_a_loopback_and_no_names(work):
    assert work.asked("site", "ls", "/sys/class/net") == "lo"


def test_a_service_that_nixos_hardens_starts_in_a_container(work):
    assert work.asked("online", "systemctl", "is-active", "hardened") == "active"


def free(machine, path):
    """The bytes that are free in a file system of the qube."""
    return int(machine.says("stat", "--file-system", "--format=%a", path)) * 4096


@pytest.mark.parametrize("path", ["/", "/tmp", "/dev/shm"])
def test_a_container_fills_its_own_memory_and_not_that_of_the_qube(work, path):
    size = work.asked("online", "df", "--block-size=1", "--output=size", path).split()[-1]
    assert int(size) == 32 * 2**20
    before = free(work, "/run")
    filled = work.asked("online", "dd", "if=/dev/zero", f"of={path}/filled", "bs=1M", "count=64")
    assert "No space left on device" in filled
    assert before - free(work, "/run") < 2**20
    work.asked("online", "rm", f"{path}/filled")


def test_a_container_without_a_declared_size_has_half_of_its_memory(work):
    size = work.asked("site", "df", "--block-size=1M", "--output=size", "/").split()[-1]
    assert size == "512"


def test_a_container_sees_nothing_of_nix_but_the_store(work):
    hidden = ("daemon-socket", "db", "gcroots", "profiles")
    found = work.asked("site", "find", *(f"/nix/var/nix/{name}" for name in hidden), "-type", "f")
    assert found == ""


def test_a_user_in_a_container_is_entered_as_that_user(work):
    assert work.asked("app", "id", "-un", user="app") == "app"


def owners(machine):
    return machine.asked(
        "files", "stat", "--format=%U %u %n", "/srv/files/anna", "/srv/files/berta"
    )


def test_state_keeps_its_owners_over_boots_of_the_qube(work):
    work.asked("files", "sh", "-c", "echo secret > /srv/files/anna/f; chown anna /srv/files/anna/f")
    before = owners(work)
    assert before.startswith("anna ")
    for _ in range(2):
        work.halt()
        work.start(services(fleet(), "work"))
        assert owners(work) == before
        assert work.asked("files", "cat", "/srv/files/anna/f", user="anna") == "secret"
        assert "Permission denied" in work.asked("files", "cat", "/srv/files/anna/f", user="berta")
        assert work.asked("files", "test", "-e", "/root/x") == ""


def invocations(machine):
    return {name: machine.property(f"container@{name}", "InvocationID") for name in CONTAINERS}


def test_a_switch_restarts_the_container_that_changed_and_no_other(work):
    changed = fleet()
    changed["containers"]["site"]["packages"] = ["jq"]
    before, sockets = (
        invocations(work),
        work.property("tesseraqt-api-count.bytes.socket", "InvocationID"),
    )
    Root(work).deploy(document(changed))
    after = invocations(work)
    assert [name for name in CONTAINERS if before[name] != after[name]] == ["site"]
    assert work.property("tesseraqt-api-count.bytes.socket", "InvocationID") == sockets
    assert work.asked("site", "jq", "--version").startswith("jq-")
    assert work.active("tesseraqt-api-site.http.socket")


def test_a_container_that_waits_for_calls_waits_again_after_a_switch(work):
    changed = fleet()
    changed["containers"]["site"]["packages"] = ["jq"]
    changed["containers"]["postgres"]["packages"] = ["jq"]
    work.run("systemctl", "start", "container@postgres")
    before = invocations(work)
    Root(work).deploy(document(changed))
    assert invocations(work) == before
    assert not work.active("container@postgres.service")
    assert work.active("tesseraqt-api-postgres.sql.socket")
