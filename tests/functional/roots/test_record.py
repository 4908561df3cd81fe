# SPDX-License-Identifier: MIT
"""What dom0 remembers of a root is what the root has, whatever happened in between."""

import errno
import importlib
import multiprocessing
import os
import shutil
import signal

from nixos_root import SYSTEM

OLD = {"containers": {"db": SYSTEM["containers"]["db"], "old": {}}}
PARTS, DONE = "x-tesseraqt-parts", "x-tesseraqt-system"


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def cut_off(root, states, system):
    """The system was activated in the root, and then this died before dom0 remembered it."""

    def run():
        importlib.import_module("tesseraqt_lib.roots.deploy").record_deployed = die
        states.tesseraqt.deployed(str(root), system=system)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def since(root):
    """By part, the second since when the root has it as it is."""
    words = root.feature(PARTS).split()
    return {word.partition("=")[0]: int(word.partition("@")[2]) for word in words}


def long_ago(world, root):
    """What is remembered was remembered long ago."""
    words = [word.partition("@")[0] + "@1000" for word in root.feature(PARTS).split()]
    world.edit(str(root), features={PARTS: " ".join(words)})


def test_what_was_declared_before_a_cut_off_apply_is_deployed_again(world, root, states):
    states.tesseraqt.deployed(str(root), system=OLD)
    long_ago(world, root)
    cut_off(root, states, SYSTEM)
    assert sorted(root.boots()) == ["db", "web"]
    assert states.tesseraqt.deployed(str(root), system=OLD, test=True).result is None
    answer = states.tesseraqt.deployed(str(root), system=OLD)
    assert answer.result is True, answer.comment
    assert answer.changes["system"]["new"] == root.feature(DONE)
    assert sorted(root.boots()) == ["db", "old"]
    # A qube that was started in between ran what nobody remembers.
    assert min(since(root).values()) > 1000
    assert states.tesseraqt.deployed(str(root), system=OLD).changes == {}


def test_nor_does_it_count_where_the_notes_of_dom0_are_lost(world, root, states):
    states.tesseraqt.deployed(str(root), system=OLD)
    cut_off(root, states, SYSTEM)
    shutil.rmtree(world.path / "var" / "lib" / "tesseraqt")
    assert root.feature(DONE) is None
    answer = states.tesseraqt.deployed(str(root), system=OLD)
    assert answer.changes["system"]["new"] == root.feature(DONE)
    assert sorted(root.boots()) == ["db", "old"]


def test_a_failure_that_changed_nothing_forgets_nothing(world, root, states):
    states.tesseraqt.deployed(str(root), system=OLD)
    long_ago(world, root)
    bad = {"containers": {**OLD["containers"], "bad": {"packages": ["does-not-boot"]}}}
    assert states.tesseraqt.deployed(str(root), system=bad).result is False
    assert states.tesseraqt.deployed(str(root), system=OLD).changes == {}
    assert set(since(root).values()) == {1000}


def test_who_started_after_a_rollback_does_not_run_what_comes_again(world, root, states, modules):
    states.tesseraqt.deployed(str(root), system=OLD)
    states.tesseraqt.deployed(str(root), system=SYSTEM)
    long_ago(world, root)
    modules.tesseraqt.rollback(str(root))
    assert root.feature(PARTS) is None
    states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert min(since(root).values()) > 1000


def test_another_configuration_is_another_system(root, states):
    states.tesseraqt.deployed(str(root), system=SYSTEM)
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM, configuration="file")
    assert answer.result is True
    assert "system" in answer.changes
    assert states.tesseraqt.deployed(str(root), system=SYSTEM, configuration="file").changes == {}


def test_a_root_whose_start_only_seemed_to_fail_is_off_again(world, root, states):
    world.inject("lose", method="admin.vm.Start", dest="nixos")
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert answer.result is False
    assert "qvm-start" in answer.comment
    assert root.power() == "Halted"


def test_a_root_that_did_not_start_is_not_put_away_once_somebody_starts_it(world, root, states):
    states.tesseraqt.deployed(str(root), system=SYSTEM)
    world.inject("fail", method="admin.vm.Start", dest="nixos")
    assert states.tesseraqt.deployed(str(root), system=OLD).result is False
    world.power(str(root), "Running")
    assert states.tesseraqt.deployed(str(root), system=SYSTEM).changes == {}
    assert root.power() == "Running"


def test_a_log_that_cannot_be_written_keeps_no_root_on(root, states, monkeypatch):
    write = os.pwrite

    def full(file, *rest):
        if os.readlink(f"/proc/self/fd/{file}").endswith(".log"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, *rest)

    monkeypatch.setattr(os, "pwrite", full)
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert answer.result is True, answer.comment
    assert root.power() == "Halted"


def test_a_test_run_leaves_no_log(world, root, states, minion_opts):
    world.power(str(root), "Running")
    states.tesseraqt.deployed(str(root), system=SYSTEM, test=True)
    assert not root.notes.exists()


def note_run(world, root):
    """The run of the root that is on was started for a deployment, which was then killed."""
    document = world.qube(str(root))
    note = root.notes / "started" / str(root)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(f"{document['properties']['uuid']} {document['start_time']}")
    return note


def test_a_root_that_a_person_started_since_is_left_on(world, root, states):
    states.tesseraqt.deployed(str(root), system=SYSTEM)
    world.power(str(root), "Running")
    note = note_run(world, root)
    world.power(str(root), "Halted")
    note.write_text(f"{note.read_text()}1")
    world.power(str(root), "Running")
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert (answer.result, answer.changes) == (True, {})
    assert root.power() == "Running"
    assert not note.exists()


def test_a_root_that_was_left_on_is_foretold_to_be_put_away(world, root, states):
    states.tesseraqt.deployed(str(root), system=SYSTEM)
    world.power(str(root), "Running")
    note_run(world, root)
    foretold = states.tesseraqt.deployed(str(root), system=SYSTEM, test=True)
    done = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert (foretold.result, foretold.changes) == (None, done.changes)
    assert root.power() == "Halted"


def test_jobs_that_would_be_waited_for_for_ever_are_refused(root, states):
    for jobs in (0, -1, "many"):
        answer = states.tesseraqt.deployed(str(root), system=SYSTEM, jobs=jobs)
        assert answer.result is False
        assert "jobs" in answer.comment
    answer = states.tesseraqt.deployed(str(root), system="{")
    assert answer.result is False
    assert "system: is no JSON" in answer.comment


def test_a_restart_that_was_cut_off_is_finished(world, states):
    world.add_qube("q", "AppVM", label="red", template="nixos", tags=["tesseraqt"])
    parts = {"qube": "0123456789ab"}
    world.edit("nixos", features={PARTS: "qube=0123456789ab@1000"})
    note = world.path / "var" / "lib" / "tesseraqt" / "stopped" / "q"
    note.parent.mkdir(parents=True)
    note.write_text(world.qube("q")["properties"]["uuid"])
    how = {"root": "nixos", "parts": parts, "restart": "when_needed"}
    assert states.tesseraqt.restarted("q", test=True, **how).result is None
    assert states.tesseraqt.restarted("q", **how).result is True
    assert world.qube("q")["power"] == "Running"
    assert not note.exists()
