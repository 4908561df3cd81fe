# SPDX-License-Identifier: MIT
"""What the simulated dom0 has of its own: faults, a record of calls, one state for many processes.

That it answers as the real one does is for tests/contract to say.
"""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

ONE_WRITE = "qvm-features sys-net x-test 1"
HUNG_OR_KILLED = 20


@pytest.fixture
def client(world):
    """Calls as a client of this dom0 makes them."""
    import simulated_qubesd

    return simulated_qubesd.call


@pytest.fixture
def spawn(world):
    """A program of this dom0 has run, as a process of its own."""

    def spawn(command):
        return subprocess.run(
            command.split(),
            env=world.environ(),
            check=False,
            capture_output=True,
            text=True,
            timeout=HUNG_OR_KILLED,
        )

    return spawn


def features(world, qube="sys-net"):
    return world.qube(qube)["features"]


@pytest.mark.parametrize(
    ("kind", "effect", "reply"),
    [
        ("fail", False, b"2\0QubesException\0\0simulated failure\0"),
        ("lose", True, b""),
        ("hang", False, b""),
    ],
)
def test_fault(world, client, kind, effect, reply):
    world.inject(kind, seconds=0.01)
    assert client("sys-net", "admin.vm.feature.Set", "x-test", b"1") == reply
    assert ("x-test" in features(world)) is effect
    assert client("sys-net", "admin.vm.feature.Set", "x-test", b"1") == b"0\0"


@pytest.mark.parametrize(("kind", "effect"), [("die", False), ("die_after", True)])
def test_deadly_fault(world, spawn, kind, effect):
    world.inject(kind)
    assert spawn(ONE_WRITE).returncode == -signal.SIGKILL
    assert ("x-test" in features(world)) is effect
    assert spawn(ONE_WRITE).returncode == 0


def test_fault_of_given_message(world, spawn):
    world.inject("fail", message="no space left", exception="StoragePoolException")
    ended = spawn("qvm-volume resize sys-net:private 3GiB")
    assert (ended.returncode, ended.stderr) == (1, "Error: no space left\n")


def test_lost_reply_is_told_by_the_client(world, spawn):
    world.inject("lose")
    assert "Got empty response from qubesd" in spawn(ONE_WRITE).stderr


def test_kth_matching_call(world, client):
    world.inject("fail", at=2, count="calls", method="feature[.]Get$", dest="sys-.*")
    asked = ["sys-net", "default-dvm", "sys-firewall", "sys-net"]
    replies = [client(qube, "admin.vm.feature.Get", "none") for qube in asked]
    assert ["simulated" in reply.decode() for reply in replies] == [False, False, True, False]


def test_reads_are_no_writes(world, client):
    world.inject("fail")
    assert client("dom0", "admin.vm.List").startswith(b"0\0")
    assert client("sys-net", "admin.vm.tag.Set", "x").startswith(b"2\0")


def test_count_survives_the_death_of_who_counted(world, spawn):
    world.inject("die", at=1)
    world.inject("die", at=3)
    codes = [spawn(ONE_WRITE).returncode for _ in range(4)]
    assert codes == [-signal.SIGKILL, 0, -signal.SIGKILL, 0]


def test_others_are_served_while_one_hangs(world, spawn):
    world.inject("hang", seconds=60)
    hung = subprocess.Popen(ONE_WRITE.split(), env=world.environ())
    while not world.writes():
        time.sleep(0.01)
    assert spawn("qvm-features sys-net x-other 1").returncode == 0
    hung.kill()
    hung.wait()


def test_cleared_faults_do_not_happen(world, spawn):
    world.inject("die")
    world.clear_faults()
    assert spawn(ONE_WRITE).returncode == 0


def test_unknown_fault(world):
    with pytest.raises(ValueError, match="'explode' is none of"):
        world.inject("explode")


def test_record(world, spawn):
    spawn(ONE_WRITE)
    *_, last = world.calls()
    assert last == {
        "n": 2,
        "pid": last["pid"],
        "method": "admin.vm.feature.Set",
        "dest": "sys-net",
        "arg": "x-test",
        "writing": True,
    }
    assert [call["writing"] for call in world.calls()] == [False, True]
    assert world.writes() == [last]


def test_forgotten_calls(world, spawn):
    spawn(ONE_WRITE)
    world.forget_calls()
    spawn("qvm-tags sys-net add x")
    assert [call["n"] for call in world.calls()] == [1, 2]


def test_refused_and_fatal_calls_are_recorded(world, spawn):
    world.inject("die", at=2)
    spawn("qvm-prefs sys-net label colourless")
    spawn(ONE_WRITE)
    assert [call["method"] for call in world.writes()] == [
        "admin.vm.property.Set",
        "admin.vm.feature.Set",
    ]


