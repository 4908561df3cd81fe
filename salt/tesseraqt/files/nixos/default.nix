# SPDX-License-Identifier: MIT
# What dom0 declares for this root, and everything that makes it so.
{ lib, ... }:
let
  document = lib.importJSON ../system.json;
  # Systems of containers that are in the store already; see evaluate-containers.sh.
  built = ../built.json;
in
{
  imports = [
    ./options.nix
    ./assertions.nix
    ./untouched.nix
    ./container.nix
    ./hardening.nix
    ./network.nix
    ./tmpfs.nix
    ./state.nix
    ./display.nix
    ./desktop.nix
    ./api.nix
    ./slot.nix
    ./enter.nix
    (import ./qube.nix (document.root or { }))
  ];

  tesseraqt = lib.mkMerge [
    document
    (lib.mkIf (builtins.pathExists built) { built = lib.importJSON built; })
  ];
}
