# SPDX-License-Identifier: MIT
"""What is refused of a root is refused, whatever a module of it says of assertions."""

import re

import pytest
from nix_evaluation import EVALUATE, MODULE, NIXOS, EvaluationError

FLAG = 'containers.web.extraFlags = [ "--capability=all" ];'
#: What a module does to have nobody refuse what else it says, and where that is told.
SILENCED = {
    "all assertions are overridden": ("config.assertions = lib.mkForce [ ];", "assertions"),
    "with any strength": ("config.assertions = lib.mkOverride 0 [ ];", "assertions"),
    "assertions are declared once more": (
        "options.assertions = lib.mkOption { apply = _: [ ]; };",
        "assertions",
    ),
    "the module that refuses is disabled": (
        "disabledModules = [ ../nixos/untouched.nix ];",
        "containers.web",
    ),
}


@pytest.fixture
def said(nix, nixpkgs, with_module):
    """What is said to a root with this in a module, as dom0 reads it in the log of its build."""

    def said(text):
        with pytest.raises(EvaluationError) as refused:
            nix.evaluate(EVALUATE, "toplevel", nixpkgs=nixpkgs, tree=with_module(text))
        return re.sub(r"\x1b\[[0-9;]*m", "", str(refused.value))

    return said


@pytest.mark.parametrize(("silence", "where"), SILENCED.values(), ids=SILENCED)
def test_no_priority_of_a_module_turns_a_refusal_off(said, silence, where):
    lines = [line.strip() for line in said(f"config.{FLAG} {silence}").splitlines()]
    for at in (where, "containers.web"):
        assert any(line.startswith(f"- {at}: ") and MODULE in line for line in lines), lines


def test_nor_do_all_of_tesseraqts_modules_go(said):
    assert "disables those of tesseraqt" in said("disabledModules = [ ../nixos ];")


def test_nor_does_one_of_those_that_confine_a_container(said):
    told = said("disabledModules = [ ../nixos/hardening.nix ../nixos/state.nix ];")
    for part in ("hardening", "state"):
        assert f"- disabledModules: takes away {part}.nix, which makes the containers db" in told


def test_of_all_modules_the_few_others_confine_nothing():
    imported = set(re.findall(r"\./([a-z]+)\.nix$", (NIXOS / "default.nix").read_text(), re.M))
    [parts] = re.findall(r"parts = \[(.*)\];", (NIXOS / "touched.nix").read_text())
    assert imported - set(re.findall("[a-z]+", parts)) == {"options", "untouched", "enter"}


def test_nor_is_another_system_built_in_its_place(said):
    assert "read-only" in said("system.build.toplevel = lib.mkForce pkgs.hello;")


@pytest.mark.parametrize("option", ["services", "sockets", "units"])
def test_nor_are_all_units_of_tesseraqts_overridden(nix, nixpkgs, with_module, option):
    tree = with_module(f"systemd.{option} = lib.mkForce {{ }};")
    failed = nix.evaluate(EVALUATE, "failed", nixpkgs=nixpkgs, tree=tree)
    [told] = [told for told in failed if told.startswith(f"systemd.{option}: ")]
    assert MODULE in told


def test_a_check_of_the_build_stays_whatever_becomes_of_the_checks(nix, nixpkgs, with_module):
    """NixOS has them built by a variable of the system, which a module can override."""
    tree = with_module(
        "systemd.packages = [ pkgs.hello ]; system.checks = lib.mkForce [ ];"
        ' system.systemBuilderArgs.passedChecks = lib.mkForce "";'
    )
    [check] = nix.evaluate(EVALUATE, "checks", nixpkgs=nixpkgs, tree=tree)
    assert check["name"].endswith("-tesseraqt-untouched.drv")


def test_a_root_without_containers_may_override_assertions(nix, nixpkgs, plant):
    tree = plant({"root": {"modules": [MODULE]}})
    (tree / MODULE).write_text("{ lib, ... }: { assertions = lib.mkForce [ ]; }\n")
    assert nix.evaluate(EVALUATE, "toplevel", nixpkgs=nixpkgs, tree=tree).endswith(".drv")
