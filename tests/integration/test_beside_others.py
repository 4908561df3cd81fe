# SPDX-License-Identifier: MIT
"""Inside somebody else's setup: their SLS, their modules, their roots, beside ours."""

import simulated_dom0

THEIRS = """
site-template:
  test.nop: []

work:
  tesseraqt.present:
    - template: nixos
    - label: blue
    - prefs:
        memory: 600
    - require:
      - test: site-template

after:
  test.nop:
    - onchanges:
      - tesseraqt: work

broken:
  tesseraqt.present:
    - template: no-such-template
    - label: red

dependant:
  tesseraqt.present:
    - template: nixos
    - label: red
    - require:
      - tesseraqt: broken
"""
MODULE = """def hello():
    return "theirs"
"""


def set_up(directory):
    """Salt roots of a user who has modules and states of their own in base."""
    config = simulated_dom0.write_config(directory)
    base = directory / "srv" / "salt"
    (base / "_modules").mkdir(parents=True)
    (base / "_modules" / "site.py").write_text(MODULE)
    (base / "site.sls").write_text(THEIRS)
    return config


def test_syncing_deletes_nothing_of_theirs(call, world, tmp_path):
    config = set_up(tmp_path)
    for _ in range(2):
        assert call(config, "saltutil.sync_all").rc == 0
        assert call(config, "site.hello").json == "theirs"
        assert call(config, "sys.list_functions", "tesseraqt").json


def test_our_states_take_their_requisites(call, world, tmp_path):
    config = set_up(tmp_path)
    assert call(config, "saltutil.sync_all").rc == 0
    ended = call(config, "state.apply", "site")
    results = {key.split("_|-")[1]: state for key, state in ended.json.items()}
    assert ended.rc == 2
    assert results["work"]["result"] is True
    assert results["work"]["changes"]["prefs.memory"] == {"old": None, "new": "600"}
    assert results["after"]["result"] is True
    assert results["broken"]["result"] is False
    assert "no-such-template" in results["broken"]["comment"]
    assert results["dependant"]["result"] is False
    assert "requisite failed" in results["dependant"]["comment"]
    made = world.snapshot()["qubes"]
    assert "work" in made and "broken" not in made and "dependant" not in made


def test_their_second_run_changes_nothing_of_ours(call, world, tmp_path):
    config = set_up(tmp_path)
    assert call(config, "saltutil.sync_all").rc == 0
    call(config, "state.apply", "site")
    world.forget_calls()
    ended = call(config, "state.apply", "site")
    results = {key.split("_|-")[1]: state for key, state in ended.json.items()}
    assert results["work"]["result"] is True and results["work"]["changes"] == {}
    assert all(call["dest"] != "work" for call in world.writes())
