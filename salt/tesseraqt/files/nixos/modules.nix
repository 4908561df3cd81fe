# SPDX-License-Identifier: MIT
# What a person declares of NixOS itself, as modules: option data, and files that dom0 sent.
{ lib, place }:
{ config ? { }, modules ? [ ], ... }:
let
  patterns = import ./patterns.nix;

  # `services.nginx` is a path in a key of the first level only: deeper ones are names.
  # Below `config`, so that nothing in it can be an import.
  option = key: value:
    lib.setDefaultModuleLocation "${place}.config" {
      config = lib.setAttrByPath (lib.splitString "." key) value;
    };

  # Checked here, for an import comes before any assertion.
  file = name:
    if builtins.match patterns.module name == null then
      throw "${place}.modules: ${name}: a module is a file that dom0 sent"
    else
      ../. + "/${name}";
in
lib.mapAttrsToList option config ++ map file modules
