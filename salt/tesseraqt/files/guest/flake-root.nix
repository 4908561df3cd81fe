# SPDX-License-Identifier: MIT
# The NixOS of the root's own flake, as it is, with ours on top of it.
{ name }:
let
  systems = (builtins.getFlake "/etc/nixos").nixosConfigurations or { };
  names = builtins.attrNames systems;
  listed = builtins.concatStringsSep ", " names;
  chosen =
    if name != "auto" then
      name
    else if builtins.length names == 1 then
      builtins.head names
    else
      throw "the flake in /etc/nixos has these configurations, say which one is meant: ${listed}";
  base =
    systems.${chosen}
      or (throw "the flake in /etc/nixos has no configuration ${chosen}, but: ${listed}");
in
base.extendModules { modules = [ ./nixos ]; }
