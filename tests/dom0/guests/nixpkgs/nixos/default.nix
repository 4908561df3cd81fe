# SPDX-License-Identifier: MIT
# What `<nixpkgs/nixos>` is to nix-build.
{
  configuration ? import <nixos-config>,
}:
let
  evaluated = import ./eval.nix { modules = [ configuration ]; };
in
{
  inherit (evaluated) config;
  system = evaluated.config.system.build.toplevel;
}
