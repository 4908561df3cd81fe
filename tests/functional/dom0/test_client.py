# SPDX-License-Identifier: MIT
"""An apply is cut off at each of its writing calls in turn; the next one gets to the same end."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import rich_fleet
import simulated_dom0
from crashes import killed, lasting
from minion import SKIPPED, Run
from tesseraqt_lib.dom0 import tools
from tesseraqt_lib.dom0.notes import Notes

#: In so many tests are the calls gone through, so that each takes less than a minute.
PARTS = 5


@pytest.fixture(scope="module")
def start(minion, tmp_path_factory):
    """A world to copy, and what becomes of it undisturbed."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        path = tmp_path_factory.mktemp("start") / "dom0"
        world = simulated_dom0.create(path).activate(monkeypatch)
        rich_fleet.begin(world, minion)
        kept = shutil.copytree(path, path.parent / "kept")
        run = minion.apply(world, rich_fleet.FLEET)
        assert run.failed() == {}
        return Start(kept, lasting(world), rich_fleet.strangers(world), run)


@dataclass
class Start:
    """The world as it was, and as it is after an undisturbed run."""

    path: Path
    end: dict
    strangers: dict
    run: Run


@pytest.fixture(params=range(PARTS))
def each_call(request, start, tmp_path, monkeypatch):
    """``each_call(kind)``: for each writing call its number, and a world where it goes wrong."""

    def worlds(kind, **details):
        for k in range(1 + request.param, len(start.run.writes) + 1, PARTS):
            shutil.copytree(start.path, tmp_path / str(k))
            world = simulated_dom0.world(tmp_path / str(k)).activate(monkeypatch)
            world.inject(kind, at=k, **details)
            yield k, world
            shutil.rmtree(tmp_path / str(k))

    return worlds


@pytest.mark.parametrize("kind", ["die", "die_after"])
def test_killed_at_any_call_an_apply_is_finished_by_the_next(minion, start, each_call, kind):
    for k, world in each_call(kind):
        where = f"{kind} at call {k}: {start.run.writes[k - 1]}"
        assert killed(lambda world=world: minion.apply(world, rich_fleet.FLEET)), where
        world.clear_faults()
        assert minion.apply(world, rich_fleet.FLEET).failed() == {}, where
        assert lasting(world) == start.end, where
        assert rich_fleet.strangers(world) == start.strangers, where
        assert begun(world) == [], where


def begun(world):
    """What is noted as begun and not finished."""
    notes = world.path / "var" / "lib" / "tesseraqt"
    return sorted(str(path) for kind in ("begun", "stopped") for path in notes.glob(f"{kind}/*"))


@pytest.mark.parametrize("kind", ["fail", "lose"])
def test_what_a_failed_apply_reports_is_what_it_did(minion, start, each_call, kind):
    for k, world in each_call(kind, message="no, \x1b[31mnot\nnow"):
        where = f"{kind} at call {k}: {start.run.writes[k - 1]}"
        failed = minion.apply(world, rich_fleet.FLEET)
        world.clear_faults()
        left = minion.apply(world, rich_fleet.FLEET, test=True)
        for id_, said in failed.failed().items():
            assert said == SKIPPED or names_command(failed, id_, said), (where, id_, said)
        done, still = by_qube(failed), by_qube(left)
        for about, changes in by_qube(start.run).items():
            found = parted(done.get(about, {}), still.get(about, {}))
            assert found == named(changes), (where, about)
        assert minion.apply(world, rich_fleet.FLEET).failed() == {}, where
        assert lasting(world) == start.end, where
        assert rich_fleet.strangers(world) == start.strangers, where
        assert begun(world) == [], where


def names_command(run, id_, said):
    """The failed state says which command failed, as one would type it, and readably."""
    commands = [tools.shown(one.argv) for one in run.ran if one.id == id_]
    known = any(said.startswith(f"{command}: ") for command in commands)
    return known and all(" " <= char <= "~" for char in said)


def named(changes):
    """What changed, without what was done only for the sake of it."""
    return sorted(name for name in changes if name != "restart")


def by_qube(run):
    """What the states about each qube changed; which of them does depends on who runs by then."""
    found = {}
    for id_, changes in run.changed().items():
        found.setdefault("/".join(id_.split("/")[:3]), {}).update(changes)
    return found


def parted(changed, still):
    """What was done and what is left, together; nothing is both, but for a value on its way."""
    halfway = set(named(changed)) & set(named(still))
    assert all(changed[name]["new"] == still[name]["old"] == "" for name in halfway), halfway
    return sorted({*named(changed), *named(still)})


def test_the_machine_has_no_part_in_the_notes_of_a_qube_called_globals(world, minion):
    """The state of the machine's properties has that name too."""
    notes = Notes(world.path / "var" / "lib" / "tesseraqt" / "begun")
    notes.begin("globals", "it")
    done = minion.single(world, "globals", "globals", prefs={"default_shutdown_timeout": 90})
    assert done.results["globals"]["changes"]["prefs.default_shutdown_timeout"]["new"] == "90"
    assert notes.begun("globals", "it")
