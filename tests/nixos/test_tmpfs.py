# SPDX-License-Identifier: MIT
"""What a container has in memory is of a declared size, and none of it is in /run of the qube."""

import re

import pytest

#: Half of the memory that they may have: of the default, and of 512 MiB.
SIZES = {"keys": 2**29, "postgres": 2**28}


@pytest.mark.parametrize("name", SIZES)
def test_what_it_has_in_memory_holds_half_of_its_memory(full, name):
    bounded = f"size={SIZES[name]},nr_inodes={SIZES[name] // 4096}"
    for path in ("/tmp", "/dev/shm"):
        assert f"--tmpfs={path}:mode=1777,{bounded}" in full["starts"][name]
    mount = f"mount -t tmpfs -o mode=0700,{bounded} tesseraqt-{name} /run/tesseraqt/roots/{name}"
    assert mount in full["prepares"][name]


@pytest.mark.parametrize("name", SIZES)
def test_its_root_and_the_copy_beside_it_are_in_that(full, name):
    [root] = re.findall('^Environment="root=(.*)"$', unit(full, name), re.M)
    assert root == f"/run/tesseraqt/roots/{name}/root"


@pytest.mark.parametrize(
    ("limits", "size"),
    [
        ({"tmpfs": 64 * 2**20}, 64 * 2**20),
        ({"tmpfs": 2**30, "memory": 2**30}, 2**30),
        ({"memory": None}, 2**29),
        ({"memory": 2**31}, 2**30),
    ],
)
def test_a_declared_size_counts_and_none_is_unlimited(nix, nixpkgs, plant, limits, size):
    expression = nix.place / "size.nix"
    expression.write_text(SIZE)
    tree = plant({"containers": {"web": {"limits": limits}}})
    [said] = nix.evaluate(expression, nixpkgs=nixpkgs, tree=tree)
    assert said == f"/dev/shm:mode=1777,size={size},nr_inodes={max(16384, size // 4096)}"


def unit(root, name):
    return root["units"][f"container@{name}.service"]["text"]


#: Without a NixOS: the options, and what one module makes of them.
SIZE = """
{ nixpkgs, tree }:
let
  lib = import (nixpkgs + "/lib");
  any = lib.mkOption { type = lib.types.attrsOf lib.types.unspecified; default = { }; };
  made = lib.evalModules {
    specialArgs.pkgs.util-linux = "";
    modules = [
      (tree + "/nixos/options.nix")
      (tree + "/nixos/tmpfs.nix")
      {
        options = { containers = any; systemd.services = any; users.groups = any; };
        config.tesseraqt = lib.importJSON (tree + "/system.json");
      }
    ];
  };
in
lib.filter (lib.hasPrefix "/dev/shm") made.config.containers.web.tmpfs
"""
