# SPDX-License-Identifier: MIT
"""The NixOS in a container has what is declared for it, and is a small one otherwise."""

import pytest
from nix_evaluation import EVALUATE, EvaluationError, golden


def test_users_packages_modules_and_options_come_in(full):
    guests = full["guests"]
    alice = {"uid": 1000, "home": "/home/alice", "extraGroups": ["mail"]}
    assert guests["keys"]["users"]["alice"] == alice
    assert set(guests["keys"]["users"]) == {"alice", "bob"}
    assert {"git", "requests"} <= {name.rpartition("-")[2] for name in guests["mail"]["packages"]}
    assert "hello" in guests["postgres"]["packages"]
    assert "db.example" in guests["postgres"]["hosts"]
    assert all(guest["stateVersion"] == "24.11" for guest in guests.values())
    assert not any(guest["documentation"] for guest in guests.values())


def test_what_a_container_cannot_use_it_does_not_have(full):
    assert [full["guests"][name]["nix"] for name in ("keys", "postgres")] == [False, True]
    assert [full["guests"][name]["sudo"] for name in ("keys", "mail")] == [False, True]
    assert not full["guests"]["keys"]["firewall"]


def test_a_pinned_container_is_evaluated_with_its_own_nixpkgs(nix, nixpkgs, plant):
    with pytest.raises(EvaluationError, match=r"https://example\.com/nixpkgs\.tar\.gz"):
        nix.evaluate(
            EVALUATE, "guests.shell.toplevel", nixpkgs=nixpkgs, tree=plant(golden("full-alone"))
        )
