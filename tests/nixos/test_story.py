# SPDX-License-Identifier: MIT
"""The whole story: pillar, an apply in a simulated dom0, a NixOS that boots, a call to a qube."""

import shutil
import tempfile
from pathlib import Path

import pytest
import simulated_dom0
from machines import counted, fleet, until

simulated_dom0.importable()

from guests import booting  # noqa: E402
from guests.machine import Machine  # noqa: E402

WIRED = ("work", "vault")


def pillar():
    """Two qubes of the fleet, as small as they can be and still talk: `app` calls `count`."""
    said = fleet()
    count, app = said["containers"]["count"], said["containers"]["app"]
    app = {
        "packages": ["socat"],
        "consumes": {name: app["consumes"][name] for name in ("count", "far")},
    }
    qube = {"template": "nixos", "running": True, "prefs": {"netvm": "none"}}
    wires = {"count": "count.bytes", "far": {"to": "vault/count.bytes", "trust": True}}
    return {
        "templates": {"nixos": {"os": "nixos", "adopt": True}},
        "containers": {"app": app, "count": count},
        "qubes": {
            "work": {**qube, "label": "blue", "containers": {"app": wires, "count": None}},
            "vault": {**qube, "label": "black", "containers": ["count"]},
        },
    }


class Story:
    """A simulated dom0 whose guests boot, and somebody who types in it."""

    def __init__(self, directory, template):
        self.world = simulated_dom0.create(directory / "dom0")
        self.minion, self.pillars = directory / "minion", directory / "pillar"
        simulated_dom0.share_policy(self.minion, directory / "dom0")
        self.machines = Path(tempfile.mkdtemp(prefix="q", dir="/tmp"))
        (self.machines / "template").symlink_to(template)
        (self.world.path / "machines").write_text(str(self.machines))

    def qubesctl(self, declared, *argv):
        """What a command prints, with what it is to say last."""
        root = simulated_dom0.write_pillar(self.pillars, {"dom0": {"tesseraqt": declared}})
        config = simulated_dom0.write_config(self.minion, root)
        return simulated_dom0.salt_call(
            config, *argv, env=self.world.environ(), capture_output=True, text=True
        )

    def applied(self, declared):
        """The fleet is as declared, and each machine has heard of it."""
        ended = self.qubesctl(declared, "state.apply", "tesseraqt")
        assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-4000:]
        return {name: booting.running(self.world, name) for name in WIRED}

    def close(self):
        for place in self.machines.iterdir():
            if place.name != "template":
                Machine(place).kill()
                Machine(place).discard()
        shutil.rmtree(self.machines, ignore_errors=True)


@pytest.fixture(scope="module")
def story(template, tmp_path_factory):
    told = Story(tmp_path_factory.mktemp("story"), template)
    assert told.qubesctl(pillar(), "saltutil.sync_all").returncode == 0
    yield told
    told.close()


def test_a_call_goes_through_a_wire_between_two_qubes_that_pillar_declares(story):
    machines = story.applied(pillar())
    booting.serve(story.world, "work", "vault", "tesseraqt.Api+count.bytes")
    assert machines["work"].active("container@app.service")
    until(lambda: counted(machines["work"], "/run/count") == b"4")
    assert counted(machines["work"], "/run/far", b"three") == b"5"


def test_a_second_apply_writes_nothing_and_starts_nothing(story):
    before = {
        name: machine.property("container@count", "InvocationID")
        for name, machine in story.applied(pillar()).items()
    }
    story.world.forget_calls()
    machines = story.applied(pillar())
    assert story.world.writes() == []
    assert before == {
        name: machine.property("container@count", "InvocationID")
        for name, machine in machines.items()
    }


def test_a_wire_that_pillar_takes_away_carries_no_call_any_more(story):
    declared = pillar()
    del declared["qubes"]["work"]["containers"]["app"]["far"]
    declared["containers"]["app"]["consumes"]["far"]["optional"] = True
    machines = story.applied(declared)
    until(lambda: counted(machines["work"], "/run/far", b"three") == b"")
    assert counted(machines["work"], "/run/count") == b"4"
