# SPDX-License-Identifier: MIT
"""Containers with a network, in a NixOS that booted: they get out, and reach nothing else."""

import subprocess
import sys

import pytest
from machines import fleet, services, until
from nix_evaluation import HERE

WORLD, UPLINK = "192.0.2.2", "192.0.2.1"
PATH = "/run/current-system/sw/bin"


class World:
    """What is outside of a machine, at the far end of a link that is its uplink."""

    def __init__(self, machine):
        self.net = ("nsenter", f"--net=/proc/{machine.leader}/ns/net")
        argv = (*self.net, "unshare", "--net", sys.executable, HERE / "network_world.py", WORLD)
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"
        there = ("nsenter", f"--net=/proc/{self.process.pid}/ns/net")
        pid = str(self.process.pid)
        self._ip("link", "add", "up0", "type", "veth", "peer", "name", "far0", "netns", pid)
        for net, address, link in ((there, WORLD, "far0"), (self.net, UPLINK, "up0")):
            self._ip("address", "add", f"{address}/24", "dev", link, net=net)
            self._ip("link", "set", "dev", link, "up", net=net)
        self._ip("route", "add", "default", "via", WORLD)

    def _ip(self, *argv, net=None):
        subprocess.run([*(net or self.net), "ip", *argv], check=True)

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def work(machines, deployed_root):
    machine = machines.boot("net", deployed_root, services(fleet(), "work"))
    world = World(machine)
    for name, address in (
        ("updates", "TCP-LISTEN:8082,bind=127.0.0.1"),
        ("open", "TCP-LISTEN:8083"),
        ("display", "ABSTRACT-LISTEN:/tmp/.X11-unix/X0"),
    ):
        served = ("socat", f"{address},fork", "EXEC:echo inside")
        variables = f"--setenv=PATH={PATH}"
        machine.run("systemd-run", "--quiet", f"--unit=played-{name}", variables, *served)
    until(lambda: reached(machine, None, f"TCP:{UPLINK}:8083") == "inside")
    yield machine
    world.close()


def reached(machine, container, address):
    """What whoever is at an address says to a container, or to the qube as such; else nothing."""
    argv = ("socat", "-u", f"{address},connect-timeout=3", "STDOUT")
    if container is None:
        return machine.run(*argv, check=False).stdout.decode().strip()
    return machine.inside(container, *argv, check=False).stdout.decode().strip()


def address_of(machine, container):
    """The address of a container on its link."""
    told = machine.asked(container, "ip", "-brief", "-4", "address", "show", "up").splitlines()
    [line] = [line for line in told if line.startswith("tqc-")]
    return line.split()[2]


def gateway_of(machine, container):
    return machine.asked(container, "ip", "route", "show", "default").split()[2]


@pytest.mark.parametrize("container", ["online", "beside"])
def test_a_container_with_a_network_gets_out_behind_the_address_of_the_qube(work, container):
    assert reached(work, container, f"TCP:{WORLD}:80") == UPLINK


def test_a_container_without_a_network_does_not(work):
    assert reached(work, "app", f"TCP:{WORLD}:80") == ""


@pytest.mark.parametrize("container", ["app", "online", "beside"])
def test_no_port_of_the_qube_is_reached_from_a_container(work, container):
    assert reached(work, None, "TCP:127.0.0.1:8082") == "inside"
    assert reached(work, container, "TCP:127.0.0.1:8082") == ""
    assert reached(work, container, f"TCP:{UPLINK}:8083") == ""


@pytest.mark.parametrize("container", ["online", "beside"])
def test_no_port_of_the_qube_is_at_the_far_end_of_the_link(work, container):
    gateway = gateway_of(work, container)
    assert reached(work, None, f"TCP:{gateway}:8083") == "inside"
    assert reached(work, container, f"TCP:{gateway}:8083") == ""


@pytest.mark.parametrize("container", ["app", "online", "beside", "window"])
def test_no_abstract_socket_of_the_qube_is_reached_from_a_container(work, container):
    address = "ABSTRACT-CONNECT:/tmp/.X11-unix/X0"
    assert reached(work, None, address) == "inside"
    assert reached(work, container, address) == ""


def test_two_containers_have_the_same_low_port_and_reach_each_others_not(work):
    for name, other in (("online", "beside"), ("beside", "online")):
        assert reached(work, name, "TCP:127.0.0.1:80") == name
        assert reached(work, None, f"TCP:{address_of(work, name)}:80") == name
        assert reached(work, name, f"TCP:{address_of(work, other)}:80") == ""


