# SPDX-License-Identifier: MIT
# What dom0 declares for this root, and everything that makes it so.
{ lib, ... }:
let
  document = lib.importJSON ../system.json;
  # Systems of containers that are in the store already; see guests.sh.
  built = ../built.json;
in
{
  imports = [
    ./assertions.nix
    ./consumes.nix
    ./containers.nix
    ./desktop.nix
    ./enter.nix
    ./hardening.nix
    ./options.nix
    ./provides.nix
    ./state.nix
    (import ./root.nix (document.root or { }))
  ];

  tesseraqt = lib.mkMerge [
    document
    (lib.mkIf (builtins.pathExists built) { built = lib.importJSON built; })
  ];
}
