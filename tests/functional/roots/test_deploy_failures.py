# SPDX-License-Identifier: MIT
"""Whatever happens to dom0's side, and whatever a guest does: the next apply gets there."""

import importlib
import multiprocessing
import os
import re
import resource
import signal
import time

import pytest
from nixos_root import SYSTEM
from tesseraqt_lib.guest import ask, log

PHASES = (
    "starting",
    "waiting for an answer",
    "sending",
    "building",
    "activating",
    "shutting down",
)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def killed(root, states, sabotage):
    """A deployment was begun in a process of its own, in which ``sabotage()`` was done before."""

    def run():
        sabotage()
        states.tesseraqt.deployed(str(root), system=SYSTEM)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def finished(root, states):
    """The next apply reaches what an undisturbed one does."""
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert answer.result is True, answer.comment
    assert root.boots() == SYSTEM["containers"]
    assert root.builds() == ["db", "nixos-system", "web"], "something was built twice"
    assert root.trees() == [root.feature("x-tesseraqt-system")]
    assert root.power() == "Halted"
    again = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert (again.result, again.changes) == (True, {})


@pytest.mark.parametrize("phase", PHASES)
def test_killed_before_any_phase_the_next_apply_gets_there(root, states, phase):
    def sabotage():
        begin = log.Progress.phase
        log.Progress.phase = lambda self, words: die() if words == phase else begin(self, words)

    killed(root, states, sabotage)
    finished(root, states)


def test_killed_before_dom0_remembers_it_the_next_apply_builds_nothing(root, states):
    def sabotage():
        importlib.import_module("tesseraqt_lib.roots.deploy").record_deployed = lambda *_: die()

    killed(root, states, sabotage)
    finished(root, states)


def test_killed_in_the_middle_of_sending_nothing_uses_the_half(root, states):
    def sabotage():
        read, blocks = ask._Joined.read, []

        def slowly(self, size):
            blocks.append(read(self, 100))
            if b"ustar" in b"".join(blocks):
                time.sleep(0.5)
                die()
            return blocks[-1]

        ask._Joined.read = slowly

    killed(root, states, sabotage)
    assert all(name.startswith("new.") for name in root.trees())
    finished(root, states)


def test_killed_in_the_middle_of_a_build_nothing_is_built_twice(root, states):
    def sabotage():
        log.Progress.heard = lambda self, line: die() if "building" in line else None

    killed(root, states, sabotage)
    finished(root, states)


@pytest.mark.parametrize(
    ("manner", "why"),
    [
        ("mute", "not a word for 5 s"),
        ("flood", "its answer is longer than 65536 bytes"),
        ("chatter", "its log is longer than 1000000 bytes"),
        ("lie", "its answer has a key that nobody asked for"),
        ("die", "its answer is not made of whole lines of ASCII"),
    ],
)
def test_a_hostile_guest_is_given_up_soon_and_put_away(root, states, quick, manner, why):
    root.behave(manner)
    began = time.monotonic()
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert time.monotonic() - began < 300  # it would answer in an hour, or never
    assert (answer.result, answer.changes) == (False, {})
    if manner in ("flood", "chatter", "lie", "die"):  # who said anything is not asked again
        assert (root.place.parent / "streams").read_text().count("begin nixos") == 1
    assert answer.comment.startswith(f"nixos: probe: {why}")
    assert re.fullmatch(r"[\x20-\x7e\n]*", answer.comment)
    assert root.feature("x-tesseraqt-system") is None
    assert root.power() == "Halted"
    root.reform()
    finished(root, states)


def most_memory(root, states, system):
    """KiB of memory that a process took at most in which a deployment was tried."""
    reader, writer = multiprocessing.Pipe(duplex=False)

    def run():
        states.tesseraqt.deployed(str(root), system=system)
        writer.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    return reader.recv()


@pytest.mark.parametrize("manner", ["flood", "chatter"])
def test_a_guest_that_never_stops_talking_costs_no_memory(root, states, quick, manner):
    undisturbed = most_memory(root, states, SYSTEM)
    root.behave(manner)
    disturbed = most_memory(root, states, {"containers": {}})
    assert root.boots() == SYSTEM["containers"]
    assert disturbed - undisturbed < 64 * 1024
