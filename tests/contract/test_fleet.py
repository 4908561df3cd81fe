# SPDX-License-Identifier: MIT
"""A whole fleet, through Salt, by whichever dom0 answers: it converges, stays, and comes back."""

import json
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).parent.parent
sys.path[:0] = [str(TESTS / "functional"), str(TESTS.parent / "tools")]

import rich_fleet  # noqa: E402
import simulated_dom0  # noqa: E402


@pytest.fixture
def call(app, tmp_path):
    """``call("state.apply", …)``: what Salt answers in this dom0, where the fleet is declared."""
    pillar = simulated_dom0.write_pillar(
        tmp_path / "pillar", {"dom0": {"tesseraqt": rich_fleet.FLEET}}
    )
    config = simulated_dom0.write_config(tmp_path / "minion", pillar)
    simulated_dom0.salt_call(config, "saltutil.sync_all", capture_output=True)

    def run(*arguments):
        options = {"capture_output": True, "text": True}
        ended = simulated_dom0.salt_call(config, *arguments, "--out=json", **options)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return json.loads(ended.stdout)["local"]

    return run


def changes(answer):
    """What changed, by the ID of the state."""
    return {one["__id__"]: one["changes"] for one in answer.values() if one["changes"]}


def test_one_apply_gets_there_as_foretold_and_the_next_does_nothing(call):
    foretold = changes(call("state.apply", "tesseraqt", "test=True"))
    assert foretold
    assert changes(call("state.apply", "tesseraqt")) == foretold
    assert changes(call("state.apply", "tesseraqt")) == {}
    assert call("tesseraqt.plan") == {}


def test_what_drifted_comes_back(call, tool):
    call("state.apply", "tesseraqt")
    for argv in (
        ("qvm_prefs", "--", "worker", "memory", "777"),
        ("qvm_prefs", "--default", "--", "worker", "netvm"),
        ("qvm_features", "--", "worker", "x-once", "again"),
        ("qvm_service", "--disable", "--", "worker", "cups"),
        ("qvm_tags", "--", "worker", "del", "now"),
        ("qvm_volume", "config", "--", "worker:private", "revisions_to_keep", "1"),
        ("qvm_prefs", "--", "shown", "label", "red"),
        ("qvm_prefs", "--default", "--", "dvm-2", "default_dispvm"),
    ):
        assert tool(*argv).rc == 0, argv
    assert sorted(changes(call("state.apply", "tesseraqt"))) == [
        *("tesseraqt/qube/dvm-2", "tesseraqt/qube/shown", "tesseraqt/qube/worker")
    ]
    assert call("tesseraqt.plan") == {}
