# SPDX-License-Identifier: MIT
# What a root's own configuration takes back of its containers, as NixOS tells what it refuses;
# refused.nix tells it again where no priority of a module reaches.
{ config, lib, modulesPath, options, pkgs, ... }:
let
  touched = import ./touched.nix { inherit config lib modulesPath options pkgs; };
in
{
  assertions = map (message: { assertion = false; inherit message; }) touched.problems;
  system.checks = touched.checks;
}
