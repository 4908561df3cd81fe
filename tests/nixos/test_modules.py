# SPDX-License-Identifier: MIT
"""Option data and modules of the user's own: what is wrong in them is told with its container."""

from nix_evaluation import NIXOS, refusal
from tesseraqt_lib.roots import system_json


def test_an_option_that_is_not_there_is_told_with_its_container(nix, nixpkgs, plant):
    said = refusal(nix, nixpkgs, plant, {"config": {"services.nginxx.enable": True}}, "toplevel")
    assert "containers.web.services.nginxx" in said
    assert "tesseraqt.containers.web.config" in said


def test_option_data_cannot_import(nix, nixpkgs, plant):
    said = refusal(nix, nixpkgs, plant, {"config": {"imports": ["/etc/passwd"]}}, "toplevel")
    assert "containers.web.imports" in said
    assert "does not exist" in said


def test_a_module_of_the_tree_is_named_as_the_assertions_want_it():
    assert system_json.module("salt://x.nix").startswith("modules/")
    assert 'module = "modules/[0-9a-f]+-' in (NIXOS / "patterns.nix").read_text()
