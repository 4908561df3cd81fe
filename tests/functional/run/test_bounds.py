# SPDX-License-Identifier: MIT
"""Pillar, arguments of states and names on the command line are bounded before they are read."""

import re
import time
import tracemalloc

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError
from tesseraqt_lib.problems import shown

WIDE = int("f" * 5000, 16)
#: What no name of a qube may be; each of them would make a path or a log.
NO_NAMES = ("../../x", "a/b", "..", "", "a b", "-x", "a\n", "x" * 32, "dom0", "a\x00", WIDE, ["a"])


def bomb(levels=12, inner="x"):
    """What a dozen lines of YAML can stand for: 8 ** 12 values."""
    found = [inner] * 8
    for _ in range(levels - 1):
        found = [found] * 8
    return found


@pytest.fixture
def cheap():
    """What is done meanwhile takes neither long nor much memory."""
    tracemalloc.start()
    began = time.process_time()
    yield
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 60_000_000
    assert time.process_time() - began < 60


@pytest.mark.parametrize(
    "pillar",
    [bomb(), {"qubes": bomb()}, {"containers": {"web": {"config": {"a": bomb(inner=WIDE)}}}}],
    ids=["all of it", "a section", "config"],
)
def test_aliases_of_aliases_cost_little_and_are_one_problem(world, minion, cheap, pillar):
    told = "holds more than 250000 values (does an alias repeat itself?)"
    minion.begin(world, pillar)
    assert told in str(minion.modules["tesseraqt.check"]())
    minion.begin(world, pillar)
    with pytest.raises(SaltInvocationError, match=re.escape(told)):
        minion.modules["tesseraqt.prunable"]()
    assert world.calls() == []


def test_a_number_that_python_does_not_print_is_a_problem_with_its_path(world, minion):
    answer = minion.call(world, {"jobs": WIDE}, "tesseraqt.check")
    assert answer["problems"] == ["jobs: a number of 20000 bits is not a small number (1 to 64)"]


@pytest.mark.parametrize(
    "errors", [bomb(), 5, {"a": bomb()}, "x" * 10_000_000, ["\ud800"], [WIDE]], ids=shown
)
def test_what_a_pillar_says_of_its_own_errors_is_bounded_too(world, minion, cheap, errors):
    minion.begin(world, {})
    for loader in (minion.modules, minion.states):
        loader.pack["__pillar__"] = {"_errors": errors}
    found = minion.modules["tesseraqt.check"]()["problems"]
    assert found
    assert all(len(line) < 1100 for line in found)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("present", {"prefs": bomb()}),
        ("absent", {"adopt": bomb()}),
        ("globals", {"prefs": {"a": bomb()}}),
        ("policy", {"rules": bomb()}),
        ("policy_narrowed", {"rules": [{"from": bomb()}]}),
        ("restarted", {"root": "nixos", "parts": {"web": bomb()}}),
        ("template_installed", {"install": {"rpm": bomb()}}),
        ("deployed", {"system": {"containers": bomb()}}),
        ("deployed", {"system": "[" * 1_000_000}),
        ("deployed", {"system": "[" * 9_000_000}),
        ("deployed", {"system": {}, "modules": bomb()}),
        ("deployed", {"system": {}, "jobs": WIDE}),
        ("deployed", {"system": {}, "generations": bomb()}),
        ("deployed", {"system": {"containers": {"web": 5}}}),
        ("deployed", {"system": {"root": {"modules": 5}}}),
        ("deployed", {"system": {"more": {}}}),
        ("valid", {"problems": bomb()}),
    ],
)
def test_arguments_of_states_are_bounded(world, minion, cheap, function, arguments):
    name = "work" if function != "valid" else "any"
    answer = minion.single(world, function, name, **arguments).results[name]
    assert answer["result"] is False
    assert len(answer["comment"]) < 20_000
    assert world.writes() == []


def test_warnings_that_are_none_are_told_in_few_words(world, minion, cheap):
    answer = minion.single(world, "valid", "any", warnings=bomb()).results["any"]
    assert answer["result"] is True
    assert len(answer["comment"]) < 1000


@pytest.mark.parametrize("function", ["present", "absent", "running", "halted", "deployed"])
def test_no_state_makes_anything_of_what_is_no_name(world, minion, function):
    arguments = {"system": {}} if function == "deployed" else {}
    minion.begin(world, {})
    before = sorted(world.path.parent.rglob("*"))
    for name in NO_NAMES:
        answer = minion.states[f"tesseraqt.{function}"](name, **arguments)
        assert answer["result"] is False
        assert "name: " in answer["comment"]
    assert world.calls() == []
    assert sorted(world.path.parent.rglob("*")) == before


@pytest.mark.parametrize("function", ["generations", "build", "rollback", "system"])
def test_no_function_makes_a_path_of_what_is_no_name(world, minion, function):
    minion.begin(world, {})
    before = sorted(world.path.parent.rglob("*"))
    for name in NO_NAMES:
        with pytest.raises(SaltInvocationError, match="name: "):
            minion.modules[f"tesseraqt.{function}"](name)
    assert world.calls() == []
    assert sorted(world.path.parent.rglob("*")) == before


def test_a_rollback_to_no_generation_is_refused_before_anything_is_locked(world, minion):
    minion.begin(world, {})
    for to in ("-1", "1" * 10, WIDE, "last", "1\n", "", None, ["1"]):
        with pytest.raises(CommandExecutionError, match="neither the number of a generation"):
            minion.modules["tesseraqt.rollback"]("nixos", to)
    assert world.calls() == []


@pytest.mark.parametrize("function", ["fleet", "graph"])
@pytest.mark.parametrize("word", ["../x", WIDE, bomb()], ids=["path", "number", "bomb"])
def test_a_word_that_is_none_of_a_few_is_told_in_few_words(world, minion, cheap, function, word):
    minion.begin(world, {})
    with pytest.raises(SaltInvocationError, match="is not one of: ") as refused:
        minion.modules[f"tesseraqt.{function}"](word)
    assert len(str(refused.value)) < 1000
