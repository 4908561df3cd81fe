# SPDX-License-Identifier: MIT
"""The fixtures that the other functional tests stand on."""

import importlib

import pytest
import salt.exceptions


@pytest.mark.parametrize("time", ["first", "second"])
def test_each_test_has_a_dom0_of_its_own(world, time):
    qubesadmin = importlib.import_module("qubesadmin")
    app = qubesadmin.Qubes()
    app.add_new_vm("AppVM", "only-here", "red")
    assert "only-here" in world.qubes()


def test_a_module_sees_the_declared_pillar_and_no_other(declare):
    pillar = declare({"colour": "red"}).modules.pillar.items()
    assert {key for key in pillar if key != "master"} == {"colour"}


def test_a_state_answers_result_changes_and_comment(states, tmp_path):
    answer = states.file.managed(str(tmp_path / "new"), contents="x", test=True)
    assert answer.result is None
    assert answer.changes
    assert not (tmp_path / "new").exists()


def test_apply_answers_by_state_id(apply, minion_opts, tmp_path):
    (tmp_path / "small.sls").write_text(
        "small-{{ pillar.colour }}:\n  test.succeed_with_changes: []\n"
    )
    minion_opts["file_roots"]["base"].append(str(tmp_path))
    assert apply({"colour": "red"}, "small")["small-red"]["result"] is True
    assert apply({"colour": "blue"}, "small", test=True)["small-blue"]["result"] is None


def test_apply_raises_what_salt_says_about_broken_sls(apply):
    with pytest.raises(salt.exceptions.SaltRenderError, match="No matching sls found for 'nosuch'"):
        apply({}, "nosuch")
