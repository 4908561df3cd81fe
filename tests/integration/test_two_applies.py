# SPDX-License-Identifier: MIT
"""Two applies at once: one holds the lock, the other says who does, and nothing interleaves."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import simulated_dom0

PILLAR = {
    "tesseraqt": {
        "templates": {"nixos": {"os": "nixos"}},
        "defaults": {"template": "nixos", "label": "blue"},
        "qubes": {"one": {"tags": ["a"]}, "two": {"tags": ["b"]}},
    }
}


@pytest.fixture
def hung(salt_call, world, tmp_path):
    """A running apply whose third writing call never comes back; it is killed in the end."""
    assert salt_call("test.ping", pillar=PILLAR).rc == 0
    world.inject("hang", at=3, count="writes")
    config = f"--config-dir={tmp_path}/minion/etc/salt"
    program = str(Path(sys.executable).with_name("salt-call"))
    argv = [program, "--local", config, "state.apply", "tesseraqt"]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 600
    while len(world.writes()) < 3:
        assert time.monotonic() < deadline and process.poll() is None, "the apply never hung"
        time.sleep(0.1)
    yield process
    process.kill()
    process.wait()


# concurrent=True passes Salt's own look at running jobs, which is no lock
APPLY = ("state.apply", "tesseraqt", "concurrent=True")


def test_the_second_apply_names_the_first_and_writes_nothing(hung, salt_call, world):
    before = world.writes()
    ended = salt_call(*APPLY, pillar=PILLAR)
    assert ended.rc != 0
    comments = " ".join(state["comment"] for state in ended.json.values())
    assert f"another apply holds the lock: pid {hung.pid}," in comments
    assert world.writes() == before


def test_plans_and_test_runs_wait_for_nobody(hung, salt_call, world):
    before = world.writes()
    assert salt_call("tesseraqt.plan", pillar=PILLAR).rc == 0
    assert salt_call(*APPLY, "test=True", pillar=PILLAR).rc == 0
    assert world.writes() == before


def test_a_killed_holder_leaves_no_lock(hung, salt_call, world):
    os.kill(hung.pid, signal.SIGKILL)
    hung.wait()
    world.clear_faults()
    ended = salt_call(*APPLY, pillar=PILLAR)
    assert ended.rc == 0, ended
    world.forget_calls()
    assert salt_call(*APPLY, pillar=PILLAR).rc == 0
    assert world.writes() == []


def test_the_lock_is_where_only_root_looks(hung, tmp_path):
    lock = tmp_path / "minion" / "var/lib/tesseraqt/lock"
    assert f"pid {hung.pid}" in lock.read_text()
    assert lock.stat().st_mode & 0o077 == 0
    assert lock.parent.stat().st_mode & 0o077 == 0
    assert simulated_dom0.REPO not in lock.parents
