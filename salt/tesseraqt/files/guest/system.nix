# SPDX-License-Identifier: MIT
# The system of the root, with ours on top of its own configuration; for `kind` and `name` see build.sh.
{ kind, name ? "auto" }:
let
  root =
    if kind == "flake" then
      import ./flake-root.nix { inherit name; }
    else
      import <nixpkgs/nixos> { configuration = ./root.nix; };
in
(import ./nixos/refused.nix root).toplevel
