# SPDX-License-Identifier: MIT
# What the assertions say to each of several sets of containers; all without a root.
{ nixpkgs, nixos, cases }:
let
  lib = import (nixpkgs + "/lib");
  evaluate = containers:
    lib.evalModules {
      modules = [
        (nixos + "/options.nix")
        (nixos + "/assertions.nix")
        { options.assertions = lib.mkOption { type = lib.types.listOf lib.types.unspecified; }; }
        { tesseraqt = { inherit containers; }; }
      ];
    };
in
map (containers: map (found: found.message) (evaluate containers).config.assertions)
  (builtins.fromJSON (builtins.readFile cases))
