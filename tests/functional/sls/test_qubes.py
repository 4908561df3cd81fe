# SPDX-License-Identifier: MIT
"""One qube that fails stops nobody but those that need it."""

import json

import pytest
import simulated_dom0

FLEET = {
    "nixos_only": "off",
    "qubes": {
        "broken": {"template": "nixos", "label": "red", "prefs": {"provides_network": True}},
        "needs-it": {"template": "nixos", "label": "red", "prefs": {"netvm": "broken"}},
        "needs-that": {"template": "nixos", "label": "red", "prefs": {"netvm": "beside"}},
        "beside": {
            "template": "nixos",
            "label": "red",
            "prefs": {"netvm": "broken", "provides_network": True},
        },
        "alone": {"template": "nixos", "label": "blue", "running": True},
    },
    "globals": {"stats_interval": 5},
}


@pytest.fixture
def results(world, apply):
    """What each state of the fleet answers when one of its qubes cannot be made."""
    world.inject("fail", at=2, method=r"Create", dest="dom0", message="no space left")
    return apply({"tesseraqt": FLEET})


def test_the_others_are_made(world, results):
    assert {"alone", "broken"} & set(world.qubes()) == {"alone"}
    assert world.qube("alone")["power"] == "Running"
    assert results["tesseraqt/qube/alone"]["result"] is True
    assert results["tesseraqt/globals"]["result"] is True


def test_the_broken_one_says_why(results):
    assert results["tesseraqt/qube/broken"]["result"] is False
    assert "qvm-create" in results["tesseraqt/qube/broken"]["comment"]
    assert "no space left" in results["tesseraqt/qube/broken"]["comment"]
    assert results["tesseraqt/qube/broken"]["changes"] == {}


def test_those_that_need_it_are_skipped_and_say_for_which(world, results):
    for name, needed in {"needs-it": "broken", "beside": "broken", "needs-that": "beside"}.items():
        assert name not in world.qubes()
        answer = results[f"tesseraqt/qube/{name}"]
        assert answer["result"] is False
        assert answer["changes"] == {}
        assert f"tesseraqt/qube/{needed}" in answer["comment"]


def test_the_exit_code_says_that_something_failed(world, tmp_path):
    root = simulated_dom0.write_pillar(tmp_path / "pillar", {"dom0": {"tesseraqt": FLEET}})
    config = simulated_dom0.write_config(tmp_path / "minion", root)
    simulated_dom0.salt_call(config, "saltutil.sync_all", capture_output=True)
    world.inject("fail", at=2, method=r"Create", dest="dom0", message="no space left")
    broken = simulated_dom0.salt_call(
        config, "state.apply", "tesseraqt", "--out=json", capture_output=True, text=True
    )
    assert broken.returncode != 0
    assert "Traceback" not in broken.stdout + broken.stderr
    answers = json.loads(broken.stdout)["local"]
    assert sum(one["result"] is False for one in answers.values()) == 4
    whole = simulated_dom0.salt_call(config, "state.apply", "tesseraqt", capture_output=True)
    assert whole.returncode == 0
    assert set(FLEET["qubes"]) <= set(world.qubes())


def test_a_plan_says_what_would_be_skipped_and_why(world, minion):
    minion.single(world, "present", "broken", template="nixos", label="red")
    broken = {**FLEET["qubes"]["broken"], "volumes": {"private": "1GiB"}}
    declared = {**FLEET, "qubes": {**FLEET["qubes"], "broken": broken}}
    planned = minion.call(world, declared, "tesseraqt.plan")
    assert "cannot shrink" in planned["tesseraqt/qube/broken"]["refused"][0]
    assert planned["tesseraqt/qube/needs-it"] == {"skipped": ["requires tesseraqt/qube/broken"]}
    assert planned["tesseraqt/qube/needs-that"] == {"skipped": ["requires tesseraqt/qube/beside"]}
    assert planned["tesseraqt/qube/alone"]["steps"]


#: Legal names of qubes that are words of ours, or were IDs of states once.
CONFUSING = (
    *("absent", "declaration", "globals", "lock", "policy", "policy-narrowed", "qube", "root"),
    *("systems-turns", "tesseraqt", "tesseraqt-policy", "work", "work-running", "work-later"),
)


def test_qubes_may_be_called_like_states_of_ours(world, apply):
    """Through Salt's own compiler: it would refuse IDs that conflict, or requisites in a ring."""
    qube = {"template": "nixos", "label": "red", "running": False}
    wired = {"containers": {"web": {"db": "globals/db.sql"}}, "restart": "when_needed"}
    containers = {"web": {"consumes": {"db": {}}}, "db": {"provides": {"sql": {"tcp": 5432}}}}
    fleet = {
        "templates": {"nixos": {"os": "nixos", "adopt": True}},
        "containers": containers,
        "qubes": {
            **dict.fromkeys(CONFUSING, qube),
            "policy": {**qube, **wired},
            "globals": {**qube, "containers": ["db"]},
        },
        "globals": {"stats_interval": 5},
    }
    results = apply({"tesseraqt": fleet}, test=True)
    assert {id_ for id_, one in results.items() if one["result"] is False} == set()
    assert {f"tesseraqt/qube/{name}" for name in CONFUSING} <= results.keys()
    assert {"tesseraqt/globals", "tesseraqt/policy", "tesseraqt/root/nixos"} <= results.keys()
    assert world.writes() == []
