# SPDX-License-Identifier: MIT
"""Wires between containers of a NixOS that booted: services of NixOS answer through them."""

import time

import pytest
from machines import counted, fleet, said, services, until

SERVICE = "tesseraqt.Api+count.bytes"
#: Calls one after the other, and after each the start of a program, which waits for a busy machine
#: as a call does: how many milliseconds the median of each takes.
CALLER = r"""
use Socket; use Time::HiRes qw(time);
my ($path, $calls) = @ARGV;
sub call {
  my $size = shift;
  socket(my $to, PF_UNIX, SOCK_STREAM, 0); connect($to, sockaddr_un($path)) or die "connect: $!";
  syswrite($to, "x" x $size); shutdown($to, 1);
  my $said = <$to>; $said == $size or die "said $said and not $size";
}
sub median { my @sorted = sort { $a <=> $b } @_; $sorted[@sorted / 2] * 1000 }
my (@calls, @starts);
for my $size (1 .. $calls) {
  my $began = time;
  call($size);
  push @calls, time - $began;
  $began = time;
  system("true") == 0 or die "true: $?";
  push @starts, time - $began;
}
printf "%.2f %.2f", median(@calls), median(@starts);
"""
#: How many starts of a program a call takes at most, with the program that answers it.
MOST_STARTS = 12


@pytest.fixture(scope="module")
def work(machines, deployed_root):
    """The qube `work` of the fleet, and `vault`, which it calls."""
    machines.boot("vault", deployed_root, services(fleet(), "vault"))
    machine = machines.boot("work", deployed_root, services(fleet(), "work"), said(fleet(), "work"))
    until(lambda: machine.run("test", "-S", "/run/api/page", check=False).returncode == 0)
    return machine


def test_postgresql_takes_the_caller_for_the_user_that_is_declared(work):
    assert not work.active("container@postgres.service")
    who = work.asked("app", "psql", "-h", "/run/db", "-Atc", "select current_user", user="app")
    assert who == "app"
    assert work.active("container@postgres.service")


def test_redis_answers_on_the_socket_of_its_slot(work):
    assert work.asked("app", "redis-cli", "-s", "/run/cache.sock", "ping") == "PONG"


def test_nginx_answers_on_the_port_of_its_slot_and_the_caller_hears_its_end(work):
    page = ("curl", "--silent", "--show-error", "--max-time", "20")
    closing = ("--header", "Connection: close", "http://127.0.0.1:8080/")
    assert work.asked("app", *page, *closing) == "this is the site"
    assert work.says(*page, *closing) == "this is the site"


def test_a_call_is_answered_after_it_has_said_all(work):
    assert counted(work, "/run/count") == b"4"


def test_calls_of_another_qube_go_where_policy_lets_them(work, machines):
    assert counted(work, "/run/far") == b""
    address = machines.allow("work", "vault", SERVICE)
    assert counted(work, "/run/far", b"three") == b"5"
    address.unlink()
    assert counted(work, "/run/far") == b""


def test_a_call_within_a_qube_costs_what_a_few_starts_of_a_program_cost(work):
    caller = ("perl", "-e", CALLER)
    assert work.asked("app", *caller, "/run/count", "20")
    told = work.asked("app", *caller, "/run/count", "200")
    print(f"ms of a call through a wire, its program included, and of the start of one: {told}")
    call, start = map(float, told.split())
    assert call < MOST_STARTS * start


def test_a_slot_leads_elsewhere_and_no_container_is_started_again(work):
    before = {name: work.property(f"container@{name}", "InvocationID") for name in ("app", "count")}
    wires = said(fleet(), "work")
    work.tell("app", wires["app"].replace("count=count.bytes", "count=site.http"))
    until(
        lambda: counted(work, "/run/count", b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")
    )
    work.tell("app", wires["app"])
    until(lambda: counted(work, "/run/count") == b"4")
    assert before == {
        name: work.property(f"container@{name}", "InvocationID") for name in ("app", "count")
    }


def test_nothing_has_failed_in_the_qube_or_in_a_container(work):
    time.sleep(1)
    assert work.says("systemctl", "--failed", "--plain", "--no-legend") == ""
    for name in services(fleet(), "work"):
        container = name.removeprefix("tesseraqt-")
        if work.active(f"container@{container}.service"):
            failed = work.asked(container, "systemctl", "--failed", "--plain", "--no-legend")
            assert (container, failed) == (container, "")
