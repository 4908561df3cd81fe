# SPDX-License-Identifier: MIT
# What the assertions say to each of several documents; all without a NixOS.
{ nixpkgs, nixos, cases }:
let
  lib = import (nixpkgs + "/lib");
  evaluate = document:
    lib.evalModules {
      modules = [
        (nixos + "/options.nix")
        (nixos + "/assertions.nix")
        { options.assertions = lib.mkOption { type = lib.types.listOf lib.types.unspecified; }; }
        { tesseraqt = document; }
      ];
    };
in
map (document: map (found: found.message) (evaluate document).config.assertions)
  (builtins.fromJSON (builtins.readFile cases))
