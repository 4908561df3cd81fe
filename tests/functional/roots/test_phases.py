# SPDX-License-Identifier: MIT
"""A standalone qube switches at once, and goes back by itself unless somebody finds it well."""

import importlib
import os
import signal
import time

import pytest
from nixos_root import SYSTEM, Root

OLD = {"containers": {"old": {}}}
HOW = {"activation": "switch", "confirm": 1800}
#: The same where nobody confirms.
SOON = {**HOW, "confirm": 10}


@pytest.fixture
def alone(world, root, states):
    """A standalone qube that runs, with an older system that is active."""
    features = {"os-distribution": "nixos", "qrexec": "1", "vmexec": "1"}
    world.add_qube("alone", "StandaloneVM", label="gray", features=features, tags=["tesseraqt"])
    world.power("alone", "Running")
    assert states.tesseraqt.deployed("alone", system=OLD, **HOW).result is True
    return Root(world, "alone")


def active(root):
    """The containers of the system that is active now."""
    link = os.readlink(root.files / "run" / "current-system")
    return sorted(
        path.split("-", 2)[2] for path in (root.files / link[1:] / "containers").read_text().split()
    )


def with_word(word):
    return {"containers": {**SYSTEM["containers"], "bad": {"packages": [word]}}}


def test_it_runs_and_boots_the_new_system(alone, states):
    answer = states.tesseraqt.deployed("alone", system=SYSTEM, **HOW)
    assert answer.result is True, answer.comment
    assert active(alone) == sorted(alone.boots()) == ["db", "web"]
    assert "runs" in answer.comment
    assert alone.power() == "Running"
    assert states.tesseraqt.deployed("alone", system=SYSTEM, **HOW).changes == {}


def test_units_that_fail_take_it_back_at_once(alone, states):
    before = alone.feature("x-tesseraqt-system")
    began = time.monotonic()
    answer = states.tesseraqt.deployed("alone", system=with_word("does-not-start"), **HOW)
    assert time.monotonic() - began < HOW["confirm"] / 6
    assert (answer.result, answer.changes) == (False, {})
    said = answer.comment.splitlines()[0]
    assert said == (
        "alone: switch: the system is active, but some units failed;"
        " it went back to the system before"
    )
    assert active(alone) == sorted(alone.boots()) == ["old"]
    assert alone.feature("x-tesseraqt-system") == before


def test_nobody_confirms_and_it_goes_back_by_itself(alone, states, monkeypatch):
    deploy = importlib.import_module("tesseraqt_lib.roots.phases")

    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    process = os.fork()
    if process == 0:
        deploy.Deployment.reach = lambda self, name, *rest, **kw: (
            die() if name == "confirm" else self.ask(name)
        )
        states.tesseraqt.deployed("alone", system=SYSTEM, **SOON)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(process, 0)[1]) == signal.SIGKILL
    assert active(alone) == ["db", "web"]
    end = time.monotonic() + 300
    while active(alone) != ["old"] and time.monotonic() < end:
        time.sleep(0.5)
    assert active(alone) == sorted(alone.boots()) == ["old"]
    answer = states.tesseraqt.deployed("alone", system=SYSTEM, **HOW)
    assert answer.result is True, answer.comment


def test_a_qube_that_was_restarted_meanwhile_is_not_taken_for_switched(
    world, alone, states, monkeypatch
):
    deploy = importlib.import_module("tesseraqt_lib.roots.phases")
    reach = deploy.Deployment.reach

    def restarted(self, name, *rest, **options):
        if name == "confirm":
            while not (alone.files / "var/lib/tesseraqt/switch/code").exists():
                time.sleep(0.1)
            importlib.import_module("guests.guest").Guest(alone.place).stop()
            for state in ("Halted", "Running"):
                world.power("alone", state)
        return reach(self, name, *rest, **options)

    monkeypatch.setattr(deploy.Deployment, "reach", restarted)
    before = alone.feature("x-tesseraqt-system")
    answer = states.tesseraqt.deployed("alone", system=SYSTEM, **HOW)
    assert (answer.result, answer.changes) == (False, {})
    assert "the system before it runs again" in answer.comment
    assert active(alone) == sorted(alone.boots()) == ["old"]
    assert alone.feature("x-tesseraqt-system") == before


def test_what_a_switch_would_do_is_told_once_it_is_built(world, alone, declare):
    fleet = {
        "containers": SYSTEM["containers"],
        "qubes": {
            "alone": {
                "class": "StandaloneVM",
                "label": "gray",
                "os": "nixos",
                "containers": ["db", "web"],
                "nixos": HOW,
            }
        },
    }
    loaders = declare({"tesseraqt": fleet})
    arguments = loaders.modules.tesseraqt.fleet("roots")[-1]["arguments"]
    declared = {key: value for one in arguments for key, value in one.items()}
    declared = {key: declared[key] for key in ("system", *HOW)}
    states, modules = loaders.states, loaders.modules
    dark = states.tesseraqt.deployed("alone", test=True, **declared)
    assert dark.result is None
    assert "would restart" not in dark.comment
    built = modules.tesseraqt.build("alone")
    assert any("container@web.service" in line for line in built["activating"])
    builds = alone.builds()
    world.forget_calls()
    clear = states.tesseraqt.deployed("alone", test=True, **declared)
    assert world.writes() == []
    assert "would restart the following units: container@web.service" in clear.comment
    assert clear.changes == {
        "system": {"old": dark.changes["system"]["old"], "new": built["system"]}
    }
    assert active(alone) == ["old"]
    assert states.tesseraqt.deployed("alone", **declared).result is True
    assert alone.builds() == builds


def test_a_wrong_argument_is_told_as_in_pillar(alone, states):
    answer = states.tesseraqt.deployed("alone", system=SYSTEM, activation="swich", confirm=1)
    assert answer.result is False
    assert "activation: 'swich' is not one of: boot, switch" in answer.comment
    assert "confirm: 1 is not seconds (10 to 3600)" in answer.comment
