# SPDX-License-Identifier: MIT
"""Trees as they are sent to roots, and what NixOS makes of them; nothing is built."""

import json
import os
import shutil
from pathlib import Path

import new_socat
import pytest
from deploying import Root, packed
from factory import Factory
from machines import NEEDED, Machine, Machines, document, fleet
from nix_evaluation import EVALUATE, FULL, MODULE, NIXOS, REPO, WIRED, Nix, golden
from played import Qube

HELLO = "{ pkgs, ... }: { environment.systemPackages = [ pkgs.hello ]; }\n"


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
            (tree / module).write_text(HELLO)
        return tree

    return plant


@pytest.fixture(scope="session")
def with_module(plant):
    """Makes the tree of a root with containers, and a module with this in it."""

    def with_module(text):
        tree = plant({**FULL, "root": {**FULL["root"], "modules": [MODULE]}})
        (tree / MODULE).write_text(f"{{ lib, pkgs, ... }}: {{ {text} }}\n")
        return tree

    return with_module


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


@pytest.fixture(scope="session")
def template(nixpkgs):
    """The root file system of a NixOS template, as nobody has deployed anything to it."""
    missing = [program for program in NEEDED if not shutil.which(program)]
    if missing:
        pytest.skip(f"nothing can boot: there is no {' and no '.join(missing)}")
    if os.geteuid() != 0:
        pytest.skip("nothing can boot: only root can start a container")
    return Factory(REPO / "build" / "nixos", nixpkgs).root()


@pytest.fixture(scope="session")
def deployed_root(template):
    """The same, with what tests/nixos/machine_fleet.yaml declares: deployed as to any template."""
    sent = packed(document(fleet()))
    kept = Machine(template.with_name(f"deployed-{template.name}-{sent.digest[:16]}"))
    if not (kept.place / "deployed").exists():
        for old in template.parent.glob("deployed-*"):
            Machine(old).discard()
        kept.install(template)
        kept.start()
        build_and_activate(Root(kept), sent)
        kept.halt()
        (kept.place / "deployed").touch()
    return kept.root


def build_and_activate(root, sent):
    """A tree is built in a root, and what boots next."""
    built = root.build(sent)
    assert built["code"] == "0", "\n".join(root.log[-40:])
    active = root.ask("activate", sent.digest, built["toplevel"], "3").values
    assert active["code"] == "0", "\n".join(root.log[-40:])


@pytest.fixture(scope="module")
def machines():
    """Machines that are gone after the tests of a file."""
    made = Machines()
    yield made
    made.close()
