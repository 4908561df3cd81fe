# SPDX-License-Identifier: MIT
"""Each container is evaluated alone, and only if something that it is made from has changed."""

import json
import os
import subprocess

import pytest
from nix_evaluation import EVALUATE, NIXOS, golden


def test_what_is_in_the_store_already_is_not_evaluated(nix, nixpkgs, plant, tmp_path):
    """The pin would have to be fetched, if anything asked for it."""
    (tmp_path / "system").mkdir()
    system = nix.add(tmp_path / "system")
    tree = plant(golden("full-alone"))
    (tree / "built.json").write_text(json.dumps({"shell": system}))
    root = nix.evaluate(EVALUATE, nixpkgs=nixpkgs, tree=tree)
    assert f"SYSTEM_PATH={system}\n" in root["confs"]["shell"]
    assert root["guests"] == {}
    assert root["toplevel"].endswith(".drv")


DOCUMENT = {
    "containers": {"db": {"modules": ["modules/00000000-m.nix"]}, "web": {"packages": ["hello"]}}
}


@pytest.fixture
def root(nix, plant, tmp_path):
    """A tree, and a nix-build that only says for which container it was asked."""
    tree = plant(DOCUMENT)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "nix-build").write_text(
        "#!/bin/sh\n"
        "while [ $# -gt 0 ]; do\n"
        "  case $1 in -A) name=$2 ;; --out-link) link=$2 ;; esac; shift\n"
        "done\n"
        f'echo "$name" >> {tmp_path}/asked\n'
        f"[ ! -e {tmp_path}/broken ] || exit 100\n"
        f'mkdir -p {tmp_path}/store/$name && ln -sfn {tmp_path}/store/$name "$link"\n'
    )
    (programs / "nix-build").chmod(0o755)
    script = (NIXOS / "evaluate-containers.sh").read_text()
    script = script.replace("/nix/var/nix/gcroots", f"{tmp_path}/gcroots")
    script = script.replace("/etc/nixos", f"{tmp_path}/own")
    (tree / "nixos" / "evaluate-containers.sh").write_text(script)
    (tmp_path / "own").mkdir()
    return Root(nix, tree, tmp_path)


class Root:
    """Where evaluate-containers.sh is run."""

    def __init__(self, nix, tree, place):
        self.nix, self.tree, self.place = nix, tree, place

    def build(self):
        """The code it ended with, and the containers that were evaluated."""
        asked = self.place / "asked"
        asked.write_text("")
        env = {**self.nix.env, "PATH": f"{self.place / 'bin'}:{os.environ['PATH']}"}
        argv = ["sh", self.tree / "nixos" / "evaluate-containers.sh", self.tree, "flake", "mine"]
        code = subprocess.run(argv, env=env, check=False).returncode
        return code, asked.read_text().split()

    def built(self):
        return json.loads((self.tree / "built.json").read_text())

    def declare(self, **containers):
        (self.tree / "system.json").write_text(json.dumps({"containers": containers}))


def test_each_container_is_evaluated_alone_and_then_known(root):
    assert root.build() == (0, ["db", "web"])
    assert root.built() == {name: f"{root.place}/store/{name}" for name in ("db", "web")}


def test_what_did_not_change_is_not_evaluated_again(root):
    root.build()
    assert root.build() == (0, [])
    root.declare(**{**DOCUMENT["containers"], "web": {"packages": ["git"]}})
    assert root.build() == (0, ["web"])


def test_another_text_of_a_module_is_evaluated(root):
    root.build()
    (root.tree / "modules" / "00000000-m.nix").write_text("{ }")
    assert root.build() == (0, ["db"])


def test_what_is_declared_of_the_qube_itself_may_change_every_container(root):
    root.build()
    declared = {"config": {"nixpkgs.hostPlatform": "aarch64-linux"}}
    (root.tree / "system.json").write_text(json.dumps({**DOCUMENT, "root": declared}))
    assert root.build() == (0, ["db", "web"])
    (root.tree / "system.json").write_text(
        json.dumps({**DOCUMENT, "root": {**declared, "packages": ["hello"]}})
    )
    assert root.build() == (0, [])


@pytest.mark.parametrize(
    "name", ["container-config.nix", "endpoints.nix", "modules.nix", "units.nix"]
)
def test_another_text_of_a_file_of_ours_is_evaluated(root, name):
    root.build()
    file = root.tree / "nixos" / name
    file.write_text(file.read_text() + "# another\n")
    assert root.build() == (0, ["db", "web"])


def test_another_way_to_the_configuration_of_the_root_is_evaluated(root):
    (root.tree / "root.nix").write_text("{ }")
    root.build()
    (root.tree / "root.nix").write_text("{ imports = [ ./nixos ]; }")
    assert root.build() == (0, ["db", "web"])


def test_another_configuration_of_the_root_is_evaluated(root):
    root.build()
    (root.place / "own" / "flake.lock").write_text("{}")
    assert root.build() == (0, ["db", "web"])


def test_what_was_built_last_is_no_part_of_the_configuration(root, tmp_path):
    (tmp_path / "own" / "configuration.nix").write_text("{ }")
    root.build()
    for name in ("one", "another"):
        system = root.nix.add(tmp_path / "own")
        (tmp_path / "own" / "result").unlink(missing_ok=True)
        (tmp_path / "own" / "result").symlink_to(f"{system}-{name}")
        assert root.build() == (0, [])


def test_what_a_link_of_the_configuration_leads_to_is(root, tmp_path):
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / "own" / "mine").symlink_to(tmp_path / "dotfiles")
    for text in ("{ }", "{ a = 1; }"):
        (tmp_path / "dotfiles" / "configuration.nix").write_text(text)
        assert root.build() == (0, ["db", "web"])
        assert root.build() == (0, [])
    for target in ("a", "b"):
        # Not looked into, be it large: its name tells what is in there.
        (tmp_path / "own" / "stored").unlink(missing_ok=True)
        (tmp_path / "own" / "stored").symlink_to(f"/nix/store/{target}")
        assert root.build() == (0, ["db", "web"])
        assert root.build() == (0, [])


def test_a_failed_build_ends_as_nix_does_and_leaves_no_word_of_success(root):
    (root.place / "broken").touch()
    assert root.build() == (100, ["db"])
    assert not (root.tree / "built.json").exists()
    (root.place / "broken").unlink()
    assert root.build() == (0, ["db", "web"])


def test_what_is_not_declared_any_more_is_let_go(root):
    root.build()
    root.declare(db=DOCUMENT["containers"]["db"])
    root.build()
    links = [path.name for path in (root.place / "gcroots" / "tesseraqt").iterdir()]
    assert [name.split("-")[0] for name in links] == ["db"]
    assert list(root.built()) == ["db"]
