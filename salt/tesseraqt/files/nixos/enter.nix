# SPDX-License-Identifier: MIT
# `tesseraqt-enter`: the way into a container that `nixos-container root-login` is not.
{ config, lib, pkgs, ... }:
let
  names = lib.concatStringsSep " " (lib.attrNames config.tesseraqt.containers);
in
{
  config = lib.mkIf (names != "") {
    environment.systemPackages = [
      (pkgs.writeShellScriptBin "tesseraqt-enter" ''
        names=${lib.escapeShellArg names}
        ${builtins.readFile ./enter.sh}
      '')
    ];
  };
}
