# SPDX-License-Identifier: MIT
"""Whatever the fleet and wherever the machine starts: one apply gets there, the next does nothing.

``--hypothesis-profile=thorough`` tries many more.
"""

import copy
import itertools
import shutil

import pytest
import random_fleets
import simulated_dom0
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from minion import SKIPPED

#: These make a qube out of another one, in as many calls as that has settings.
MANY_CALLS = ("qvm-clone", "qvm-template")

NAMES = (*random_fleets.OWN, "nixos")

CHECKED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

starts = st.fixed_dictionaries(
    {
        "earlier": st.lists(random_fleets.fleets(), max_size=2),
        "drifts": st.dictionaries(st.sampled_from(NAMES), random_fleets.DRIFTS, max_size=4),
        "strangers": random_fleets.STRANGERS,
    }
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("worlds")


@pytest.fixture
def fresh(world, monkeypatch, scratch):
    """A fresh dom0 for each example, and copies of it; this process is in the last one made."""
    numbers = itertools.count()

    def enter(original=None):
        path = scratch / f"{world.path.parent.name}-{next(numbers)}"
        if original is None:
            return simulated_dom0.create(path).activate(monkeypatch)
        shutil.copytree(original.path, path)
        return type(world)(path).activate(monkeypatch)

    return enter


def started(minion, fresh, start):
    """A world that has a history."""
    world = fresh()
    for fleet in start["earlier"]:
        assume(valid(minion, world, fleet))
        minion.apply(world, fleet)
    random_fleets.meet(world, start["strangers"])
    random_fleets.drift(world, start["drifts"])
    return world


def valid(minion, world, fleet):
    return minion.call(world, fleet, "tesseraqt.check")["problems"] == []


def undeclared(world, fleet):
    """Every qube that the fleet does not name, as it is; what it names may start these.

    What Qubes preloaded goes with a change of its template.
    """
    named = {*fleet["templates"], *fleet["qubes"], "disp77"}
    found = {name: world.qube(name) for name in world.qubes() if name not in named}
    for document in found.values():
        for key in ("power", "xid", "start_time"):
            document.pop(key, None)
    return found


@CHECKED
@given(start=starts, fleet=random_fleets.fleets())
def test_a_second_apply_does_nothing_and_the_rest_of_the_machine_stays(minion, fresh, start, fleet):
    world = started(minion, fresh, start)
    assume(valid(minion, world, fleet))
    strangers = undeclared(world, fleet)
    first = minion.apply(world, fleet)
    after = world.snapshot()
    second = minion.apply(world, fleet)
    event(f"{len(first.ran)} steps")
    event("something refused" if first.failed() else "nothing refused")
    assert second.writes == []
    assert second.ran == []
    assert second.changed() == {}
    assert world.snapshot() == after
    assert undeclared(world, fleet) == strangers
    assert second.failed() == first.failed()


@CHECKED
@given(start=starts, fleet=random_fleets.fleets())
def test_a_test_run_writes_nothing_and_foretells_every_change(minion, fresh, start, fleet):
    world = started(minion, fresh, start)
    assume(valid(minion, world, fleet))
    before = world.snapshot()
    foretold = minion.apply(world, fleet, test=True)
    planned = minion.call(world, fleet, "tesseraqt.plan")
    assert foretold.writes == []
    assert foretold.ran == []
    assert world.snapshot() == before
    really = minion.apply(world, fleet)
    assert foretold.changed() == really.changed()
    for id_, result in really.results.items():
        expected = result["result"] if not result["changes"] else None
        assert foretold.results[id_]["result"] is expected, (id_, foretold.results[id_], result)
    assert foretold.failed() == really.failed()
    assert steps_of(planned) == really.argvs()
    assert refusals_of(planned) == {
        id_: said for id_, said in really.failed().items() if said != SKIPPED
    }


def steps_of(planned):
    """The commands that a plan has, by state."""
    return {
        id_: [step["argv"] for step in one["steps"]]
        for id_, one in planned.items()
        if "steps" in one
    }


def refusals_of(planned):
    """What a plan refuses, by state."""
    return {id_: "\n".join(one["refused"]) for id_, one in planned.items() if "refused" in one}


@CHECKED
@given(start=starts, fleet=random_fleets.fleets(), randomly=st.randoms(use_true_random=False))
def test_the_order_of_keys_in_pillar_does_not_matter(minion, fresh, start, fleet, randomly):
    world = started(minion, fresh, start)
    assume(valid(minion, world, fleet))
    twin = fresh(world)
    other = random_fleets.shuffled(randomly, copy.deepcopy(fleet))
    plan = minion.call(twin, other, "tesseraqt.plan")
    minion.apply(twin, other)
    end = twin.snapshot()
    again = fresh(world)
    assert list(minion.call(again, fleet, "tesseraqt.plan").items()) == list(plan.items())
    minion.apply(again, fleet)
    assert again.snapshot() == end


@CHECKED
@given(fleet=random_fleets.fleets())
def test_the_first_converge_makes_one_writing_call_for_each_difference(minion, fresh, fleet):
    world = fresh()
    assume(valid(minion, world, fleet))
    plan = minion.call(world, fleet, "tesseraqt.plan")
    run = minion.apply(world, fleet)
    for step in run.ran:
        if not copies(step):
            assert len(step.writes) == 1, step
    differences = sum(len(one.get("steps", ())) for one in plan.values())
    assert len(run.ran) == differences
    in_copies = sum(len(step.writes) for step in run.ran if copies(step))
    assert len(run.writes) - in_copies == sum(not copies(step) for step in run.ran)


def copies(step):
    """Whether the step copies a qube, which takes more than one call."""
    return step.argv[0] in MANY_CALLS or ("StandaloneVM" in step.argv and "--template" in step.argv)
