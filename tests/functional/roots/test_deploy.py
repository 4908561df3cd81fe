# SPDX-License-Identifier: MIT
"""Roots get their declared systems: built, booted next, recorded, and left as they were found."""

import re

import pytest
from nixos_root import SYSTEM


def changed(**containers):
    """The system with these containers besides, or instead."""
    return {"containers": SYSTEM["containers"] | containers}


def test_a_root_builds_its_system_boots_it_next_and_is_off_again(root, states):
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert answer.result is True, answer.comment
    assert root.boots() == SYSTEM["containers"]
    assert root.builds() == ["db", "nixos-system", "web"]
    assert root.power() == "Halted"
    assert root.feature("x-tesseraqt-system") == answer.changes["system"]["new"]


def test_what_a_root_has_in_etc_nixos_stays_as_it_is(root, states):
    place = root.files / "etc" / "nixos"

    def held():
        return {path: path.is_file() and path.read_bytes() for path in place.rglob("*")}

    assert states.tesseraqt.deployed(str(root), system=SYSTEM).result is True
    before = held()
    new = changed(web={"packages": ["caddy"]})
    assert states.tesseraqt.deployed(str(root), system=new).result is True
    assert held() == before != {}


def test_what_is_deployed_already_starts_nothing_and_costs_one_question(world, root, states):
    states.tesseraqt.deployed(str(root), system=SYSTEM)
    world.forget_calls()
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert (answer.result, answer.changes) == (True, {})
    assert world.writes() == []
    assert "admin.vm.Start" not in {call["method"] for call in world.calls()}


def test_only_what_changed_is_built(root, states):
    states.tesseraqt.deployed(str(root), system=SYSTEM)
    new = changed(web={"packages": ["caddy"]})
    answer = states.tesseraqt.deployed(str(root), system=new)
    assert answer.result is True, answer.comment
    assert root.boots() == new["containers"]
    assert root.builds() == ["db", "nixos-system", "nixos-system", "web", "web"]
    assert root.trees() == [answer.changes["system"]["new"]]


def test_a_root_that_was_on_stays_on_and_runs_what_it_ran(world, root, states):
    world.power(str(root), "Running")
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert answer.result is True, answer.comment
    assert root.power() == "Running"
    assert root.boots() == SYSTEM["containers"]


def test_a_test_run_says_what_would_be_and_starts_nothing(world, root, states):
    world.forget_calls()
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM, test=True)
    assert answer.result is None
    assert world.writes() == []
    real = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert real.changes == answer.changes
    again = states.tesseraqt.deployed(str(root), system=SYSTEM, test=True)
    assert (again.result, again.changes) == (True, {})


def test_a_test_run_foretells_a_root_that_is_not_there_yet(root, states):
    assert states.tesseraqt.deployed("not-yet", system=SYSTEM, test=True).result is None
    answer = states.tesseraqt.deployed("not-yet", system=SYSTEM)
    assert (answer.result, answer.comment) == (False, "not-yet does not exist")


def test_somebody_elses_template_is_not_touched(world, root, states):
    world.add_qube("other", "TemplateVM", label="black")
    assert states.tesseraqt.deployed("other", system=SYSTEM, test=True).result is False
    answer = states.tesseraqt.deployed("other", system=SYSTEM)
    assert (answer.result, answer.changes) == (False, {})
    assert "other is not tesseraqt's: declare it with `adopt: true`" in answer.comment
    assert world.qube("other")["power"] == "Halted"


def test_an_agent_that_comes_late_is_waited_for(root, states):
    root.behave("late 2")
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert answer.result is True, answer.comment


def test_a_flake_is_built_on_and_left_as_it_is(root, states):
    states.tesseraqt.deployed(str(root), system=SYSTEM)
    flake = root.files / "etc" / "nixos" / "flake.nix"
    flake.write_text(
        "{ outputs = { self }: { nixosConfigurations.mine = import /var/nixpkgs/nixos/eval.nix"
        " { modules = [ { standIn.label = ''from the flake''; } ]; }; }; }\n"
    )
    before = sorted((path.name, path.read_bytes()) for path in flake.parent.iterdir())
    new = changed(web={"packages": ["caddy"]})
    answer = states.tesseraqt.deployed(str(root), system=new)
    assert answer.result is True, answer.comment
    assert root.boots() == new["containers"]
    assert sorted((path.name, path.read_bytes()) for path in flake.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("does-not-evaluate", "build: its configuration does not evaluate"),
        ("does-not-build", "build: something does not build"),
        ("hash-differs", "build: a download has not the declared hash"),
        ("does-not-boot", "activate: its boot entry could not be written"),
    ],
)
def test_each_way_to_fail_is_told_with_the_log_and_changes_nothing(root, states, word, said):
    states.tesseraqt.deployed(str(root), system=SYSTEM)
    deployed = root.feature("x-tesseraqt-system")
    answer = states.tesseraqt.deployed(str(root), system=changed(bad={"packages": [word]}))
    assert (answer.result, answer.changes) == (False, {})
    assert answer.comment.startswith(f"nixos: {said}")
    assert re.search("^nixos: (error|the boot|building)", answer.comment, re.MULTILINE)
    assert re.fullmatch(r"[\x20-\x7e\n]*", answer.comment)
    assert root.boots() == SYSTEM["containers"]
    assert root.feature("x-tesseraqt-system") == deployed
    assert root.power() == "Halted"


def test_what_failed_is_tried_again_and_leaves_no_trace(root, states):
    states.tesseraqt.deployed(str(root), system=changed(bad={"packages": ["does-not-build"]}))
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert answer.result is True, answer.comment
    assert root.boots() == SYSTEM["containers"]
    assert root.trees() == [answer.changes["system"]["new"]]


def test_a_user_configuration_that_is_broken_is_told(root, states):
    states.tesseraqt.deployed(str(root), system=SYSTEM)
    root.configure("{ this is no nix }\n")
    answer = states.tesseraqt.deployed(str(root), system=changed(new={}))
    assert "its configuration does not evaluate" in answer.comment
    assert "syntax error" in answer.comment


def test_a_full_disk_is_told_before_anything_is_sent(root, states, monkeypatch):
    monkeypatch.setattr("tesseraqt_lib.roots.failures.LEAST_FREE", 1 << 50)
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert answer.result is False
    assert answer.comment.endswith("MiB are free in it: grow its root volume")
    assert root.trees() == []


def test_the_log_of_a_root_is_kept_printable_and_small(root, states, minion_opts, monkeypatch):
    monkeypatch.setattr("tesseraqt_lib.guest.log.LIMIT", 2000)
    for number in range(2):
        states.tesseraqt.deployed(str(root), system=changed(more={"memory": number}))
    log = (root.notes / "logs" / "nixos.log").read_bytes()
    assert re.fullmatch(rb"[\x20-\x7e\n]*", log)
    assert log.splitlines()[-1].endswith(b"dom0: nixos: shutting down")
    assert 500 < len(log) <= 2000
