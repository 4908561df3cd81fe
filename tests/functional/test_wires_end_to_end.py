# SPDX-License-Identifier: MIT
"""A consumer in one qube talks to a provider in another one: real processes, the scripts of the
NixOS module, a simulated qrexec, and the policy file that was rendered."""

import concurrent.futures
import copy
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time

import new_socat
import pytest
import simulated_dom0

simulated_dom0.importable()

from guests import calls  # noqa: E402
from wired_guests import FLEET, Place, until, wired_to  # noqa: E402

GIB = 1 << 30


@pytest.fixture(scope="module")
def running(minion, tmp_path_factory):
    """The dom0 of these tests; it takes seconds to get there."""
    if reason := new_socat.missing("systemd-socket-activate"):
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch:
        world = simulated_dom0.create(tmp_path_factory.mktemp("wires") / "dom0").activate(patch)
        place = Place(minion, world)
        place.apply(FLEET)
        argv = [sys.executable, calls.__file__, str(world.path)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as daemon:
            try:
                assert daemon.stdout.readline() == "ready\n"
                place.begin()
                yield place
            finally:
                for guest in place.guests.values():
                    guest.stop()
                daemon.kill()


@pytest.fixture
def place(running):
    """The dom0 as it was, whatever the test before made of it."""
    running.apply(FLEET)
    for note in ("asked", "answer"):
        (running.world.path / note).unlink(missing_ok=True)
    until(running.ready)
    until(lambda: tried(running.guests["docs"], "echo") == b"hello")
    return running


@pytest.fixture
def guests(place):
    return place.guests


@pytest.fixture
def world(place):
    return place.world


def said(connection):
    """All that comes from there until the other end has nothing more to say."""
    found = b""
    while block := connection.recv(65536):
        found += block
    return found


def tried(guest, slot):
    """What is answered to a call that may begin while the slot is led elsewhere, and be ended."""
    try:
        return asked(guest, slot)
    except OSError:
        return b""


def asked(guest, slot, data=b"hello"):
    """What is answered to ``data``, after which the consumer says nothing more."""
    with guest.connect(f"web/{slot}") as connection:
        connection.sendall(data)
        connection.shutdown(1)
        return said(connection)


def call(guest, target, api):
    """The exit code of a call by whoever runs in the guest, and what it was told."""
    argv = ["qrexec-client-vm", "--", target, f"tesseraqt.Api+{api}"]
    done = subprocess.run(
        guest.command(argv), input=b"hello", capture_output=True, timeout=60, check=False
    )
    return done.returncode, done.stdout


def test_a_consumer_talks_to_a_provider_in_another_qube_and_in_its_own(guests):
    assert asked(guests["docs"], "echo") == b"hello"
    assert asked(guests["docs"], "here") == b"hello"


def test_who_has_said_all_still_hears_the_answer(guests):
    """Half-close: the sum is there only once the provider has heard the end."""
    expected = hashlib.sha256(b"hello").hexdigest().encode()
    assert asked(guests["docs"], "sum").split()[0] == expected


def test_a_slot_without_a_wire_has_no_socket(guests):
    assert not guests["docs"].socket("web/free").exists()
    assert not guests["other"].socket("web/echo").exists()


def test_whoever_is_not_wired_is_denied(guests):
    assert call(guests["docs"], "data", "srv.echo") == (0, b"hello")
    refused = (126, b"")
    assert call(guests["other"], "data", "srv.echo") == refused
    assert call(guests["docs"], "spare", "srv.echo") == refused
    assert call(guests["data"], "docs", "srv.echo") == refused
    assert call(guests["docs"], "data", "srv.other") == refused
    for target in ("@default", "@dispvm", "dom0", "nobody", ""):
        assert call(guests["docs"], target, "srv.echo") == refused


def test_a_wire_that_is_removed_from_pillar_is_denied_from_then_on(guests, place, world):
    assert call(guests["docs"], "data", "srv.echo") == (0, b"hello")
    place.apply(wired_to("echo", None))
    assert call(guests["docs"], "data", "srv.echo") == (126, b"")
    until(lambda: not guests["docs"].socket("web/echo").exists())
    assert asked(guests["docs"], "sum") != b""
    assert "+srv.echo docs" not in (world.policy / "30-tesseraqt.policy").read_text()


def test_a_denied_call_is_a_clean_refusal_in_the_consumer(guests, world):
    policy = world.policy / "30-tesseraqt.policy"
    policy.write_text(policy.read_text().replace("+srv.echo docs data", "+srv.echo docs nobody"))
    started = time.monotonic()
    assert asked(guests["docs"], "echo", b"") == b""
    assert time.monotonic() - started < 100


def test_with_the_last_wire_policy_goes_and_every_call_is_denied(guests, place, world):
    fleet = copy.deepcopy(FLEET)
    fleet["qubes"]["docs"]["containers"] = {"srv": None, "web": {"here": "srv.echo"}}
    place.apply(fleet)
    assert list(world.policy.iterdir()) == []
    assert call(guests["docs"], "data", "srv.echo") == (126, b"")
    assert asked(guests["docs"], "here") == b"hello"


def test_a_slot_can_lead_to_another_qube_while_the_qubes_run(guests, place, world):
    world.power("docs", "Running")
    started = world.qube("docs")["start_time"]
    place.apply(wired_to("echo", "spare/srv.sum"))
    until(lambda: tried(guests["docs"], "echo").endswith(b" -\n"))
    assert asked(guests["docs"], "echo").endswith(b" -\n")
    assert call(guests["docs"], "data", "srv.echo") == (126, b"")
    assert world.qube("docs")["start_time"] == started


def test_the_provider_is_started_for_a_call(guests, world):
    world.power("data", "Halted")
    assert asked(guests["docs"], "echo") == b"hello"
    assert world.qube("data")["power"] == "Running"


def test_where_qubes_asks_a_person_decides(guests, place, world):
    place.apply(wired_to("echo", {"to": "data/srv.echo", "ask": True}))
    assert call(guests["docs"], "data", "srv.echo") == (126, b"")
    assert (world.path / "asked").read_text() == "docs data srv.echo\n"
    (world.path / "answer").touch()
    assert asked(guests["docs"], "echo") == b"hello"


def test_200_connections_in_sequence(guests):
    for number in range(200):
        data = str(number).encode()
        assert asked(guests["docs"], "echo", data) == data


def test_8_connections_at_once(guests):
    """All are open before any of them is answered, so none waits for another."""
    opened = [guests["docs"].connect("web/echo") for _ in range(8)]
    blocks = [os.urandom(1 << 20) for _ in opened]

    def talk(connection, block):
        writer = threading.Thread(
            target=lambda: (connection.sendall(block), connection.shutdown(1))
        )
        writer.start()
        found = said(connection)
        writer.join()
        return found

    for connection in opened:
        connection.sendall(b"first")
    for connection in opened:
        assert connection.recv(5) == b"first"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(talk, opened, blocks)) == blocks
    for connection in opened:
        connection.close()


def test_a_provider_that_is_killed_in_mid_stream_ends_the_call(guests):
    with guests["docs"].connect("web/endless") as connection:
        assert connection.recv(65536)
        (pid,) = processes(b"cat\0/dev/zero\0")
        os.kill(pid, signal.SIGKILL)
        started = time.monotonic()
        said(connection)
        assert time.monotonic() - started < 100
    assert asked(guests["docs"], "echo") == b"hello"


def test_a_consumer_that_goes_ends_the_call(guests):
    with guests["docs"].connect("web/endless") as connection:
        assert connection.recv(65536)
        assert len(processes(b"cat\0/dev/zero\0")) == 1
    until(lambda: processes(b"cat\0/dev/zero\0") == [])


def processes(command):
    """The processes of this command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                found += [int(pid)] if file.read() == command else []
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def test_a_gigabyte_gets_through_whole(guests):
    block = os.urandom(1 << 20)
    total = hashlib.sha256()
    with guests["docs"].connect("web/sum") as connection:
        for _ in range(GIB // len(block)):
            connection.sendall(block)
            total.update(block)
        connection.shutdown(1)
        assert said(connection).split()[0] == total.hexdigest().encode()
