# SPDX-License-Identifier: MIT
"""Every state from every start: a test run writes nothing, and says what the real one then does.

A test run answers True when there is nothing to do, None with the changes when there is, and
False when tesseraqt knows that it would fail; a real one answers True, True and False then.
"""

import os

import pytest

CLONE = {"class": "TemplateVM", "clone": "nixos"}
APP = {"template": "nixos", "label": "red", "prefs": {"memory": 500}, "tags": ["mark"]}
SOLO = {"class": "StandaloneVM", "template": "nixos", "label": "red"}
GLOBALS = {"stats_interval": 5, "default_kernel": "6.17.9-1.fc41"}


def nothing(world, minion):
    """The qube is not there."""


def there(world, minion):
    minion.single(world, "present", "q", **APP)


def running(world, minion):
    there(world, minion)
    world.power("q", "Running")


def paused(world, minion):
    running(world, minion)
    world.power("q", "Paused")


def drifted(world, minion):
    there(world, minion)
    world.edit("q", properties={"memory": 700, "label": "blue"}, features={"x": "1"})


def foreign(world, minion):
    world.add_qube("q", template="nixos", label="red")


def used(world, minion):
    minion.single(world, "present", "q", **APP, features={})
    world.edit("q", properties={"provides_network": True})
    world.add_qube("user", template="nixos", properties={"netvm": "q"})


def half_made(world, minion):
    """An apply was killed between making the qube and marking it."""
    world.inject("fail", method=r"tag\.Set")
    minion.single(world, "present", "q", **APP)
    world.clear_faults()


def killed_in_clone(world, minion):
    """The whole process, in the middle of a clone."""
    world.inject("die", at=4)
    child = os.fork()
    if child == 0:
        try:
            minion.single(world, "present", "q", **CLONE)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    world.clear_faults()


def template_there(world, minion):
    minion.single(world, "present", "q", **CLONE)


def published(world, minion):
    world.publish("q")


def installed(world, minion):
    published(world, minion)
    minion.single(world, "template_installed", "q")


def globals_set(world, minion):
    minion.single(world, "globals", "q", prefs=GLOBALS)


DOES, IS, CANNOT = "would change", "is as declared", "cannot"

CASES = [
    ("present", APP, nothing, DOES),
    ("present", APP, there, IS),
    ("present", APP, running, IS),
    ("present", APP, paused, IS),
    ("present", APP, drifted, DOES),
    ("present", APP, foreign, CANNOT),
    ("present", {**APP, "adopt": True}, foreign, DOES),
    ("present", APP, half_made, DOES),
    ("present", {**APP, "template": "fedora-42"}, there, DOES),
    ("present", {**APP, "template": "fedora-42"}, running, CANNOT),
    ("present", {**APP, "template": "fedora-42", "restart": "when_needed"}, running, DOES),
    ("present", {**APP, "template": "fedora-42", "running": False}, running, DOES),
    ("present", {**APP, "class": "StandaloneVM"}, there, CANNOT),
    ("present", {"label": "red"}, nothing, CANNOT),
    ("present", {**APP, "volumes": {"private": "3GiB"}}, there, DOES),
    ("present", {**APP, "volumes": {"private": "1GiB"}}, there, CANNOT),
    ("present", {**APP, "volumes": {"private": "1GiB"}}, nothing, CANNOT),
    ("present", {**APP, "prefs": {"quite_unknown": 1}}, there, CANNOT),
    ("present", SOLO, nothing, DOES),
    ("present", {**SOLO, "template": "nowhere"}, nothing, CANNOT),
    ("present", CLONE, nothing, DOES),
    ("present", {**CLONE, "clone": "nowhere"}, nothing, CANNOT),
    ("present", CLONE, template_there, IS),
    ("present", CLONE, killed_in_clone, DOES),
    ("present", {**CLONE, "features": {"x": 1}}, template_there, DOES),
    ("template_installed", {}, published, DOES),
    ("template_installed", {}, installed, IS),
    ("template_installed", {}, foreign, CANNOT),
    ("template_installed", {"features": {"x": 1}}, installed, DOES),
    ("template_installed", {"install": {"rpm": "/nowhere/a.rpm"}}, nothing, CANNOT),
    ("absent", {}, nothing, IS),
    ("absent", {}, there, DOES),
    ("absent", {}, running, CANNOT),
    ("absent", {"running": False}, running, DOES),
    ("absent", {}, foreign, CANNOT),
    ("absent", {"adopt": True}, foreign, DOES),
    ("absent", {}, half_made, DOES),
    ("absent", {}, used, CANNOT),
    ("absent", {}, template_there, DOES),
    ("running", {}, nothing, CANNOT),
    ("running", {}, there, DOES),
    ("running", {}, running, IS),
    ("running", {}, paused, DOES),
    ("halted", {}, nothing, IS),
    ("halted", {}, there, IS),
    ("halted", {}, running, DOES),
    ("globals", {"prefs": GLOBALS}, nothing, DOES),
    ("globals", {"prefs": GLOBALS}, globals_set, IS),
    ("globals", {"prefs": {"quite_unknown": 1}}, nothing, CANNOT),
    ("globals", {"prefs": {"default_netvm": None}}, nothing, DOES),
    ("valid", {}, nothing, "valid"),
    ("valid", {"problems": "all wrong"}, nothing, CANNOT),
]


@pytest.fixture(
    params=CASES, ids=lambda one: f"{one[0]}-{one[2].__name__}-{one[3]}".replace(" ", "-")
)
def case(request, world, minion):
    function, declaration, begin, answer = request.param
    begin(world, minion)
    return function, declaration, answer


def test_a_test_run_writes_nothing_and_says_what_the_real_one_does(world, minion, case):
    function, declaration, answer = case
    before = world.snapshot()
    run = minion.single(world, function, "q", test=True, **declaration)
    foretold = run.results["q"]
    assert run.writes == []
    assert run.ran == []
    assert world.snapshot() == before
    assert foretold["result"] is {DOES: None, CANNOT: False}.get(answer, True), foretold
    assert bool(foretold["changes"]) is (answer is DOES)
    done = minion.single(world, function, "q", **declaration)
    real = done.results["q"]
    assert real["result"] is (answer is not CANNOT), real
    assert real["changes"] == foretold["changes"]
    assert bool(done.ran) is (answer is DOES)
    if answer is CANNOT:
        assert real["comment"] == foretold["comment"]
        assert world.snapshot() == before
    again = minion.single(world, function, "q", **declaration)
    assert again.ran == []
    assert again.results["q"]["changes"] == {}


def test_a_copy_of_a_copy_has_what_its_source_had_when_it_was_copied(world, minion):
    late = {"prefs": {"default_dispvm": "dvm"}, "os": "nixos"}
    fleet = {
        "templates": {"one": {**late, "clone": "nixos"}, "two": {**late, "clone": "one"}},
        "qubes": {
            "dvm": {"template": "nixos", "label": "red", "prefs": {"template_for_dispvms": True}}
        },
    }
    planned = minion.call(world, fleet, "tesseraqt.plan")
    assert "tesseraqt/qube/two/later" in planned
    assert set(planned) == set(minion.apply(world, fleet).changed())
