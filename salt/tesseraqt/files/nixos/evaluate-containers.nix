# SPDX-License-Identifier: MIT
# The system of each container alone, for `nix-build -A NAME`: of the root's configuration
# only what names the containers is evaluated, and of the other containers nothing.
{ kind, name ? "auto" }:
let
  root =
    if kind == "flake" then
      import ../flake-root.nix { inherit name; }
    else
      import <nixpkgs/nixos> { configuration = ../root.nix; };
in
builtins.mapAttrs (container: _: root.config.containers.${container}.path) root.config.tesseraqt.containers
