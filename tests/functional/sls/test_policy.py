# SPDX-License-Identifier: MIT
"""Policy in a whole run: narrowed before anything changes, widened at the end, and whatever fails
in between, never broader than what is declared."""

import copy
import shutil
from itertools import count

import pytest
import simulated_dom0
from policy_worlds import REST, lines
from tesseraqt_lib.dom0 import tools
from tesseraqt_lib.policy import rules as policy_rules

SECTIONS = ("policy_narrowed", "templates", "qubes", "policy")
WIRED, NARROWED = "tesseraqt/policy", "tesseraqt/policy/narrowed"
FLEET = {
    "containers": {
        "web": {"consumes": {name: {"optional": True} for name in ("a", "b", "c")}},
        "srv": {"provides": {"x": {"tcp": 1}, "y": {"tcp": 2}}},
    },
    "templates": {"nixos": {"os": "nixos", "adopt": True}},
    "defaults": {"template": "nixos", "label": "blue"},
    "qubes": {
        "one": {"containers": ["srv"]},
        "two": {"containers": ["srv"]},
        "user": {"containers": {"web": {"a": "one/srv.x", "b": "one/srv.y"}}},
        "apart": {},
    },
}
ONE_X, ONE_Y, TWO_X, TWO_Y = (
    f"tesseraqt.Api +srv.{api} user {name} allow" for name in ("one", "two") for api in "xy"
)
GOOD = {"result": True}


def changed(**slots):
    """The fleet with other wires, and with something to do about every qube."""
    fleet = copy.deepcopy(FLEET)
    fleet["qubes"]["user"]["containers"]["web"] = slots
    fleet["defaults"]["prefs"] = {"memory": 500}
    return fleet


#: One wire stays, one goes, one comes.
OTHER = changed(a="one/srv.x", c="two/srv.y")


def run(minion, world, fleet):
    """The results of the sections that wires are made of, by state; every root is as declared."""
    minion.begin(world, fleet)
    compiled = minion.modules["tesseraqt.fleet"]()
    roots = {state["id"]: GOOD for part in ("roots", "restarts") for state in compiled[part]}
    results = {}
    for section in SECTIONS:
        for state in compiled[section]:
            arguments = {key: value for one in state["arguments"] for key, value in one.items()}
            needed = [one["tesseraqt"] for one in arguments.pop("require", ())]
            arguments.pop("require_any", None)
            if any(results.get(id_, {"result": True})["result"] is False for id_ in needed):
                results[state["id"]] = {"result": False, "changes": {}, "comment": "skipped"}
            else:
                function = f"tesseraqt.{state['function']}"
                results[state["id"]] = minion.state(function, {**roots, **results}, **arguments)
    minion.end()
    return results


@pytest.fixture(scope="module")
def start(minion, tmp_path_factory):
    """A world in which the fleet is as declared, to copy."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("start") / "dom0"
        world = simulated_dom0.create(path).activate(patch)
        assert {one["result"] for one in run(minion, world, FLEET).values()} == {True}
        assert lines(world) == {ONE_X, ONE_Y}
        return shutil.copytree(path, path.parent / "kept")


@pytest.fixture
def begun(start, tmp_path, monkeypatch):
    """``begun()``: a fresh copy of that world."""
    numbers = count()

    def copied():
        path = shutil.copytree(start, tmp_path / str(next(numbers)))
        return simulated_dom0.world(path).activate(monkeypatch)

    return copied


def test_in_between_only_what_stays_is_allowed(minion, begun, monkeypatch):
    world = begun()
    seen = []
    real = tools.run

    def watched(step, app):
        if step.argv[0].startswith("qvm-"):
            seen.append(lines(world))
        real(step, app)

    monkeypatch.setattr(tools, "run", watched)
    results = run(minion, world, OTHER)
    assert {one["result"] for one in results.values()} == {True}
    assert seen
    assert all(found == {ONE_X} for found in seen)
    assert lines(world) == {ONE_X, TWO_Y}
    assert results[NARROWED]["changes"] == {"policy": {"old": ONE_Y, "new": None}}
    assert results[WIRED]["changes"] == {"policy": {"old": None, "new": TWO_Y}}


@pytest.mark.parametrize("kind", ["fail", "lose"])
def test_whichever_call_goes_wrong_nothing_undeclared_is_allowed(minion, begun, kind):
    for at in count(1):
        world = begun()
        world.forget_calls()
        world.inject(kind, at=at)
        results = run(minion, world, OTHER)
        failed = [id_ for id_, one in results.items() if one["result"] is False]
        assert lines(world) <= {ONE_X, TWO_Y}, (at, failed)
        ends = {f"tesseraqt/qube/{name}" for name in ("user", "two")}
        assert (TWO_Y in lines(world)) == (not ends & set(failed)), (at, failed)
        assert (TWO_Y in lines(world)) == results[WIRED]["result"], (at, failed)
        assert ONE_X in lines(world), (at, failed)
        world.clear_faults()
        assert {one["result"] for one in run(minion, world, OTHER).values()} == {True}
        assert lines(world) == {ONE_X, TWO_Y}
        if len(world.writes()) < at:
            break
    assert at > 5


def test_the_end_of_all_wires_is_the_end_of_the_file(minion, begun):
    world = begun()
    results = run(minion, world, changed())
    assert lines(world) is None
    assert results[NARROWED]["changes"]["policy"]["new"] is None
    again = run(minion, world, changed())
    assert WIRED not in again
    assert NARROWED not in again


def test_where_policy_cannot_be_narrowed_its_qubes_wait_and_others_go_on(minion, begun):
    world = begun()
    (world.policy / "30-tesseraqt.policy").write_text("* * user one allow\n")
    results = run(minion, world, OTHER)
    said = {id_: (one["result"], one["comment"]) for id_, one in results.items()}
    assert said["tesseraqt/qube/user"] == (False, "skipped")
    assert said["tesseraqt/qube/one"] == (False, "skipped")
    assert said[WIRED] == (False, "skipped")
    assert said["tesseraqt/qube/apart"][0] is True
    assert world.qube("apart")["properties"]["memory"] == 500


def test_salt_finds_every_requisite_of_each_part(apply):
    """Applied by itself, each SLS includes whatever its states wait for."""
    for sls in ("tesseraqt", "tesseraqt.policy", "tesseraqt.qubes", "tesseraqt.policy_narrowed"):
        results = apply({"tesseraqt": FLEET}, sls, test=True)
        assert {one["result"] for one in results.values()} <= {None, True}, results
        whole = sls in ("tesseraqt", "tesseraqt.policy")
        assert (WIRED in results) == whole


def test_salt_runs_narrowing_first_and_widening_after_the_qubes(apply, world):
    path = world.policy / "30-tesseraqt.policy"
    path.write_text("\n".join((*policy_rules.HEADER, ONE_Y, REST, "")))
    results = apply({"tesseraqt": OTHER}, test=True)
    order = sorted(results, key=lambda id_: results[id_]["__run_num__"])
    assert order.index(NARROWED) < min(
        order.index(f"tesseraqt/qube/{name}") for name in OTHER["qubes"]
    )
    assert order.index(WIRED) > max(
        order.index(f"tesseraqt/qube/{name}/restarted") for name in OTHER["qubes"]
    )
