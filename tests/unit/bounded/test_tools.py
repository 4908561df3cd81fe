# SPDX-License-Identifier: MIT
"""Of what a tool says only the end is kept, be it a process of its own or in this one."""

import tracemalloc

import pytest
from tesseraqt_lib.dom0 import tools
from tesseraqt_lib.guest import scripts
from tesseraqt_lib.model import Step
from tesseraqt_lib.roots import phases

FLOOD = "yes 'so many words' >&2"
#: Seconds that starting a root, and halting it, may take.
START = HALT = tools.DEADLINE


@pytest.fixture
def program(tmp_path, monkeypatch):
    """``program(script)``: a step that runs this script by the name of a tool."""

    def make(script):
        path = tmp_path / "qvm-template"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        return Step("qube", None, "there", ("qvm-template", "install"))

    return make


def test_a_tool_that_floods_is_ended_and_costs_no_memory(program):
    step = program(FLOOD)
    tracemalloc.start()
    code, said = tools.spawn(step)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert code == 124
    assert said.startswith("gave up: its log is longer than 67108864 bytes")
    assert len(tools.cleaned(said)) <= tools.SAID
    assert most < 2_000_000


def test_a_tool_that_is_silent_for_too_long_is_ended(program, monkeypatch):
    monkeypatch.setitem(tools.LONGER, "qvm-template", 1)
    code, said = tools.spawn(program("echo begun; sleep 60"))
    assert (code, tools.cleaned(said)) == (124, "gave up: not done after 1 s; it last said: begun")


def test_what_a_tool_says_last_is_told(program):
    script = "echo first; echo 'ERROR: no such template' >&2; exit 3"
    assert tools.spawn(program(script)) == (3, "first\nERROR: no such template\n")


def test_a_tool_that_is_not_there_is_told():
    code, said = tools.spawn(Step("x", None, "y", ("qvm-nosuch",)))
    assert (code, said) == (127, "qvm-nosuch cannot be run: No such file or directory")


def test_a_tool_in_this_process_is_kept_by_its_end_only():
    words = tools.Words()
    for _ in range(1000):
        print("x" * 10_000, file=words)
    print("the end", file=words, end="")
    assert len(words.getvalue()) == tools.KEPT
    assert words.getvalue().endswith("\nthe end")


def test_the_lock_is_held_for_a_root_no_longer_than_the_documents_say():
    total = {name: bounds.total for name, (_, bounds) in scripts.KNOWN.items()}
    answer = phases.PATIENCE + total["probe"]
    boot = START + answer + total["push"] + total["build"] + total["activate"] + HALT
    assert boot <= 8 * 3600
    confirming = 3600 + total["confirm"]
    assert boot + total["switch"] + confirming <= 12 * 3600
