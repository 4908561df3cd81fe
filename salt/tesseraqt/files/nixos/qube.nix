# SPDX-License-Identifier: MIT
# The NixOS of the qube itself: what is declared for it, on top of what its template has.
# `root` is what the document says, for what is imported cannot depend on an option.
root:
{ config, lib, pkgs, ... }:
let
  place = "tesseraqt.root";
  inherit (config.tesseraqt.root) packages provides consumes;
  units = import ./units.nix { inherit lib; };
in
{
  imports = import ./modules.nix { inherit lib place; } root ++ [
    (import ./endpoints.nix {
      party = "qube";
      inherit provides consumes;
      callers = { SocketGroup = config.tesseraqt.people; SocketMode = "0660"; };
      unitConfig = units.gated config.tesseraqt.root;
    })
  ];

  environment.systemPackages = map (import ./packages.nix { inherit lib pkgs place; }) packages;
}