def test_who_may_set_up_its_network_does_so_in_its_own_alone(work):
    add = ("ip", "address", "add", "198.51.100.9/32", "dev", "lo")
    assert "Operation not permitted" in work.asked("online", *add)
    assert work.asked("beside", *add) == ""
    assert "198.51.100.9" not in work.says("ip", "address")


def test_no_container_sends_as_another(work):
    foreign = address_of(work, "online")
    assert work.asked("beside", "ip", "address", "add", f"{foreign}/32", "dev", "lo") == ""
    assert reached(work, "beside", f"TCP:{WORLD}:80,bind={foreign}") == ""
    assert reached(work, "online", f"TCP:{WORLD}:80") == UPLINK


def test_a_container_asks_whom_qubes_names_and_hears_of_a_change(work):
    said = "cat /etc/resolv.conf"
    (work.place / "qubesdb" / "qubes-primary-dns").write_text("10.139.1.1")
    work.run("systemctl", "start", "tesseraqt-names")
    until(lambda: work.asked("online", *said.split()) == "nameserver 10.139.1.1")
    servers = f"nameserver 127.0.0.53\\nnameserver {WORLD}\\n"
    work.run("sh", "-c", f"rm /etc/resolv.conf; printf '{servers}' > /etc/resolv.conf")
    until(lambda: work.asked("online", *said.split()) == f"nameserver {WORLD}")
    until(lambda: work.asked("online", "getent", "ahostsv4", "some.example").startswith(WORLD))
    assert work.asked("app", "cat", "/etc/resolv.conf") == ""


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_a_container_that_starts_anew_has_its_link_again(work, how):
    def started():
        return work.property("container@online", "InvocationID")

    before = started()
    if how == "kill":
        work.run("systemctl", "kill", "--signal=KILL", "container@online")
    else:
        work.run("systemctl", "restart", "container@online")
    until(lambda: started() not in ("", before) and work.active("container@online"), 60)
    assert reached(work, "online", f"TCP:{WORLD}:80") == UPLINK
    links = work.says("ip", "-brief", "link").splitlines()
    assert sum(line.startswith("tq-") for line in links) == 2
    mounts = work.says("findmnt", "--noheadings", "--output=TARGET").splitlines()
    assert sum("/run/tesseraqt/roots/online" in line for line in mounts) == 1


#: Beside it, in a qube that lets others through and takes nothing: Qubes' own rules are like that.
QUBES = """
table ip qubes {
  chain input { type filter hook input priority filter; policy drop; ct state established accept; }
  chain forward { type filter hook forward priority filter; policy accept; oifgroup 2 drop; }
  chain postrouting { type nat hook postrouting priority srcnat; oif lo accept; masquerade; }
}
"""


@pytest.mark.parametrize(
    "missing", ["rm -f /etc/resolv.conf", "ln -sfn /run/nowhere/x /etc/resolv.conf"]
)
def test_a_container_starts_where_the_qube_has_no_resolv_conf(work, missing):
    """nspawn fails without it, and Qubes' agent may make it later than containers start."""
    work.run("sh", "-c", f"cp -L /etc/resolv.conf /root/kept; {missing}")
    try:
        for container in ("app", "online"):
            work.run("systemctl", "restart", f"container@{container}")
            assert work.active(f"container@{container}")
    finally:
        work.run("sh", "-c", "rm -f /etc/resolv.conf; cp /root/kept /etc/resolv.conf")


def test_the_rules_of_qubes_and_those_of_tesseraqt_leave_each_other_alone(work):
    nft = ("nft", "--file", "-")
    work.run(*nft, data=QUBES.encode())
    table = work.says("nft", "list", "table", "ip", "qubes")
    assert reached(work, "online", f"TCP:{WORLD}:80") == UPLINK
    work.run("systemctl", "reload", "tesseraqt-network")
    assert work.says("nft", "list", "table", "ip", "qubes") == table
    work.run(*nft, data=b"delete table ip qubes")
    assert reached(work, "online", f"TCP:{WORLD}:80") == UPLINK
    assert reached(work, "online", f"TCP:{UPLINK}:8083") == ""


def test_a_qube_without_such_a_container_does_not_forward(machines, deployed_root):
    vault = machines.boot("vault", deployed_root, services(fleet(), "vault"))
    assert not vault.active("tesseraqt-network.service")
    assert vault.says("cat", "/proc/sys/net/ipv4/ip_forward") == "0"
