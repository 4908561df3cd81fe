# SPDX-License-Identifier: MIT
# The NixOS in a container: what is declared for it, on top of defaults for a small one.
# `rootHasVersion`: whether the `stateVersion` of the root is one that somebody has set.
{ name, cfg, stateVersion, rootHasVersion }:
{ lib, pkgs, ... }:
let
  inherit (lib) mapAttrs mkDefault mkIf mkMerge;

  place = "tesseraqt.containers.${name}";

  account = user: declared: {
    isNormalUser = mkDefault true;
    extraGroups = declared.groups;
    uid = mkIf (declared.uid != null) declared.uid;
    home = mkIf (declared.home != null) declared.home;
  };
in
{
  imports = import ./modules.nix { inherit lib place; } { inherit (cfg) config modules; } ++ [
    ./desktop-programs.nix
    (import ./kept.nix { inherit name rootHasVersion; })
    ./minimal.nix
    ./user-numbers.nix
    (import ./endpoints.nix {
      party = name;
      inherit (cfg) provides consumes;
    })
  ];

  _module.args.declared = cfg;

  documentation.enable = mkDefault false;
  environment.systemPackages = map (import ./packages.nix { inherit lib pkgs place; }) cfg.packages;
  # Without CAP_NET_ADMIN there is nothing that it could set up.
  networking.firewall.enable = mkDefault (lib.elem "CAP_NET_ADMIN" cfg.hardening.capabilities);
  nix.enable = mkDefault cfg.hardening.nix_daemon;
  security.sudo.enable = mkDefault (!cfg.hardening.no_new_privileges);
  system.stateVersion = mkDefault stateVersion;
  users.users = mapAttrs account cfg.users;
}
