# SPDX-License-Identifier: MIT
# The NixOS in a container: what is declared for it, on top of defaults for a small one.
{ name, cfg, stateVersion }:
{ lib, pkgs, ... }:
let
  inherit (lib) mapAttrs mkDefault mkIf mkMerge;

  tree = ../.;
  find = import ./packages.nix { inherit lib pkgs name; };

  account = user: declared: {
    isNormalUser = mkDefault true;
    extraGroups = declared.groups;
    uid = mkIf (declared.uid != null) declared.uid;
    home = mkIf (declared.home != null) declared.home;
  };

  # `services.nginx` is a path in a key of the first level only: deeper ones are names.
  # Below `config`, so that nothing in it can be an import.
  option = key: value:
    lib.setDefaultModuleLocation "tesseraqt.containers.${name}.config" {
      config = lib.setAttrByPath (lib.splitString "." key) value;
    };
in
{
  imports =
    [ ./programs.nix ]
    ++ lib.mapAttrsToList option cfg.config
    ++ map (module: tree + "/${module}") cfg.modules;

  _module.args.declared = cfg;

  documentation.enable = mkDefault false;
  environment.systemPackages = map find cfg.packages;
  # Without CAP_NET_ADMIN there is nothing that it could set up.
  networking.firewall.enable = mkDefault (lib.elem "CAP_NET_ADMIN" cfg.hardening.capabilities);
  nix.enable = mkDefault cfg.hardening.nix_daemon;
  security.sudo.enable = mkDefault (!cfg.hardening.no_new_privileges);
  system.stateVersion = mkDefault stateVersion;
  users.users = mapAttrs account cfg.users;
}