def test_handle_makes_no_calls(world):
    world.edit("sys-net", tags=["x"])
    world.power("default-dvm", "Running")
    world.snapshot()
    assert world.calls() == []


def _write_often(prefix, times):
    import simulated_qubesd

    for number in range(times):
        reply = simulated_qubesd.call("sys-net", "admin.vm.feature.Set", f"{prefix}-{number}", b"")
        assert reply == b"0\0"


def test_processes_write_at_once(world, client):
    before = features(world)
    client("dom0", "admin.vm.List")
    fork = multiprocessing.get_context("fork")
    others = [fork.Process(target=_write_often, args=(f"p{n}", 50)) for n in range(4)]
    for process in others:
        process.start()
    _write_often("mine", 50)
    for process in others:
        process.join(HUNG_OR_KILLED)
    assert [process.exitcode for process in others] == [0] * 4
    assert len(features(world)) - len(before) == 250
    assert [call["n"] for call in world.calls()] == list(range(1, 252))


def test_threads_write_at_once(world):
    before = features(world)
    threads = [threading.Thread(target=_write_often, args=(f"t{n}", 50)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HUNG_OR_KILLED)
    assert len(world.writes()) == 200
    assert len(features(world)) - len(before) == 200


def test_what_another_process_wrote_is_seen(world, client, spawn):
    assert client("sys-net", "admin.vm.feature.Get", "x-test").startswith(b"2\0")
    spawn(ONE_WRITE)
    assert client("sys-net", "admin.vm.feature.Get", "x-test") == b"0\x001"
    spawn("qvm-create --label red new")
    assert b"new class=AppVM" in client("dom0", "admin.vm.List")
    spawn("qvm-remove --force new")
    assert b"new class=AppVM" not in client("dom0", "admin.vm.List")


def test_killed_process_leaves_no_lock_to_its_children(world, spawn):
    """A child forked while its parent holds the lock does not hold it."""
    script = (
        "import os, simulated_qubesd, subprocess, time, signal\n"
        "with simulated_qubesd.daemon(os.environ['TESSERAQT_DOM0']).fleet:\n"
        "    child = os.fork()\n"
        "    if child == 0: time.sleep(60)\n"
        "    print(child, flush=True)\n"
        "    time.sleep(0.2)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=world.environ(), stdout=subprocess.PIPE, text=True
    )
    child = int(process.stdout.readline())
    assert process.wait(HUNG_OR_KILLED) == -signal.SIGKILL
    assert spawn(ONE_WRITE).returncode == 0
    os.kill(child, signal.SIGKILL)
    process.stdout.close()


@pytest.mark.parametrize("step", range(1, 9))
def test_killed_in_the_midst_of_writing(world, spawn, step):
    """A call that changes several documents changed all of them, or none."""
    before = world.snapshot()
    script = (
        "import os, signal, simulated_qubesd\n"
        f"left = [{step}]\n"
        "def stumbling(real):\n"
        "    def step(*args, **options):\n"
        "        left[0] -= 1\n"
        "        if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return real(*args, **options)\n"
        "    return step\n"
        "simulated_qubesd.daemon(os.environ['TESSERAQT_DOM0'])\n"
        "from simulated_qubesd import store\n"
        "store._fill = stumbling(store._fill)\n"
        "store.os.rename = stumbling(os.rename)\n"
        "store.os.unlink = stumbling(os.unlink)\n"
        "store.Path.unlink = stumbling(store.Path.unlink)\n"
        "simulated_qubesd.call('dom0', 'admin.property.Set', 'clockvm', b'sys-firewall')\n"
    )
    subprocess.run([sys.executable, "-c", script], env=world.environ(), check=False)
    found = world.snapshot()
    if found != before:
        assert found["system"]["properties"]["clockvm"] == "sys-firewall"
        assert "service.clocksync" not in found["qubes"]["sys-net"]["features"]
        assert found["qubes"]["sys-firewall"]["features"]["service.clocksync"] == "1"
    assert spawn("qubes-prefs clockvm sys-net").returncode == 0
    assert world.snapshot() == before


def test_snapshots_are_equal_where_the_worlds_are(world, tmp_path):
    other = type(world).create(tmp_path / "other")
    assert other.snapshot() == world.snapshot()
    other.add_qube("new", template="nixos")
    other.edit("new", features={"x": "1"})
    assert other.snapshot() != world.snapshot()
    assert json.loads(json.dumps(other.snapshot())) == other.snapshot()


def test_programs_say_their_names(spawn):
    for program in ("qvm-create", "qvm-pci", "qubes-prefs", "qvm-template"):
        assert spawn(f"{program} --help").stdout.startswith(f"usage: {program}")
