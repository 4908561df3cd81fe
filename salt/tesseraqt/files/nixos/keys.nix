# SPDX-License-Identifier: MIT
# For each container a name for all that its system is made from: another name, another
# system. `base` names what is not in this tree: the nixpkgs and the root's configuration.
{ base }:
let
  tree = ../.;
  document = builtins.fromJSON (builtins.readFile (tree + "/system.json"));
  ours = builtins.map (file: builtins.hashFile "sha256" (./. + "/${file}")) [
    "containers.nix"
    "guest.nix"
    "options.nix"
    "packages.nix"
    "programs.nix"
  ];
  key = name: declared:
    builtins.hashString "sha256" (builtins.toJSON {
      inherit base declared name ours;
      theirs = map (file: builtins.hashFile "sha256" (tree + "/${file}")) (declared.modules or [ ]);
    });
  containers = document.containers;
in
builtins.concatStringsSep " " (map (name: "${name}=${key name containers.${name}}") (builtins.attrNames containers))
