# SPDX-License-Identifier: MIT
# For each container a name for all that its system is made from: another name, another
# system. `base` names what is not in this tree: the nixpkgs and the root's configuration.
{ base }:
let
  tree = ../.;
  document = builtins.fromJSON (builtins.readFile (tree + "/system.json"));
  hash = file: builtins.hashFile "sha256" file;
  # Every file of ours, beside this one and beside the document.
  files = directory: builtins.filter (file: builtins.match ".*[.](nix|pl|sh)" file != null) (builtins.attrNames (builtins.readDir directory));
  content = directory: map (file: [ file (hash (directory + "/${file}")) ]) (files directory);
  ours = map content [ ./. tree ];
  theirs = declared: map (file: hash (tree + "/${file}")) (declared.modules or [ ]);
  # What is declared of the qube itself could change its platform, or a container.
  root = document.root or { };
  itself = { config = root.config or { }; modules = theirs root; };
  key = name: declared:
    builtins.hashString "sha256" (builtins.toJSON {
      inherit base declared itself name ours;
      theirs = theirs declared;
    });
  containers = document.containers;
in
builtins.concatStringsSep " " (map (name: "${name}=${key name containers.${name}}") (builtins.attrNames containers))
