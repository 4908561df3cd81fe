# SPDX-License-Identifier: MIT
"""Trees as they are sent to roots, and what NixOS makes of them; nothing is built."""

import json
import os
import shutil
from pathlib import Path

import new_socat
import pytest
from nix_evaluation import EVALUATE, NIXOS, WIRED, Nix, golden
from played import Qube

MODULE = "{ pkgs, ... }: { environment.systemPackages = [ pkgs.hello ]; }\n"


@pytest.fixture(scope="session")
def nix(tmp_path_factory):
    if not shutil.which("nix-instantiate"):
        pytest.skip("there is no nix-instantiate: install nix (Debian: nix-bin)")
    return Nix(tmp_path_factory.mktemp("nix"))


@pytest.fixture(scope="session")
def nixpkgs():
    """The nixpkgs to evaluate with."""
    path = os.environ.get("NIXPKGS")
    if not path:
        pytest.skip("only the syntax is checked: NIXPKGS does not say where a nixpkgs is")
    return Path(path)


@pytest.fixture(scope="session")
def plant(tmp_path_factory):
    """Makes the tree that a root gets with a document."""

    def plant(document):
        tree = tmp_path_factory.mktemp("tree")
        shutil.copytree(NIXOS, tree / "nixos")
        (tree / "system.json").write_text(json.dumps(document))
        (tree / "modules").mkdir()
        parties = [document.get("root", {}), *document.get("containers", {}).values()]
        for module in (module for party in parties for module in party.get("modules", ())):
            (tree / module).write_text(MODULE)
        return tree

    return plant


@pytest.fixture(scope="session")
def evaluated(nix, nixpkgs, plant):
    """What came of a document, evaluated once however many tests look at it."""
    known = {}

    def evaluated(document):
        key = json.dumps(document, sort_keys=True)
        if key not in known:
            known[key] = nix.evaluate(EVALUATE, nixpkgs=nixpkgs, tree=plant(document))
        return known[key]

    return evaluated


@pytest.fixture(scope="session")
def full(evaluated):
    return evaluated(golden("full-nixos"))


@pytest.fixture(scope="session")
def wired(evaluated):
    return evaluated(WIRED)


@pytest.fixture
def qube(tmp_path):
    """A qube with the scripts of wires, in which nothing else runs."""
    if reason := new_socat.missing("systemd-socket-activate"):
        pytest.skip(reason)
    played = Qube(tmp_path)
    yield played
    played.close()
